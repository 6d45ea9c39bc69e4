//! Reads the hits out of a protobuf answer that comes in pieces.
//!
//! In all of Qdrant's answers to searches the hits stand in fields of known numbers, one inside the other. The scanner
//! follows those and skips the others by their length, so payloads and vectors cost nothing. Its memory does not depend on
//! the message.

use smallvec::SmallVec;

use super::Visit;
use crate::protocol::messages::wire::{FIXED32, FIXED64, LENGTH, VARINT, clamp, is_past, varint};
use crate::protocol::messages::{Malformed, Scan};
use crate::protocol::operations::Hits;

/// The score's number in a hit.
const SCORE: u64 = 3;

/// The numbers of the fields that lead to the hits, the hit's own last; and how many of them lead to a list, all of whose
/// parts belong together.
#[derive(Clone, Copy, Debug)]
struct Path {
    fields: &'static [u64],
    list: usize,
}

fn path(hits: Hits) -> Path {
    match hits {
        Hits::List | Hits::Points => Path { fields: &[1], list: 0 },
        Hits::Lists | Hits::PointsLists => Path { fields: &[1, 1], list: 1 },
        Hits::Groups => Path { fields: &[1, 1, 2], list: 0 },
    }
}

#[derive(Debug)]
enum State {
    Key { value: u64, shift: u32 },
    Varint { shift: u32 },
    Length { field: u64, value: u64, shift: u32 },
    Skip(u64),
    Score { left: u32, bits: u32 },
}

const START: State = State::Key { value: 0, shift: 0 };

/// Reads one message.
#[derive(Debug)]
pub struct Protobuf<V> {
    path: Path,
    state: State,
    at: u64,
    field_start: u64,
    /// Where the hit ends that is open.
    hit_end: Option<u64>,
    /// Where the messages end that are open: the answer, and those on the path inside it.
    ends: SmallVec<[u64; 4]>,
    visitor: V,
}

impl<V: Visit> Protobuf<V> {
    /// Tells `visitor` of the hits, which stand where `hits` says.
    #[must_use]
    pub fn new(hits: Hits, visitor: V) -> Self {
        let (ends, path) = (SmallVec::new(), path(hits));
        let mut scanner = Self { path, state: START, at: 0, field_start: 0, hit_end: None, ends, visitor };
        // The caller knows where the message ends.
        scanner.open(u64::MAX);
        scanner
    }

    /// The visitor, after the last byte.
    ///
    /// # Errors
    /// When the message ended inside a field.
    pub fn finish(mut self) -> Result<V, Malformed> {
        if self.ends.len() > 1 || !self.between_fields() {
            return Err(Malformed::Truncated);
        }
        self.leave();
        Ok(self.visitor)
    }

    fn step(&mut self, byte: u8) -> Result<(), Malformed> {
        match &mut self.state {
            State::Key { value, shift } => {
                if let Some(key) = varint(value, shift, byte)? {
                    self.key(key)?;
                }
            }
            State::Varint { shift } => {
                if is_past(shift, byte)? {
                    self.state = START;
                }
            }
            State::Length { field, value, shift } => {
                let field = *field;
                if let Some(length) = varint(value, shift, byte)? {
                    self.length(field, length)?;
                }
            }
            State::Skip(left) => {
                if *left == 0 {
                    self.state = START;
                }
            }
            State::Score { left, bits } => {
                *bits = (*bits >> 8) | (u32::from(byte) << 24);
                *left -= 1;
                if *left == 0 {
                    self.visitor.score(f64::from(f32::from_bits(*bits)));
                    self.state = START;
                }
            }
        }
        Ok(())
    }

    fn key(&mut self, key: u64) -> Result<(), Malformed> {
        let (field, wire) = (key >> 3, key & 7);
        let in_hit = self.ends.len() > self.path.fields.len();
        self.state = match wire {
            _ if field == 0 => return Err(Malformed::FieldZero),
            VARINT => State::Varint { shift: 0 },
            FIXED64 => State::Skip(8),
            FIXED32 if in_hit && field == SCORE => State::Score { left: 4, bits: 0 },
            FIXED32 => State::Skip(4),
            LENGTH => State::Length { field, value: 0, shift: 0 },
            other => return Err(Malformed::WireType(other)),
        };
        Ok(())
    }

    fn length(&mut self, field: u64, length: u64) -> Result<(), Malformed> {
        let end = self.at.checked_add(length).filter(|end| self.ends.last().is_some_and(|outer| end <= outer));
        let end = end.ok_or(Malformed::Truncated)?;
        let inside = self.ends.len() - 1;
        let leads_on = self.path.fields.get(inside) == Some(&field);
        let is_hit = leads_on && inside + 1 == self.path.fields.len();
        self.state = START;
        if is_hit {
            self.hit_end = Some(end);
        }
        if !leads_on || (is_hit && !self.visitor.hit(self.field_start, self.at)) {
            if length > 0 {
                self.state = State::Skip(length);
            }
        } else {
            self.open(end);
            if is_hit {
                // A score of nothing is not written.
                self.visitor.score(0.0);
            }
        }
        Ok(())
    }

    fn open(&mut self, end: u64) {
        if self.ends.len() == self.path.list {
            self.visitor.list_begins(self.at);
        }
        self.ends.push(end);
    }

    fn between_fields(&self) -> bool {
        matches!(self.state, State::Key { shift: 0, .. })
    }

    /// Messages that end here.
    fn close_ended(&mut self) -> Result<(), Malformed> {
        if self.between_fields() {
            self.field_start = self.at;
            if self.hit_end.is_some_and(|end| end <= self.at) {
                self.hit_end = None;
                self.visitor.hit_ends(self.at);
            }
        }
        while let Some(&end) = self.ends.last()
            && self.at >= end
        {
            if self.at > end || !self.between_fields() {
                return Err(Malformed::Truncated);
            }
            self.leave();
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.ends.pop();
        if self.ends.len() == self.path.list {
            self.visitor.list_ends(self.at);
        }
    }
}

impl<V: Visit> Scan for Protobuf<V> {
    /// The next bytes of the message, and none behind its end.
    fn feed(&mut self, mut bytes: &[u8]) -> Result<(), Malformed> {
        while let Some(&byte) = bytes.first() {
            let taken = match &mut self.state {
                State::Skip(left) => {
                    let taken = clamp(*left, bytes.len());
                    *left -= taken as u64;
                    taken
                }
                _ => 1,
            };
            self.at += taken as u64;
            bytes = &bytes[taken..];
            self.step(byte)?;
            self.close_ended()?;
        }
        Ok(())
    }
}
