//! Distinguishes "the collection is gone" from "the point is gone": Qdrant answers both with 404 or NOT_FOUND, and only the
//! text differs.

use std::io::Read;

use bytes::{Bytes, BytesMut};
use flate2::read::GzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use percent_encoding::percent_decode;

use super::body::{AnswerError, Source};
use super::h1::AnswerBody;

/// Qdrant's error bodies are a few hundred bytes.
const MAX_TEXT: usize = 4096;

/// Whether a 404's body says that a collection is missing. Also returns the body, so that it can be relayed.
///
/// # Errors
/// When the upstream breaks off the body.
///
/// Bodies in codings other than gzip cannot be read here. They count as "missing", and a refresh of the table decides.
pub(super) async fn in_rest(mut body: AnswerBody, headers: &HeaderMap) -> Result<(Source, bool), AnswerError> {
    let mut text = BytesMut::new();
    let complete = loop {
        match std::future::poll_fn(|cx| body.poll_chunk(cx)).await {
            Some(Ok(chunk)) => text.extend_from_slice(&chunk),
            Some(Err(error)) => return Err(error),
            None => break true,
        }
        if text.len() > MAX_TEXT {
            break false;
        }
    };
    let text = text.freeze();
    if !complete {
        body.unread(text);
        return Ok((Source::Rest(body), false));
    }
    let missing = plain(&text, headers).is_none_or(|text| says_missing(&text));
    Ok((Source::Full(Some(text).filter(|text| !text.is_empty())), missing))
}

/// Whether the gRPC status message in the headers or trailers says so.
pub(super) fn in_grpc(headers: &HeaderMap) -> bool {
    let message = headers.get("grpc-message").map(|message| percent_decode(message.as_bytes()).decode_utf8_lossy());
    message.is_some_and(|message| says_missing(message.as_bytes()))
}

fn says_missing(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    text.contains("Collection `") && text.contains("doesn't exist")
}

/// The body as text; none if its coding is not known here.
fn plain(body: &Bytes, headers: &HeaderMap) -> Option<Bytes> {
    match headers.get(CONTENT_ENCODING).map(http::HeaderValue::as_bytes) {
        None | Some(b"identity") => Some(body.clone()),
        Some(b"gzip") => {
            let mut plain = Vec::new();
            GzDecoder::new(body.as_ref()).take(MAX_TEXT as u64).read_to_end(&mut plain).ok()?;
            Some(plain.into())
        }
        Some(_) => None,
    }
}
