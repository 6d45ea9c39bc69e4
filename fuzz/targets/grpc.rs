//! A protobuf message: what the scanner finds in it, and what the splice makes of it. prost, which decodes everything,
//! has to agree wherever it takes the message for one of Qdrant's.

use bytes::{BufMut, Bytes};
use pointsman::protocol::messages::Malformed;
use pointsman::protocol::names::{Found, Scanner, rename};
use prost::Message;
use qdrant_client::qdrant::CountPoints;

use super::{piece_length, pieces};

/// The flag and the length in front of a message.
const PREFIX: usize = 5;

pub fn grpc_scan(data: &[u8]) {
    let Some((&wanted, message)) = data.split_first() else { return };
    let whole = scan([message].into_iter());
    match (&whole, &scan(pieces(message, wanted))) {
        (Ok(whole), Ok(pieces)) => assert_eq!((whole.found(), whole.names()), (pieces.found(), pieces.names())),
        (whole, pieces) => assert_eq!(whole.as_ref().err(), pieces.as_ref().err()),
    }
    let Ok(scanner) = whole else { return };
    assert_eq!(scanner.found().is_some(), scanner.names() > 0);
    if let Some(found) = scanner.found() {
        let (start, end) = place(found);
        let field = message.get(start..end).expect("the name stands within the message");
        assert!(found.name.as_ref().is_none_or(|name| field.ends_with(name)), "{found:?} in {field:?}");
    }
    if let Ok(decoded) = CountPoints::decode(message) {
        match scanner.found().map(|found| found.name.as_deref()) {
            Some(Some(name)) => assert_eq!(decoded.collection_name.as_bytes(), name),
            Some(None) => assert!(decoded.collection_name.len() > 255, "`{}` is not too long", decoded.collection_name),
            None => assert_eq!(decoded.collection_name, ""),
        }
    }
}

pub fn grpc_splice(data: &[u8]) {
    let [wanted, name, message @ ..] = data else { return };
    let Ok(scanner) = scan([message].into_iter()) else { return };
    let Some(found) = scanner.found() else { return };
    // 1 to 256 bytes, so that its length takes one byte or two.
    let name = "n".repeat(usize::from(*name) + 1);
    let frame = framed(message);
    let held: Vec<Bytes> = pieces(&frame, *wanted).map(Bytes::copy_from_slice).collect();
    let renamed = spliced(&held, message, found, &name);

    let (start, end) = place(found);
    let changed = &renamed[PREFIX..];
    assert_eq!(renamed, framed(changed), "the prefix is not the message's");
    assert!(changed.starts_with(&message[..start]) && changed.ends_with(&message[end..]), "more changed than the name");
    let again = scan([changed].into_iter()).expect("still a message");
    assert_eq!(again.names(), scanner.names());
    assert_eq!(again.found().and_then(|found| found.name.as_deref()), Some(name.as_bytes()));
    if let Ok(before) = CountPoints::decode(message) {
        let after = CountPoints::decode(changed).expect("prost decodes it still");
        // As bytes: a NaN in a filter does not equal itself.
        assert_eq!(after.encode_to_vec(), CountPoints { collection_name: name.clone(), ..before }.encode_to_vec());
    }

    // Of a long message only a beginning is held; the rest follows as it is.
    let length = piece_length(&frame, *wanted);
    let enough = (PREFIX + end).div_ceil(length);
    let beginning = spliced(&held[..enough], message, found, &name);
    let rest = frame.get(enough * length..).unwrap_or_default();
    assert_eq!([&beginning[..], rest].concat(), renamed, "what is held decides");
}

fn scan<'m>(pieces: impl Iterator<Item = &'m [u8]>) -> Result<Scanner, Malformed> {
    let mut scanner = Scanner::default();
    for piece in pieces {
        scanner.feed(piece)?;
    }
    scanner.finish()?;
    Ok(scanner)
}

fn place(found: &Found) -> (usize, usize) {
    let offset = |offset: u64| usize::try_from(offset).expect("the input is short");
    (offset(found.start), offset(found.end))
}

fn framed(message: &[u8]) -> Vec<u8> {
    let mut frame: Vec<u8> = Vec::with_capacity(PREFIX + message.len());
    frame.put_u8(0);
    frame.put_u32(length(message));
    frame.put_slice(message);
    frame
}

fn spliced(held: &[Bytes], message: &[u8], found: &Found, name: &str) -> Vec<u8> {
    rename(held, length(message), found, name).expect("far from gRPC's limit").concat()
}

fn length(message: &[u8]) -> u32 {
    u32::try_from(message.len()).expect("the input is short")
}
