//! An answer that comes line by line, for as long as it lasts.

use std::time::Duration;

use reqwest::Response;

use super::Failure;

/// No line of ours is longer; what is may be anything.
const LONGEST: usize = 128 << 20;

pub(super) struct Lines {
    response: Response,
    url: String,
    /// What has come of the next lines.
    waiting: Vec<u8>,
}

impl Lines {
    pub(super) fn of(response: Response, url: &str) -> Self {
        Self { response, url: url.to_owned(), waiting: Vec::new() }
    }

    /// The next line, whole; none at the end. May be given up and called again without losing any.
    pub(super) async fn line(&mut self, silence: Duration) -> Result<Option<String>, Failure> {
        let lost = |why: String| Failure::Unreachable { url: self.url.clone(), why };
        let mut looked = 0;
        loop {
            if let Some(at) = self.waiting[looked..].iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.waiting.drain(..=looked + at).collect();
                line.pop();
                return String::from_utf8(line).map(Some).map_err(|_| lost("it sent what is no text".to_owned()));
            }
            looked = self.waiting.len();
            if looked > LONGEST {
                return Err(lost("it sent a line without an end".to_owned()));
            }
            let chunk = tokio::time::timeout(silence, self.response.chunk()).await;
            match chunk.map_err(|_| lost(format!("it said nothing for {} s", silence.as_secs())))? {
                Ok(Some(chunk)) => self.waiting.extend_from_slice(&chunk),
                // A part of a line is none.
                Ok(None) => return Ok(None),
                Err(error) => return Err(lost(format!("the stream broke off: {error}"))),
            }
        }
    }
}
