//! Walks protobuf.

use smallvec::SmallVec;

use super::{Scalar, Walk};
use crate::protocol::messages::wire::{FIXED32, FIXED64, LENGTH, VARINT, clamp, is_past, varint};
use crate::protocol::messages::{Malformed, Scan};

/// The maximum length of a text that is read.
const MAX_TEXT: u64 = 64;

/// A node of the tree: which fields the walker follows.
#[derive(Debug)]
pub enum Node<T: 'static> {
    /// These fields of a message. If they are `all` possible fields, another field is unexpected.
    Message {
        tag: T,
        fields: &'static [(u64, Node<T>)],
        all: bool,
    },
    /// A leaf: the number itself is wanted.
    Varint(T),
    Fixed32(T),
    Text(T),
    /// A leaf: a message, as raw bytes.
    Raw(T),
}

/// An open message on the path.
#[derive(Debug)]
struct Open<T: 'static> {
    node: &'static Node<T>,
    walked: bool,
    end: u64,
}

#[derive(Debug)]
enum State<T: 'static> {
    Key {
        value: u64,
        shift: u32,
    },
    /// In a number that is skipped.
    Varint {
        shift: u32,
    },
    Number {
        tag: T,
        value: u64,
        shift: u32,
    },
    Length {
        node: Option<&'static Node<T>>,
        value: u64,
        shift: u32,
    },
    Skip(u64),
    Fixed32 {
        tag: T,
        left: u32,
        bits: u32,
    },
    Text {
        tag: T,
        left: u64,
        text: SmallVec<[u8; MAX_TEXT as usize]>,
    },
}

/// Walks one message.
#[derive(Debug)]
pub struct Walker<W: Walk> {
    state: State<W::Tag>,
    at: u64,
    field_start: u64,
    /// The open messages; the outermost is the whole input.
    way: SmallVec<[Open<W::Tag>; 8]>,
    walk: W,
}

impl<W: Walk> Walker<W> {
    #[must_use]
    pub fn new(root: &'static Node<W::Tag>, walk: W) -> Self {
        let mut walker = Self { state: start(), at: 0, field_start: 0, way: SmallVec::new(), walk };
        // The caller knows where the message ends.
        walker.open(root, u64::MAX);
        walker
    }

    /// Returns the visitor after the last byte.
    ///
    /// # Errors
    /// When the message ended inside a field.
    pub fn finish(mut self) -> Result<W, Malformed> {
        if self.way.len() > 1 || !self.is_between_fields() {
            return Err(Malformed::Truncated);
        }
        self.leave();
        Ok(self.walk)
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
                    self.state = start();
                }
            }
            State::Number { tag, value, shift } => {
                let tag = *tag;
                if let Some(number) = varint(value, shift, byte)? {
                    self.scalar(tag, Scalar::Varint(number))?;
                }
            }
            State::Length { node, value, shift } => {
                let node = *node;
                if let Some(length) = varint(value, shift, byte)? {
                    self.length(node, length)?;
                }
            }
            State::Fixed32 { tag, left, bits } => {
                *bits = (*bits >> 8) | (u32::from(byte) << 24);
                *left -= 1;
                if *left == 0 {
                    let (tag, bits) = (*tag, *bits);
                    self.scalar(tag, Scalar::Fixed32(bits))?;
                }
            }
            State::Skip(_) | State::Text { .. } => {}
        }
        Ok(())
    }

    fn scalar(&mut self, tag: W::Tag, scalar: Scalar<'_>) -> Result<(), Malformed> {
        self.state = start();
        if self.walk.scalar(tag, scalar) { Ok(()) } else { Err(Malformed::Value) }
    }

    /// The node of a field of the innermost message.
    fn under(&mut self, field: u64) -> Option<&'static Node<W::Tag>> {
        let Some(Open { node: Node::Message { fields, all, .. }, walked: true, .. }) = self.way.last() else { return None };
        let node = fields.iter().find(|(known, _)| *known == field).map(|(_, node)| node);
        if node.is_none() && *all {
            self.walk.unexpected();
        }
        node
    }

    fn key(&mut self, key: u64) -> Result<(), Malformed> {
        let (field, wire) = (key >> 3, key & 7);
        if field == 0 {
            return Err(Malformed::FieldZero);
        }
        let node = self.under(field);
        self.state = match (wire, node) {
            (VARINT, Some(Node::Varint(tag))) => State::Number { tag: *tag, value: 0, shift: 0 },
            (FIXED32, Some(Node::Fixed32(tag))) => State::Fixed32 { tag: *tag, left: 4, bits: 0 },
            (VARINT, _) => State::Varint { shift: 0 },
            (FIXED64, _) => State::Skip(8),
            (FIXED32, _) => State::Skip(4),
            (LENGTH, node) => State::Length { node, value: 0, shift: 0 },
            (other, _) => return Err(Malformed::WireType(other)),
        };
        Ok(())
    }

    fn length(&mut self, node: Option<&'static Node<W::Tag>>, length: u64) -> Result<(), Malformed> {
        let end = self.at.checked_add(length).filter(|end| self.way.last().is_some_and(|outer| *end <= outer.end));
        let end = end.ok_or(Malformed::Truncated)?;
        self.state = start();
        match node {
            Some(node @ (Node::Message { .. } | Node::Raw(_))) => self.open(node, end),
            Some(Node::Text(_)) if length > MAX_TEXT => return Err(Malformed::Value),
            Some(Node::Text(tag)) if length == 0 => self.scalar(*tag, Scalar::Text(&[]))?,
            Some(Node::Text(tag)) => self.state = State::Text { tag: *tag, left: length, text: SmallVec::new() },
            _ if length > 0 => self.state = State::Skip(length),
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, node: &'static Node<W::Tag>, end: u64) {
        let walked = match node {
            Node::Message { tag, .. } => self.walk.enter(*tag, self.field_start, self.at),
            Node::Raw(tag) => {
                self.walk.enter(*tag, self.field_start, self.at);
                false
            }
            Node::Varint(_) | Node::Fixed32(_) | Node::Text(_) => false,
        };
        self.way.push(Open { node, walked, end });
        if !walked && end > self.at {
            self.state = State::Skip(end - self.at);
        }
    }

    fn is_between_fields(&self) -> bool {
        matches!(self.state, State::Key { shift: 0, .. })
    }

    /// Closes the messages that end here.
    fn close_ended(&mut self) -> Result<(), Malformed> {
        if !self.is_between_fields() {
            // Neither a number nor a key may extend beyond its message.
            return if self.way.last().is_some_and(|open| self.at >= open.end) { Err(Malformed::Truncated) } else { Ok(()) };
        }
        self.field_start = self.at;
        while let Some(open) = self.way.last()
            && open.end <= self.at
        {
            if open.end < self.at {
                return Err(Malformed::Truncated);
            }
            self.leave();
        }
        Ok(())
    }

    fn leave(&mut self) {
        if let Some(Open { node: Node::Message { tag, .. } | Node::Raw(tag), .. }) = self.way.pop() {
            self.walk.leave(*tag, self.at, self.at);
        }
    }

    /// Consumes as much of `bytes` as possible in one step.
    fn take(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        let raw = match self.way.last() {
            Some(Open { node: Node::Raw(tag), .. }) => Some(*tag),
            _ => None,
        };
        match &mut self.state {
            State::Skip(left) => {
                let taken = clamp(*left, bytes.len());
                *left -= taken as u64;
                if *left == 0 {
                    self.state = start();
                }
                if let Some(tag) = raw {
                    self.walk.raw(tag, &bytes[..taken]);
                }
                Ok(taken)
            }
            State::Text { tag, left, text } => {
                let taken = clamp(*left, bytes.len());
                *left -= taken as u64;
                text.extend_from_slice(&bytes[..taken]);
                if *left == 0 {
                    let (tag, text) = (*tag, std::mem::take(text));
                    self.scalar(tag, Scalar::Text(&text))?;
                }
                Ok(taken)
            }
            _ => Ok(1),
        }
    }
}

fn start<T>() -> State<T> {
    State::Key { value: 0, shift: 0 }
}

impl<W: Walk> Scan for Walker<W> {
    /// Feeds the next bytes of the message, and none beyond its end.
    fn feed(&mut self, mut bytes: &[u8]) -> Result<(), Malformed> {
        while let Some(&byte) = bytes.first() {
            let at_once = matches!(self.state, State::Skip(_) | State::Text { .. });
            let taken = self.take(bytes)?;
            self.at += taken as u64;
            bytes = &bytes[taken..];
            if !at_once {
                self.step(byte)?;
            }
            self.close_ended()?;
        }
        Ok(())
    }
}
