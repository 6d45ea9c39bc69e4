//! A gRPC message in its frame: a flag, the length, the message.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Flag and length.
pub const PREFIX: usize = 5;

/// The first frame of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub compressed: bool,
    pub message: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    #[error("the message is shorter than its length prefix says")]
    Truncated,
    #[error("the message has an unknown flag {0}")]
    Flag(u8),
}

/// The frame prefix of an uncompressed message of this length.
#[must_use]
pub fn prefix(length: u32) -> [u8; PREFIX] {
    let [a, b, c, d] = length.to_be_bytes();
    [0, a, b, c, d]
}

/// The framed uncompressed message that consists of these parts. None if it is too long for gRPC.
#[must_use]
pub fn framed(parts: &[&[u8]]) -> Option<Bytes> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut frame = BytesMut::with_capacity(PREFIX + length);
    frame.put_slice(&prefix(u32::try_from(length).ok()?));
    parts.iter().for_each(|part| frame.put_slice(part));
    Some(frame.freeze())
}

/// Takes the first message out of its frame.
///
/// # Errors
/// When it is incomplete, or its flag is unknown.
pub fn unframed(mut body: Bytes) -> Result<Frame, FrameFault> {
    if body.len() < PREFIX {
        return Err(FrameFault::Truncated);
    }
    let (flag, length) = (body.get_u8(), body.get_u32() as usize);
    if flag > 1 {
        return Err(FrameFault::Flag(flag));
    }
    if body.len() < length {
        return Err(FrameFault::Truncated);
    }
    Ok(Frame { compressed: flag == 1, message: body.split_to(length) })
}

/// The uncompressed message of a body that consists of exactly one.
#[must_use]
pub fn only(body: &Bytes) -> Option<Bytes> {
    let frame = unframed(body.clone()).ok()?;
    (!frame.compressed && frame.message.len() + PREFIX == body.len()).then_some(frame.message)
}
