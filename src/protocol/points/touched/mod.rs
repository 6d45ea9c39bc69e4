//! Which points a write touches: the ids that it names and the filters that it selects by, read while its body passes.
//!
//! The result may include more than what Qdrant changes (a condition may not hold, a batch may end early), and never less:
//! if that is not certain, it is [`Touched::uncertain`]. Vectors and payloads are skipped, so only ids and filters take
//! memory.

mod json;
mod message;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::PointId;
use crate::protocol::walk::{self, Scalar, Walk};

/// The structure of a write's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// Points, or a batch of their columns.
    Upsert,
    /// Vectors of points.
    Vectors,
    /// Ids or a filter, and a change of those points.
    Selected(Selector),
    /// Several of the others.
    Batch,
}

/// The field of a write's message with its ids or its filter; in JSON it is the same for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    Third,
    Fifth,
}

/// The points of one write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// In the order of the body, with repetitions.
    pub ids: Vec<PointId>,
    /// Filters for further points, in the body's own format.
    pub filters: Vec<Bytes>,
    /// Any other point may be touched as well: the body has something that this version does not know, or exceeds the memory
    /// limit.
    pub uncertain: bool,
}

/// The role of a node in the search for touched points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// A container on the path to ids and filters.
    Way,
    /// A point's id: in JSON a scalar, in protobuf a message with one of the two that follow.
    Id,
    Number,
    Uuid,
    Filter,
}

/// Collects the values that a walker reports.
#[derive(Debug)]
pub struct Collector {
    touched: Touched,
    filter: Vec<u8>,
    /// How many more bytes may be kept.
    room: usize,
    id: Option<PointId>,
}

/// Reads the JSON body of a write, in any pieces, and keeps at most `room` bytes of it.
#[must_use]
pub fn in_json(write: Write, room: usize) -> walk::json::Walker<Collector> {
    walk::json::Walker::new(json::way(write), Collector::new(room))
}

/// The same for a protobuf message.
#[must_use]
pub fn in_message(write: Write, room: usize) -> walk::protobuf::Walker<Collector> {
    walk::protobuf::Walker::new(message::way(write), Collector::new(room))
}

impl Collector {
    fn new(room: usize) -> Self {
        Self { touched: Touched::default(), filter: Vec::new(), room, id: None }
    }

    #[must_use]
    pub fn touched(self) -> Touched {
        self.touched
    }

    /// Reserves room for this many more bytes.
    fn takes(&mut self, bytes: usize) -> bool {
        let left = self.room.checked_sub(bytes);
        self.touched.uncertain |= left.is_none();
        self.room = left.unwrap_or(0);
        left.is_some()
    }

    fn note(&mut self, id: PointId) {
        if self.takes(size_of::<PointId>()) {
            self.touched.ids.push(id);
        }
    }
}

impl Walk for Collector {
    type Tag = Tag;

    fn enter(&mut self, tag: Tag, _outer: u64, _inner: u64) -> bool {
        match tag {
            Tag::Filter => self.filter.clear(),
            Tag::Id => self.id = None,
            Tag::Way | Tag::Number | Tag::Uuid => {}
        }
        true
    }

    fn leave(&mut self, tag: Tag, _inner: u64, _outer: u64) {
        match tag {
            Tag::Filter => {
                let filter = std::mem::take(&mut self.filter);
                self.touched.filters.push(filter.into());
            }
            Tag::Id => {
                if let Some(id) = self.id.take() {
                    self.note(id);
                }
            }
            Tag::Way | Tag::Number | Tag::Uuid => {}
        }
    }

    fn scalar(&mut self, tag: Tag, scalar: Scalar<'_>) -> bool {
        let id = match scalar {
            Scalar::Varint(number) => Some(PointId::Number(number)),
            Scalar::Bare(digits) => text(digits).and_then(|digits| digits.parse().ok()).map(PointId::Number),
            Scalar::Text(uuid) => text(uuid).and_then(|uuid| uuid.parse().ok()).map(PointId::Uuid),
            Scalar::Fixed32(_) => None,
        };
        match (tag, id) {
            (Tag::Id, Some(id)) => self.note(id),
            // The last field of an id counts.
            (Tag::Number | Tag::Uuid, Some(id)) => self.id = Some(id),
            (_, None) => self.touched.uncertain = true,
            (Tag::Way | Tag::Filter, Some(_)) => {}
        }
        true
    }

    fn raw(&mut self, _tag: Tag, piece: &[u8]) {
        if self.takes(piece.len()) {
            self.filter.extend_from_slice(piece);
        }
    }

    fn unexpected(&mut self) {
        self.touched.uncertain = true;
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
