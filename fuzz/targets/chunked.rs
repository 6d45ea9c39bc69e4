//! A body in the chunked transfer coding, as it is read from an upstream.

use bytes::BytesMut;
use pointsman::proxy::parse::{Decoder, Malformed, Step};

use super::pieces;

/// The shortest framing a chunk can have in front: `1`, CR, LF.
const FRAMING: usize = 3;

pub fn chunked(data: &[u8]) {
    let Some((&wanted, wire)) = data.split_first() else { return };
    let whole = decode([wire].into_iter());
    assert_eq!(whole, decode(pieces(wire, wanted)), "the pieces matter");
    if let Ok((content, done)) = whole {
        assert!(content.is_empty() || content.len() + FRAMING <= wire.len(), "{} bytes from {}", content.len(), wire.len());
        assert!(!done || wire.windows(4).any(|end| end == b"\r\n\r\n"), "an end without an end");
    }
}

/// The content, and whether the body has ended.
fn decode<'w>(pieces: impl Iterator<Item = &'w [u8]>) -> Result<(Vec<u8>, bool), Malformed> {
    let mut decoder = Decoder::default();
    let (mut buffer, mut content) = (BytesMut::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.step(&mut buffer)? {
                Step::Content(chunk) => content.extend_from_slice(&chunk),
                Step::NeedMore => break,
                Step::Done => return Ok((content, true)),
            }
        }
    }
    Ok((content, decoder.is_done()))
}
