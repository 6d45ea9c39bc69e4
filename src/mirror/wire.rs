//! A gRPC message: taken out of its frame, and put into one with another collection's name in it.

use std::io::Read;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use flate2::read::GzDecoder;
use http::HeaderMap;

use crate::live::Question;
use crate::proxy::grpc::parse::{Malformed, Scanner, TooLong, rename};

/// Flag and length.
const PREFIX: usize = 5;

#[derive(Debug, thiserror::Error)]
pub(super) enum WireFault {
    #[error("the message is shorter than its length prefix says")]
    Truncated,
    #[error("the message is compressed in an unknown way")]
    Compressed,
    #[error("the message is too large when it is inflated")]
    TooLarge,
    #[error("the message cannot be inflated: {0}")]
    Broken(std::io::Error),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("the message names no collection")]
    Nameless,
    #[error(transparent)]
    TooLong(#[from] TooLong),
}

/// The first message, uncompressed. `headers` say what it is compressed with, if it is.
pub(super) fn unframed(headers: &HeaderMap, body: &[Bytes], limit: usize) -> Result<Bytes, WireFault> {
    let mut whole = flat(body);
    if whole.len() < PREFIX {
        return Err(WireFault::Truncated);
    }
    let (flag, length) = (whole.get_u8(), whole.get_u32() as usize);
    if whole.len() < length {
        return Err(WireFault::Truncated);
    }
    let message = whole.slice(..length);
    match (flag, headers.get("grpc-encoding")) {
        (0, _) => Ok(message),
        (1, Some(coding)) if coding == "gzip" => inflate(&message, limit),
        _ => Err(WireFault::Compressed),
    }
}

/// What is in a gzip, if it has no more than `limit` bytes.
pub(super) fn inflate(compressed: &[u8], limit: usize) -> Result<Bytes, WireFault> {
    let mut plain = Vec::new();
    GzDecoder::new(compressed).take(limit as u64 + 1).read_to_end(&mut plain).map_err(WireFault::Broken)?;
    if plain.len() > limit { Err(WireFault::TooLarge) } else { Ok(plain.into()) }
}

/// The framed message that asks the collection `name`; as it is where there is no name to put.
pub(super) fn message(question: &Question, name: Option<&str>, limit: usize) -> Result<Bytes, WireFault> {
    let Some(name) = name else { return Ok(flat(&question.body)) };
    let plain = unframed(&question.headers, &question.body, limit)?;
    let mut scanner = Scanner::default();
    scanner.feed(&plain)?;
    scanner.finish()?;
    let found = scanner.found().ok_or(WireFault::Nameless)?;
    let length = u32::try_from(plain.len()).map_err(|_| WireFault::TooLarge)?;
    let mut prefix = BytesMut::with_capacity(PREFIX);
    prefix.put_u8(0);
    prefix.put_u32(length);
    Ok(flat(&rename(&[prefix.freeze(), plain], length, found, name)?))
}

/// In one piece.
pub(super) fn flat(chunks: &[Bytes]) -> Bytes {
    match chunks {
        [only] => only.clone(),
        many => many.concat().into(),
    }
}
