//! The chunked transfer coding of an answer: separates content from framing.
//!
//! Chunk extensions and trailers are read and dropped; a broken coding ends the connection.

use bytes::{Bytes, BytesMut};

/// Qdrant sends no longer size line or trailer.
const MAX_LINE: usize = 4096;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    Data(u64),
    DataEnd,
    Trailers,
    Done,
}

/// The result of one step.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    Content(Bytes),
    NeedMore,
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the chunked body is malformed: {0}")]
pub struct Malformed(&'static str);

#[derive(Debug, Default)]
pub struct Decoder {
    state: State,
}

impl Decoder {
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Consumes what it can from the front of `buffer`.
    ///
    /// # Errors
    /// When the bytes cannot be a chunked body.
    pub fn step(&mut self, buffer: &mut BytesMut) -> Result<Step, Malformed> {
        loop {
            match self.state {
                State::Done => return Ok(Step::Done),
                State::Data(0) => self.state = State::DataEnd,
                State::Data(left) => {
                    if buffer.is_empty() {
                        return Ok(Step::NeedMore);
                    }
                    let take = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
                    self.state = State::Data(left - take as u64);
                    let content = buffer.split_to(take).freeze();
                    self.skip_framing(buffer)?;
                    return Ok(Step::Content(content));
                }
                State::Size | State::DataEnd | State::Trailers => {
                    if !self.line(buffer)? {
                        return Ok(Step::NeedMore);
                    }
                }
            }
        }
    }

    /// Consumes framing that has already arrived, so that the end is known together with the last content.
    fn skip_framing(&mut self, buffer: &mut BytesMut) -> Result<(), Malformed> {
        if self.state == State::Data(0) {
            self.state = State::DataEnd;
        }
        while matches!(self.state, State::Size | State::DataEnd | State::Trailers) && self.line(buffer)? {}
        Ok(())
    }

    /// Consumes one line; false if it is incomplete.
    fn line(&mut self, buffer: &mut BytesMut) -> Result<bool, Malformed> {
        let end = buffer.iter().position(|byte| *byte == b'\n');
        // The same limit for a line that came in one piece: the result must not depend on how the bytes arrive.
        if end.unwrap_or(buffer.len()) > MAX_LINE {
            return Err(Malformed("a line is too long"));
        }
        let Some(end) = end else { return Ok(false) };
        let line = buffer.split_to(end + 1);
        let line = line.strip_suffix(b"\r\n").ok_or(Malformed("a line does not end in CR LF"))?;
        self.state = match self.state {
            State::Size => match size(line)? {
                0 => State::Trailers,
                size => State::Data(size),
            },
            State::DataEnd if line.is_empty() => State::Size,
            State::DataEnd => return Err(Malformed("a chunk is longer than its size")),
            State::Trailers if line.is_empty() => State::Done,
            other => other,
        };
        Ok(true)
    }
}

fn size(line: &[u8]) -> Result<u64, Malformed> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii_end();
    let valid = !digits.is_empty() && digits.len() <= 15 && digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).ok().filter(|_| valid).ok_or(Malformed("a chunk size is not a number"))?;
    u64::from_str_radix(text, 16).map_err(|_| Malformed("a chunk size is not a number"))
}

/// The framing of one chunk of a request: what comes before it and after it.
pub(super) fn frame(length: usize) -> (Bytes, Bytes) {
    (Bytes::from(format!("{length:x}\r\n")), Bytes::from_static(b"\r\n"))
}

/// The end of a chunked request.
pub(super) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";
