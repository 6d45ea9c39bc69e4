//! The head of an upstream's answer. The first byte chooses the method it answers: `H` for HEAD, else GET.

use bytes::BytesMut;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Method, StatusCode};
use pointsman::proxy::parse::{AnswerHead, Delimited, answer_head as parse};

use super::pieces;

/// What can be compared of a head, and what is left after it.
type Read = (StatusCode, HeaderMap, Delimited, bool, Vec<u8>);

pub fn answer_head(data: &[u8]) {
    let [method, wanted, wire @ ..] = data else { return };
    let method = if *method == b'H' { Method::HEAD } else { Method::GET };
    let whole = read([wire].into_iter(), &method);
    assert_eq!(whole, read(pieces(wire, *wanted), &method), "the pieces matter");
    let Ok(Some((status, headers, delimited, keep_alive, left))) = whole else { return };
    assert!(wire.ends_with(&left), "the body begins elsewhere");
    assert!(!status.is_informational(), "an interim answer is not the answer");
    assert!(!keep_alive || delimited != Delimited::Close, "kept alive after its end");
    for name in [CONNECTION, TRANSFER_ENCODING] {
        assert!(!headers.contains_key(&name), "`{name}` concerns this connection only");
    }
    assert_one_delimiter(&headers, delimited);
}

/// Whoever reads the answer behind us must see it end where we do.
fn assert_one_delimiter(headers: &HeaderMap, delimited: Delimited) {
    let lengths: Vec<&[u8]> = headers.get_all(CONTENT_LENGTH).iter().map(http::HeaderValue::as_bytes).collect();
    assert!(lengths.len() <= 1, "several lengths: {lengths:?}");
    assert!(lengths.iter().all(|length| length.iter().all(u8::is_ascii_digit)), "no number: {lengths:?}");
    match delimited {
        Delimited::Nothing => {}
        Delimited::Chunked | Delimited::Close => assert!(lengths.is_empty(), "{delimited:?} and a length: {lengths:?}"),
        Delimited::Length(length) => {
            let stated = std::str::from_utf8(lengths[0]).expect("digits").parse::<u64>();
            assert_eq!(stated, Ok(length), "another length than the client is told");
        }
    }
}

fn read<'w>(pieces: impl Iterator<Item = &'w [u8]>, method: &Method) -> Result<Option<Read>, String> {
    let mut buffer = BytesMut::new();
    let mut read = None;
    for piece in pieces {
        buffer.extend_from_slice(piece);
        if read.is_none() {
            read = parse(&mut buffer, method).map_err(|error| error.to_string())?;
        }
    }
    Ok(read.map(|AnswerHead { status, headers, delimited, keep_alive }| (status, headers, delimited, keep_alive, buffer.to_vec())))
}
