//! The message of a gRPC answer, behind its prefix: a flag and a length.

use super::{Protobuf, Visit};
use crate::protocol::messages::{Inflated, NotInflated, PREFIX, Scan};
use crate::protocol::operations::Hits;

/// Why an answer's hits cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the answer is compressed by another coding than gzip")]
    Compressed,
    #[error("the answer is too large")]
    TooLarge,
    #[error("the answer is not one that Qdrant gives")]
    Malformed,
}

impl From<NotInflated> for Unreadable {
    fn from(why: NotInflated) -> Self {
        match why {
            NotInflated::TooLarge => Self::TooLarge,
            NotInflated::Unreadable => Self::Malformed,
        }
    }
}

#[derive(Debug)]
enum State<V: Visit> {
    Prefix { there: usize, bytes: [u8; PREFIX], visitor: V },
    Plain(Protobuf<V>),
    Gzip(Inflated<Protobuf<V>>),
    Unreadable(Unreadable),
}

/// Reads the first message of a gRPC answer; an answer to a search has no other.
#[derive(Debug)]
pub struct Framed<V: Visit> {
    hits: Hits,
    /// What compressed messages are compressed with; if it is something else, they say nothing.
    gzip: bool,
    limit: usize,
    state: State<V>,
    /// How much of the message is still to come.
    left: usize,
}

impl<V: Visit> Framed<V> {
    /// For messages that have at most `limit` bytes when they are inflated.
    #[must_use]
    pub fn new(hits: Hits, gzip: bool, limit: usize, visitor: V) -> Self {
        Self { hits, gzip, limit, state: State::Prefix { there: 0, bytes: [0; PREFIX], visitor }, left: 0 }
    }

    /// The next bytes of the answer.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        if let State::Prefix { there, bytes: prefix, .. } = &mut self.state {
            let taken = bytes.len().min(PREFIX - *there);
            prefix[*there..*there + taken].copy_from_slice(&bytes[..taken]);
            *there += taken;
            bytes = &bytes[taken..];
            if *there == PREFIX {
                self.begin();
            }
        }
        let message = &bytes[..bytes.len().min(self.left)];
        self.left -= message.len();
        let read = match &mut self.state {
            State::Plain(scanner) => scanner.feed(message).map_err(|_| Unreadable::Malformed),
            State::Gzip(inflated) => inflated.feed(message).map_err(Unreadable::from),
            State::Prefix { .. } | State::Unreadable(_) => Ok(()),
        };
        if let Err(why) = read {
            self.state = State::Unreadable(why);
        }
    }

    /// The prefix is whole: the message follows.
    fn begin(&mut self) {
        let before = std::mem::replace(&mut self.state, State::Unreadable(Unreadable::Malformed));
        let State::Prefix { bytes: [flag, length @ ..], visitor, .. } = before else { return };
        self.left = u32::from_be_bytes(length) as usize;
        let scanner = Protobuf::new(self.hits, visitor);
        self.state = match flag {
            0 => State::Plain(scanner),
            1 if self.gzip => State::Gzip(Inflated::new(scanner, self.limit)),
            1 => State::Unreadable(Unreadable::Compressed),
            _ => State::Unreadable(Unreadable::Malformed),
        };
    }

    /// The visitor, after the last byte.
    ///
    /// # Errors
    /// When the message is compressed in an unknown way, too large, not whole, or not protobuf.
    pub fn finish(self) -> Result<V, Unreadable> {
        let scanner = match self.state {
            State::Unreadable(why) => return Err(why),
            State::Plain(scanner) if self.left == 0 => scanner,
            State::Gzip(inflated) if self.left == 0 => inflated.finish()?,
            State::Prefix { .. } | State::Plain(_) | State::Gzip(_) => return Err(Unreadable::Malformed),
        };
        scanner.finish().map_err(|_| Unreadable::Malformed)
    }
}
