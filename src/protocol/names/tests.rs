//! The scanner and the splice compared with prost, which decodes and encodes everything.

use bytes::{BufMut, Bytes, BytesMut};
use proptest::prelude::*;
use prost::Message as _;
use qdrant_client::qdrant;

use super::{Scanner, rename};
use crate::protocol::messages::{Malformed, PREFIX};

fn scan(pieces: &[&[u8]]) -> Result<Scanner, Malformed> {
    let mut scanner = Scanner::default();
    for piece in pieces {
        scanner.feed(piece)?;
    }
    scanner.finish()?;
    Ok(scanner)
}

fn name(scanner: &Scanner) -> Option<String> {
    let found = scanner.found()?;
    Some(String::from_utf8_lossy(found.name.as_ref()?).into_owned())
}

fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).expect("a test's message is short"));
    frame.put_slice(message);
    frame.freeze()
}

/// Splits a frame at the given places, as DATA frames would.
fn split(frame: &Bytes, at: &[usize]) -> Vec<Bytes> {
    let mut cuts: Vec<usize> = at.iter().map(|cut| cut % (frame.len() + 1)).chain([0, frame.len()]).collect();
    cuts.sort_unstable();
    cuts.windows(2).filter(|pair| pair[0] < pair[1]).map(|pair| frame.slice(pair[0]..pair[1])).collect()
}

/// The message after renaming it, with its frame split anywhere.
fn renamed(message: &[u8], at: &[usize], to: &str) -> Vec<u8> {
    let found = scan(&[message]).expect("valid").found().cloned().expect("it has a name");
    let held = split(&framed(message), at);
    let length = u32::try_from(message.len()).expect("short");
    let out: Vec<u8> = rename(&held, length, &found, to).expect("it fits").concat();
    let stated = u32::from_be_bytes([out[1], out[2], out[3], out[4]]) as usize;
    assert_eq!(stated, out.len() - PREFIX, "the prefix states the new length");
    out[PREFIX..].to_vec()
}

/// Checks one message type, which may have no other fields: decode-change-encode and the splice give the same bytes.
macro_rules! same_as_prost {
    ($($message:ident { $field:ident $(, $other:ident : $value:expr)* }),* $(,)?) => {
        /// Every request message of Qdrant's API that names a collection.
        #[expect(clippy::needless_update, reason = "some messages have no other field")]
        fn check_all(from: &str, to: &str, at: &[usize]) {
            $({
                let before = qdrant::$message { $field: from.to_owned(), $($other: $value,)* ..Default::default() };
                let after = qdrant::$message { $field: to.to_owned(), ..before.clone() };
                assert_eq!(renamed(&before.encode_to_vec(), at, to), after.encode_to_vec(), stringify!($message));
            })*
        }
    };
}

fn vector() -> Vec<f32> {
    (0..300_u16).map(|i| f32::from(i) / 7.0).collect()
}

same_as_prost! {
    GetCollectionInfoRequest { collection_name },
    CreateCollection { collection_name, timeout: Some(3) },
    UpdateCollection { collection_name, timeout: Some(3) },
    DeleteCollection { collection_name },
    ListCollectionAliasesRequest { collection_name },
    CollectionClusterInfoRequest { collection_name },
    CollectionExistsRequest { collection_name },
    UpdateCollectionClusterSetupRequest { collection_name, timeout: Some(9) },
    CreateShardKeyRequest { collection_name },
    DeleteShardKeyRequest { collection_name },
    ListShardKeysRequest { collection_name },
    UpsertPoints { collection_name, wait: Some(true), points: vec![qdrant::PointStruct { id: Some(7.into()), vectors: Some(vector().into()), ..Default::default() }] },
    DeletePoints { collection_name, wait: Some(true) },
    GetPoints { collection_name, ids: vec![1.into(), 2.into()] },
    UpdatePointVectors { collection_name },
    DeletePointVectors { collection_name },
    SetPayloadPoints { collection_name, key: Some("a.b".to_owned()) },
    DeletePayloadPoints { collection_name, keys: vec!["k".to_owned()] },
    ClearPayloadPoints { collection_name },
    CreateFieldIndexCollection { collection_name, field_name: "f".to_owned() },
    DeleteFieldIndexCollection { collection_name, field_name: "f".to_owned() },
    CreateVectorNameRequest { collection_name },
    DeleteVectorNameRequest { collection_name },
    ScrollPoints { collection_name, limit: Some(10) },
    CountPoints { collection_name, exact: Some(true) },
    FacetCounts { collection_name, key: "k".to_owned() },
    SearchMatrixPoints { collection_name, sample: Some(5) },
    UpdateBatchPoints { collection_name },
    SearchPoints { collection_name, vector: vector(), limit: 10, vector_name: Some("v".to_owned()) },
    SearchBatchPoints { collection_name, search_points: vec![qdrant::SearchPoints { collection_name: "inner".to_owned(), vector: vector(), ..Default::default() }] },
    SearchPointGroups { collection_name, vector: vector(), group_by: "g".to_owned() },
    RecommendPoints { collection_name, limit: 10 },
    RecommendBatchPoints { collection_name },
    RecommendPointGroups { collection_name, group_by: "g".to_owned() },
    DiscoverPoints { collection_name, limit: 10 },
    DiscoverBatchPoints { collection_name },
    QueryPoints { collection_name, limit: Some(10), query: Some(qdrant::Query::new_nearest(vector())) },
    QueryBatchPoints { collection_name, query_points: vec![qdrant::QueryPoints { collection_name: "inner".to_owned(), ..Default::default() }] },
    QueryPointGroups { collection_name, group_by: "g".to_owned() },
    CreateSnapshotRequest { collection_name },
    ListSnapshotsRequest { collection_name },
    DeleteSnapshotRequest { collection_name, snapshot_name: "s".to_owned() },
}

proptest! {
    #[test]
    fn splicing_equals_decoding_changing_and_encoding(from in "[^\0/]{1,200}", to in "[^\0/]{1,200}", at in prop::collection::vec(any::<usize>(), 0..6)) {
        check_all(&from, &to, &at);
    }

    /// The pieces in which a message arrives make no difference.
    #[test]
    fn pieces_do_not_matter(bytes in prop::collection::vec(any::<u8>(), 0..200), at in prop::collection::vec(any::<usize>(), 0..6)) {
        let whole = scan(&[&bytes]);
        let pieces = split(&Bytes::from(bytes), &at);
        let pieces: Vec<&[u8]> = pieces.iter().map(|piece| &piece[..]).collect();
        match (whole, scan(&pieces)) {
            (Ok(whole), Ok(pieces)) => prop_assert_eq!(whole.found(), pieces.found()),
            (whole, pieces) => prop_assert_eq!(whole.err(), pieces.err()),
        }
    }

    /// If prost accepts a message with a name, the scanner reads the same name.
    #[test]
    fn agrees_with_prost_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let (Ok(decoded), Ok(scanner)) = (qdrant::CountPoints::decode(&bytes[..]), scan(&[&bytes])) {
            prop_assert_eq!(name(&scanner).unwrap_or_default(), decoded.collection_name);
        }
    }

    #[test]
    fn fields_may_stand_in_any_order(first in "[a-z]{1,9}", last in "[a-z]{1,9}", at in prop::collection::vec(any::<usize>(), 0..4)) {
        let other = qdrant::CountPoints { exact: Some(true), ..Default::default() }.encode_to_vec();
        let named = |name: &str| qdrant::CountPoints { collection_name: name.to_owned(), ..Default::default() }.encode_to_vec();
        let message = [named(&first), other.clone(), named(&last), other].concat();
        let scanner = scan(&[&message]).expect("valid");
        prop_assert_eq!(name(&scanner), Some(last));
        prop_assert_eq!(scanner.names(), 2);
        let decoded = qdrant::CountPoints::decode(&renamed(&message, &at, "other")[..]).expect("still valid");
        prop_assert_eq!(decoded.collection_name, "other");
        prop_assert_eq!(decoded.exact, Some(true));
    }
}

#[test]
fn refuses_what_is_no_message() {
    assert_eq!(scan(&[&[0x0b]]).err(), Some(Malformed::WireType(3)));
    assert_eq!(scan(&[&[0x02, 0]]).err(), Some(Malformed::FieldZero));
    assert_eq!(scan(&[&[0x0a, 5, b'a']]).err(), Some(Malformed::Truncated));
    assert_eq!(scan(&[&[0xff; 11]]).err(), Some(Malformed::Varint));
    let endless = [&[0x10][..], &[0xff; 11]].concat();
    assert_eq!(scan(&[&endless]).err(), Some(Malformed::Varint));
}

#[test]
fn a_name_longer_than_any_is_left_alone() {
    let long = qdrant::CountPoints { collection_name: "x".repeat(2000), ..Default::default() }.encode_to_vec();
    let scanner = scan(&[&long]).expect("valid");
    assert_eq!(name(&scanner), None);
    assert_eq!(scanner.found().map(|found| (found.start, found.end)), Some((0, long.len() as u64)));
}
