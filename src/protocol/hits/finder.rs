//! Finds the hits of an answer, in either format.

use super::Visit;
use crate::protocol::operations::Hits;
use crate::protocol::walk::{Scalar, Walk, json, protobuf};

/// The role of a node in the search for hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// A container on the path to the hits.
    Way,
    List,
    Hit,
    Score,
}

/// Reports hits to a visitor while a walker passes them.
#[derive(Debug)]
pub struct Finder<V> {
    visitor: V,
    /// The score to report for a hit without one.
    missing: Option<f64>,
}

impl<V> Finder<V> {
    pub fn into_visitor(self) -> V {
        self.visitor
    }
}

/// Reports the hits of a JSON answer to `visitor`; `hits` says where they are.
#[must_use]
pub fn in_json<V: Visit>(hits: Hits, visitor: V) -> json::Walker<Finder<V>> {
    json::Walker::new(json_way(hits), Finder { visitor, missing: None })
}

/// The same for a protobuf answer.
#[must_use]
pub fn in_message<V: Visit>(hits: Hits, visitor: V) -> protobuf::Walker<Finder<V>> {
    protobuf::Walker::new(message_way(hits), Finder { visitor, missing: Some(0.0) })
}

fn json_way(hits: Hits) -> &'static json::Node<Tag> {
    use json::Node;
    const HIT: Node<Tag> = Node::Object { tag: Tag::Hit, keys: &[("score", Node::Scalar(Tag::Score))], all: false };
    const LIST: Node<Tag> = Node::Array { tag: Tag::List, items: &HIT };
    const POINTS: Node<Tag> = Node::Object { tag: Tag::Way, keys: &[("points", LIST)], all: false };
    const PART: Node<Tag> = Node::Array { tag: Tag::Way, items: &HIT };
    const GROUP: Node<Tag> = Node::Object { tag: Tag::Way, keys: &[("hits", PART)], all: false };
    // The groups count as one list, of which each has a part.
    const GROUPS: Node<Tag> = Node::Array { tag: Tag::List, items: &GROUP };
    match hits {
        Hits::List => &Node::Object { tag: Tag::Way, keys: &[("result", LIST)], all: false },
        Hits::Points => &Node::Object { tag: Tag::Way, keys: &[("result", POINTS)], all: false },
        Hits::Lists => &Node::Object { tag: Tag::Way, keys: &[("result", Node::Array { tag: Tag::Way, items: &LIST })], all: false },
        Hits::PointsLists => {
            &Node::Object { tag: Tag::Way, keys: &[("result", Node::Array { tag: Tag::Way, items: &POINTS })], all: false }
        }
        Hits::Groups => &Node::Object {
            tag: Tag::Way,
            keys: &[("result", Node::Object { tag: Tag::Way, keys: &[("groups", GROUPS)], all: false })],
            all: false,
        },
    }
}

fn message_way(hits: Hits) -> &'static protobuf::Node<Tag> {
    use protobuf::Node;
    const HIT: Node<Tag> = Node::Message { tag: Tag::Hit, fields: &[(3, Node::Fixed32(Tag::Score))], all: false };
    const LIST: Node<Tag> = Node::Message { tag: Tag::List, fields: &[(1, HIT)], all: false };
    const GROUP: Node<Tag> = Node::Message { tag: Tag::Way, fields: &[(2, HIT)], all: false };
    match hits {
        Hits::List | Hits::Points => &LIST,
        Hits::Lists | Hits::PointsLists => &Node::Message { tag: Tag::Way, fields: &[(1, LIST)], all: false },
        Hits::Groups => &Node::Message {
            tag: Tag::List,
            fields: &[(1, Node::Message { tag: Tag::Way, fields: &[(1, GROUP)], all: false })],
            all: false,
        },
    }
}

impl<V: Visit> Walk for Finder<V> {
    type Tag = Tag;

    fn enter(&mut self, tag: Tag, outer: u64, inner: u64) -> bool {
        match tag {
            Tag::List => self.visitor.list_begins(inner),
            Tag::Hit => {
                let wanted = self.visitor.hit(outer, inner);
                if let Some(score) = self.missing.filter(|_| wanted) {
                    self.visitor.score(score);
                }
                return wanted;
            }
            Tag::Way | Tag::Score => {}
        }
        true
    }

    fn leave(&mut self, tag: Tag, inner: u64, outer: u64) {
        match tag {
            Tag::List => self.visitor.list_ends(inner),
            Tag::Hit => self.visitor.hit_ends(inner, outer),
            Tag::Way | Tag::Score => {}
        }
    }

    fn scalar(&mut self, _: Tag, scalar: Scalar<'_>) -> bool {
        let score = match scalar {
            Scalar::Bare(text @ [b'-' | b'0'..=b'9', ..]) => std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()),
            Scalar::Fixed32(bits) => Some(f64::from(f32::from_bits(bits))),
            // A hit may have no score.
            Scalar::Bare(_) | Scalar::Text(_) | Scalar::Varint(_) => return true,
        };
        score.is_some_and(|score| {
            self.visitor.score(score);
            true
        })
    }
}
