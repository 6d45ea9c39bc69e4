//! Removes the collection's name from a gRPC message, because the name may contain the user id, and a replay names another
//! collection.
//!
//! Each query of a batch also has a name. It has no effect but is required, so these get a placeholder.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::DecodeError;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field};

/// The field with the collection's name, in every message that has one.
const NAME: u32 = 1;
/// The field with the queries of a batch, which are such messages themselves.
const QUESTIONS: u32 = 2;

/// The placeholder for the collection in a query of a batch.
pub const PLACE: &str = "collection";

/// Why bytes are no message.
#[derive(Debug, thiserror::Error)]
pub enum NoMessage {
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    #[error("a question is longer than its message")]
    Cut,
}

/// `message` less its field 1; the questions of a `batch` name [`PLACE`] instead.
///
/// # Errors
/// When it is no message.
pub fn nameless(mut message: Bytes, batch: bool) -> Result<Bytes, NoMessage> {
    let mut kept = BytesMut::with_capacity(message.len());
    while message.has_remaining() {
        let field = message.clone();
        let (number, kind) = decode_key(&mut message)?;
        if number == QUESTIONS && kind == WireType::LengthDelimited && batch {
            let question = nameless(delimited(&mut message)?, false)?;
            encode_key(number, kind, &mut kept);
            encode_varint((question.len() + 2 + PLACE.len()) as u64, &mut kept);
            encode_key(NAME, kind, &mut kept);
            encode_varint(PLACE.len() as u64, &mut kept);
            kept.put(PLACE.as_bytes());
            kept.put(question);
            continue;
        }
        skip_field(kind, number, &mut message, DecodeContext::default())?;
        if number != NAME {
            kept.put(field.slice(..field.len() - message.len()));
        }
    }
    Ok(kept.freeze())
}

fn delimited(message: &mut Bytes) -> Result<Bytes, NoMessage> {
    let length = usize::try_from(decode_varint(message)?).ok().filter(|length| *length <= message.len());
    let length = length.ok_or(NoMessage::Cut)?;
    Ok(message.split_to(length))
}
