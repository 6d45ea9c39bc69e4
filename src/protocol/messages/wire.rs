//! Protobuf's wire format, byte by byte, for the scanners of requests and answers.

const MAX_VARINT_SHIFT: u32 = 63;

pub(in crate::protocol) const VARINT: u64 = 0;
pub(in crate::protocol) const FIXED64: u64 = 1;
pub(in crate::protocol) const LENGTH: u64 = 2;
pub(in crate::protocol) const FIXED32: u64 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("a number in the message is too long")]
    Varint,
    #[error("the message has a field of unknown type {0}")]
    WireType(u64),
    #[error("the message has a field numbered 0")]
    FieldZero,
    #[error("the message ends inside a field")]
    Truncated,
    #[error("the message has a value that means nothing")]
    Value,
}

/// Adds one byte to a number. Returns the number when it is complete.
pub(in crate::protocol) fn varint(value: &mut u64, shift: &mut u32, byte: u8) -> Result<Option<u64>, Malformed> {
    if *shift > MAX_VARINT_SHIFT {
        return Err(Malformed::Varint);
    }
    *value |= u64::from(byte & 0x7f) << *shift;
    *shift += 7;
    Ok((byte & 0x80 == 0).then_some(*value))
}

/// Skips one byte of a number. Returns whether it was the last.
pub(in crate::protocol) fn is_past(shift: &mut u32, byte: u8) -> Result<bool, Malformed> {
    if byte & 0x80 == 0 {
        return Ok(true);
    }
    *shift += 7;
    if *shift > MAX_VARINT_SHIFT { Err(Malformed::Varint) } else { Ok(false) }
}

pub(in crate::protocol) fn clamp(wanted: u64, there: usize) -> usize {
    usize::try_from(wanted).unwrap_or(usize::MAX).min(there)
}
