//! The JSON bodies of REST writes.

use super::{Tag, Write};
use crate::protocol::walk::json::Node;

const IDS: Node<Tag> = Node::Array { tag: Tag::Way, items: &Node::Scalar(Tag::Id) };
const POINT: Node<Tag> = Node::Object { tag: Tag::Way, keys: &[("id", Node::Scalar(Tag::Id))], all: false };
const POINTS: Node<Tag> = Node::Array { tag: Tag::Way, items: &POINT };
const COLUMNS: Node<Tag> = Node::Object { tag: Tag::Way, keys: &[("ids", IDS)], all: false };
const UPSERT: Node<Tag> = Node::Object { tag: Tag::Way, keys: &[("points", POINTS), ("batch", COLUMNS)], all: false };
const VECTORS: Node<Tag> = Node::Object { tag: Tag::Way, keys: &[("points", POINTS)], all: false };
const SELECTED: Node<Tag> = Node::Object { tag: Tag::Way, keys: &[("points", IDS), ("filter", Node::Raw(Tag::Filter))], all: false };
const OPERATION: Node<Tag> = Node::Object {
    tag: Tag::Way,
    keys: &[
        ("upsert", UPSERT),
        ("delete", SELECTED),
        ("set_payload", SELECTED),
        ("overwrite_payload", SELECTED),
        ("delete_payload", SELECTED),
        ("clear_payload", SELECTED),
        ("update_vectors", VECTORS),
        ("delete_vectors", SELECTED),
    ],
    // An operation that this version does not know may touch anything.
    all: true,
};

pub(super) fn way(write: Write) -> &'static Node<Tag> {
    match write {
        Write::Upsert => &UPSERT,
        Write::Vectors => &VECTORS,
        Write::Selected(_) => &SELECTED,
        Write::Batch => {
            &Node::Object { tag: Tag::Way, keys: &[("operations", Node::Array { tag: Tag::Way, items: &OPERATION })], all: false }
        }
    }
}
