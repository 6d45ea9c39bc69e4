//! The messages of gRPC writes.

use super::{Selector, Tag, Write};
use crate::protocol::walk::protobuf::Node;

const fn message(fields: &'static [(u64, Node<Tag>)]) -> Node<Tag> {
    Node::Message { tag: Tag::Way, fields, all: false }
}

const ID: Node<Tag> = Node::Message { tag: Tag::Id, fields: &[(1, Node::Varint(Tag::Number)), (2, Node::Text(Tag::Uuid))], all: true };
/// A `PointStruct`, or the `PointVectors` of one.
const POINT: Node<Tag> = message(&[(1, ID)]);
const IDS: Node<Tag> = message(&[(1, ID)]);
/// A `PointsSelector`. Qdrant may add another way to select.
const SELECTOR: Node<Tag> = Node::Message { tag: Tag::Way, fields: &[(1, IDS), (2, Node::Raw(Tag::Filter))], all: true };
/// The points of an upsert or of vectors within a batch.
const LISTED: Node<Tag> = message(&[(1, POINT)]);
const FIRST: Node<Tag> = message(&[(1, SELECTOR)]);
const SECOND: Node<Tag> = message(&[(2, SELECTOR)]);
/// A `PointsUpdateOperation`.
const OPERATION: Node<Tag> = Node::Message {
    tag: Tag::Way,
    fields: &[
        (1, LISTED),   // upsert
        (2, SELECTOR), // delete, as it was once written
        (3, SECOND),   // set_payload
        (4, SECOND),   // overwrite_payload
        (5, SECOND),   // delete_payload
        (6, SELECTOR), // clear_payload, as it was once written
        (7, LISTED),   // update_vectors
        (8, FIRST),    // delete_vectors
        (9, FIRST),    // delete_points
        (10, FIRST),   // clear_payload
    ],
    // An operation that this version does not know may touch anything.
    all: true,
};

pub(super) fn way(write: Write) -> &'static Node<Tag> {
    const POINTS: Node<Tag> = message(&[(3, POINT)]);
    const THIRD: Node<Tag> = message(&[(3, SELECTOR)]);
    const FIFTH: Node<Tag> = message(&[(5, SELECTOR)]);
    const BATCH: Node<Tag> = message(&[(3, OPERATION)]);
    match write {
        Write::Upsert | Write::Vectors => &POINTS,
        Write::Selected(Selector::Third) => &THIRD,
        Write::Selected(Selector::Fifth) => &FIFTH,
        Write::Batch => &BATCH,
    }
}
