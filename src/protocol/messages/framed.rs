//! Takes a gRPC message that arrives in pieces out of its frame, for a scanner.

use super::{Inflated, NotInflated, PREFIX, Scan};

/// Why an answer or a request cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("it is compressed by another coding than gzip")]
    Compressed,
    #[error("it is too large")]
    TooLarge,
    #[error("it is not what Qdrant speaks")]
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
enum State<S: Scan> {
    Prefix { there: usize, bytes: [u8; PREFIX], scanner: S },
    Plain(S),
    Gzip(Inflated<S>),
    Unreadable(Unreadable),
}

/// Reads the first message of a body; unary bodies have no other.
#[derive(Debug)]
pub struct Framed<S: Scan> {
    /// Whether compressed messages are gzip. Other codings cannot be read.
    gzip: bool,
    limit: usize,
    state: State<S>,
    /// How much of the message is missing.
    left: usize,
}

impl<S: Scan> Framed<S> {
    /// For messages of at most `limit` bytes after decompression.
    #[must_use]
    pub fn new(scanner: S, gzip: bool, limit: usize) -> Self {
        Self { gzip, limit, state: State::Prefix { there: 0, bytes: [0; PREFIX], scanner }, left: 0 }
    }

    /// The next bytes of the body.
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

    /// The prefix is complete: the message follows.
    fn begin(&mut self) {
        let before = std::mem::replace(&mut self.state, State::Unreadable(Unreadable::Malformed));
        let State::Prefix { bytes: [flag, length @ ..], scanner, .. } = before else { return };
        self.left = u32::from_be_bytes(length) as usize;
        self.state = match flag {
            0 => State::Plain(scanner),
            1 if self.gzip => State::Gzip(Inflated::new(scanner, self.limit)),
            1 => State::Unreadable(Unreadable::Compressed),
            _ => State::Unreadable(Unreadable::Malformed),
        };
    }

    /// Returns the scanner after the last byte.
    ///
    /// # Errors
    /// When the message is compressed in an unknown way, too large, or incomplete.
    pub fn finish(self) -> Result<S, Unreadable> {
        match self.state {
            State::Unreadable(why) => Err(why),
            State::Plain(scanner) if self.left == 0 => Ok(scanner),
            State::Gzip(inflated) if self.left == 0 => Ok(inflated.finish()?),
            State::Prefix { .. } | State::Plain(_) | State::Gzip(_) => Err(Unreadable::Malformed),
        }
    }
}
