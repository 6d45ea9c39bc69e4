//! Bodies of queries and answers: takes a message out of its frame, decompresses gzip, and replaces the collection's name.

use bytes::Bytes;
use http::HeaderMap;

use crate::live::Question;
use crate::protocol::messages::{self, FrameFault, Inflate, Malformed};
use crate::protocol::names::{Scanner, TooLong, renamed};

#[derive(Debug, thiserror::Error)]
pub(super) enum WireFault {
    #[error(transparent)]
    Frame(#[from] FrameFault),
    #[error("the message is compressed in an unknown way")]
    Compressed,
    #[error(transparent)]
    Inflate(#[from] Inflate),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("the message names no collection")]
    Nameless,
    #[error(transparent)]
    TooLong(#[from] TooLong),
}

/// The first message of a body, uncompressed. `headers` name the compression, if there is one.
pub(super) fn unframed(headers: &HeaderMap, body: &[Bytes], limit: usize) -> Result<Bytes, WireFault> {
    let frame = messages::unframed(flat(body))?;
    match headers.get("grpc-encoding") {
        _ if !frame.compressed => Ok(frame.message),
        Some(coding) if coding == "gzip" => Ok(inflate(&[frame.message], limit)?),
        _ => Err(WireFault::Compressed),
    }
}

/// The framed message for the collection `name`; unchanged if there is no name to replace.
pub(super) fn message(question: &Question, name: Option<&str>, limit: usize) -> Result<Bytes, WireFault> {
    let Some(name) = name else { return Ok(flat(&question.body)) };
    let plain = unframed(&question.headers, &question.body, limit)?;
    let scanner = Scanner::whole(&plain)?;
    let found = scanner.found().ok_or(WireFault::Nameless)?;
    Ok(flat(&renamed(plain, found, name)?))
}

/// Decompresses gzip. The number of concurrent queries bounds how much the mirror decompresses at a time.
pub(super) fn inflate(compressed: &[Bytes], limit: usize) -> Result<Bytes, Inflate> {
    messages::inflate(compressed, limit, |_| true)
}

/// In one piece.
pub(super) fn flat(chunks: &[Bytes]) -> Bytes {
    match chunks {
        [only] => only.clone(),
        many => many.concat().into(),
    }
}
