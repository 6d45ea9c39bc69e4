//! Detects the user id in a query: compares all its values, of any type, with the id.
//!
//! A text that contains a longer id counts as well. A short id occurs in any text by chance, so only whole values count. In
//! doubt the query counts as containing the id: it is then withheld, and only a sample is lost.

use bytes::Buf;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use serde_json::Value;

/// Shorter ids are matched against whole values only.
const TELLING: usize = 4;
/// The maximum nesting. Qdrant's filters nest conditions; no message of its API is deeper than this.
const DEPTH: usize = 32;

/// A user id, as text and as the number that it may represent.
pub(super) struct Unit<'u> {
    text: &'u [u8],
    number: Option<f64>,
}

impl<'u> Unit<'u> {
    pub(super) fn new(text: &'u [u8]) -> Self {
        let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).filter(|number: &f64| number.is_finite());
        Self { text, number }
    }

    pub(super) fn is_in_text(&self, text: &[u8]) -> bool {
        let inside = || self.text.len() >= TELLING && text.windows(self.text.len()).any(|window| window == self.text);
        text == self.text || inside()
    }

    fn is_number(&self, number: f64) -> bool {
        self.number == Some(number)
    }

    /// Integers of more than 53 bits are compared digit by digit.
    fn is_integer(&self, number: u64) -> bool {
        self.text == number.to_string().as_bytes() || self.text == number.cast_signed().to_string().as_bytes()
    }

    /// Whether a value, a field name, or anything inside contains it.
    pub(super) fn is_in_json(&self, value: &Value) -> bool {
        match value {
            Value::Null | Value::Bool(_) => false,
            Value::Number(number) => {
                number.to_string().as_bytes() == self.text || number.as_f64().is_some_and(|number| self.is_number(number))
            }
            Value::String(text) => self.is_in_text(text.as_bytes()),
            Value::Array(items) => items.iter().any(|item| self.is_in_json(item)),
            Value::Object(fields) => fields.iter().any(|(name, field)| self.is_in_text(name.as_bytes()) || self.is_in_json(field)),
        }
    }

    /// A protobuf message of unknown type: every field is read as each type that it may have.
    pub(super) fn is_in_message(&self, message: &[u8]) -> bool {
        self.is_in_text(message) || self.walk(message, DEPTH) == Some(true)
    }

    /// None if it is not a valid message.
    fn walk(&self, mut message: &[u8], depth: usize) -> Option<bool> {
        let mut found = false;
        while message.has_remaining() {
            let (number, kind) = decode_key(&mut message).ok()?;
            found |= match kind {
                WireType::Varint => self.is_integer(decode_varint(&mut message).ok()?),
                WireType::SixtyFourBit => {
                    let bits = message.try_get_u64_le().ok()?;
                    self.is_number(f64::from_bits(bits)) || self.is_integer(bits)
                }
                WireType::ThirtyTwoBit => {
                    let bits = message.try_get_u32_le().ok()?;
                    self.is_number(f64::from(f32::from_bits(bits))) || self.is_integer(bits.into())
                }
                WireType::LengthDelimited => {
                    let length = usize::try_from(decode_varint(&mut message).ok()?).ok()?;
                    let field = message.split_at_checked(length)?;
                    message = field.1;
                    field.0 == self.text || (depth > 0 && self.walk(field.0, depth - 1) == Some(true))
                }
                WireType::StartGroup | WireType::EndGroup => {
                    skip_field(kind, number, &mut message, DecodeContext::default()).ok()?;
                    false
                }
            };
        }
        Some(found)
    }
}
