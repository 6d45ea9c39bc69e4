//! Reads the collection's name out of a protobuf message without decoding the rest.
//!
//! In every request of Qdrant's API that names a collection, the name is field 1 of the message. The scanner walks the
//! top-level fields, in any pieces the bytes arrive in, skips the others, and remembers the last field 1: in proto3 the last
//! one wins. Its memory does not depend on the message.

use smallvec::SmallVec;

use crate::protocol::messages::Malformed;
use crate::protocol::messages::wire::{FIXED32, FIXED64, LENGTH, VARINT, clamp, is_past, varint};

/// No collection has a longer name; Qdrant refuses longer ones.
const MAX_NAME: u64 = 1024;

/// A field 1: its position in the message, tag included, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub start: u64,
    pub end: u64,
    /// None if it is longer than any name.
    pub name: Option<SmallVec<[u8; 64]>>,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Key { value: u64, shift: u32 },
    Varint { shift: u32 },
    Length { field: u64, value: u64, shift: u32 },
    Skip(u64),
    Name { left: u64, text: SmallVec<[u8; 64]> },
}

const START: State = State::Key { value: 0, shift: 0 };

#[derive(Debug)]
pub struct Scanner {
    state: State,
    at: u64,
    field_start: u64,
    found: Option<Found>,
    names: u32,
}

impl Default for Scanner {
    fn default() -> Self {
        Self { state: START, at: 0, field_start: 0, found: None, names: 0 }
    }
}

impl Scanner {
    /// Scans a whole message.
    ///
    /// # Errors
    /// When it is not a valid message.
    pub fn whole(message: &[u8]) -> Result<Self, Malformed> {
        let mut scanner = Self::default();
        scanner.feed(message)?;
        scanner.finish()?;
        Ok(scanner)
    }

    /// Feeds the next bytes of the message.
    ///
    /// # Errors
    /// When they cannot be part of a protobuf message.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<(), Malformed> {
        while let Some(&byte) = bytes.first() {
            match &mut self.state {
                State::Skip(left) => {
                    let take = clamp(*left, bytes.len());
                    *left -= take as u64;
                    let done = *left == 0;
                    bytes = self.advance(bytes, take);
                    if done {
                        self.next_field();
                    }
                }
                State::Name { left, text } => {
                    let take = clamp(*left, bytes.len());
                    *left -= take as u64;
                    text.extend_from_slice(&bytes[..take]);
                    let done = *left == 0;
                    bytes = self.advance(bytes, take);
                    if done {
                        self.name_done();
                    }
                }
                _ => {
                    bytes = self.advance(bytes, 1);
                    self.step(byte)?;
                }
            }
        }
        Ok(())
    }

    /// # Errors
    /// When the message ended inside a field.
    pub fn finish(&self) -> Result<(), Malformed> {
        if self.state == START { Ok(()) } else { Err(Malformed::Truncated) }
    }

    /// The last name seen so far.
    #[must_use]
    pub fn found(&self) -> Option<&Found> {
        self.found.as_ref()
    }

    /// How many times field 1 was seen.
    #[must_use]
    pub fn names(&self) -> u32 {
        self.names
    }

    fn advance<'b>(&mut self, bytes: &'b [u8], by: usize) -> &'b [u8] {
        self.at += by as u64;
        &bytes[by..]
    }

    /// Handles one byte of a number.
    fn step(&mut self, byte: u8) -> Result<(), Malformed> {
        match &mut self.state {
            State::Key { value, shift } => {
                if let Some(key) = varint(value, shift, byte)? {
                    self.key(key)?;
                }
            }
            State::Varint { shift } => {
                if is_past(shift, byte)? {
                    self.next_field();
                }
            }
            State::Length { field, value, shift } => {
                let field = *field;
                if let Some(length) = varint(value, shift, byte)? {
                    self.length(field, length);
                }
            }
            State::Skip(_) | State::Name { .. } => {}
        }
        Ok(())
    }

    fn key(&mut self, key: u64) -> Result<(), Malformed> {
        let (field, wire) = (key >> 3, key & 7);
        if field == 0 {
            return Err(Malformed::FieldZero);
        }
        self.state = match wire {
            VARINT => State::Varint { shift: 0 },
            FIXED64 => State::Skip(8),
            FIXED32 => State::Skip(4),
            LENGTH => State::Length { field, value: 0, shift: 0 },
            other => return Err(Malformed::WireType(other)),
        };
        Ok(())
    }

    fn length(&mut self, field: u64, length: u64) {
        if field == 1 {
            self.names += 1;
            if length > MAX_NAME {
                self.found = Some(Found { start: self.field_start, end: self.at.saturating_add(length), name: None });
            }
        }
        self.state = match (field, length) {
            (1, 0..=MAX_NAME) => State::Name { left: length, text: SmallVec::new() },
            _ => State::Skip(length),
        };
        if length == 0 {
            self.name_done();
        }
    }

    /// A length-delimited field is complete; if it was a name, it replaces the one before.
    fn name_done(&mut self) {
        if let State::Name { text, .. } = std::mem::replace(&mut self.state, START) {
            self.found = Some(Found { start: self.field_start, end: self.at, name: Some(text) });
        }
        self.next_field();
    }

    fn next_field(&mut self) {
        self.state = START;
        self.field_start = self.at;
    }
}
