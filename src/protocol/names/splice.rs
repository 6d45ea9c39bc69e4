//! Replaces the name in a message: only that field changes, and the length in the frame.

use bytes::{BufMut, Bytes, BytesMut};

use super::scan::Found;
use crate::protocol::messages::{PREFIX, prefix};

/// Field 1, length-delimited.
const NAME_KEY: u8 = 0x0a;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message would become longer than gRPC allows")]
pub struct TooLong;

/// The chunks that replace `held`, which begins with an uncompressed message of `length` bytes that has its name at `found`.
/// The unread rest of the message follows unchanged.
///
/// # Errors
/// When the message's length no longer fits its prefix.
pub fn rename(held: &[Bytes], length: u32, found: &Found, name: &str) -> Result<Vec<Bytes>, TooLong> {
    let field = field(name);
    let old = found.end - found.start;
    let renamed = u64::from(length) - old + field.len() as u64;
    let renamed = u32::try_from(renamed).map_err(|_| TooLong)?;
    let before = PREFIX as u64 + found.start;
    let mut front = BytesMut::with_capacity(usize::try_from(before).unwrap_or(PREFIX) + field.len());
    front.put_slice(&prefix(renamed));
    for piece in between(held, PREFIX as u64, before) {
        front.put_slice(&piece);
    }
    front.put_slice(&field);
    let mut chunks = vec![front.freeze()];
    chunks.extend(between(held, PREFIX as u64 + found.end, u64::MAX));
    Ok(chunks)
}

/// The same for a whole message without a frame.
///
/// # Errors
/// When the message's length does not fit a prefix.
pub fn renamed(message: Bytes, found: &Found, name: &str) -> Result<Vec<Bytes>, TooLong> {
    let length = u32::try_from(message.len()).map_err(|_| TooLong)?;
    rename(&[Bytes::from_static(&[0; PREFIX]), message], length, found, name)
}

fn field(name: &str) -> BytesMut {
    let mut field = BytesMut::with_capacity(name.len() + 6);
    field.put_u8(NAME_KEY);
    let mut left = name.len();
    while left >= 0x80 {
        #[expect(clippy::cast_possible_truncation, reason = "masked to seven bits")]
        field.put_u8((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    #[expect(clippy::cast_possible_truncation, reason = "below 0x80")]
    field.put_u8(left as u8);
    field.put_slice(name.as_bytes());
    field
}

/// The bytes `from..to` of a sequence of chunks, as slices.
fn between(chunks: &[Bytes], from: u64, to: u64) -> impl Iterator<Item = Bytes> {
    let mut at = 0_u64;
    chunks.iter().filter_map(move |chunk| {
        let (start, end) = (at, at + chunk.len() as u64);
        at = end;
        let (low, high) = (from.max(start), to.min(end));
        let inside = |offset: u64| usize::try_from(offset - start).unwrap_or(usize::MAX);
        (low < high).then(|| chunk.slice(inside(low)..inside(high)))
    })
}
