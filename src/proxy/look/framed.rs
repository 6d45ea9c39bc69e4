//! The message of a gRPC answer, behind its prefix: a flag and a length.

use super::Blind;
use super::gzip::{Inflated, Scan};
use super::protobuf::Protobuf;
use crate::metrics::Finding;
use crate::proxy::classify::Hits;
use crate::proxy::grpc::PREFIX;

#[derive(Debug)]
enum State {
    Prefix { there: usize, bytes: [u8; PREFIX] },
    Plain(Protobuf),
    Gzip(Inflated<Protobuf>),
    Blind(Blind),
}

/// Looks at the first message; an answer to a search has no other.
#[derive(Debug)]
pub struct Framed {
    hits: Hits,
    /// What compressed messages are compressed with; if it is something else, they say nothing.
    gzip: bool,
    limit: usize,
    state: State,
    /// How much of the message is still to come.
    left: usize,
}

impl Framed {
    /// For messages that have at most `limit` bytes when they are inflated.
    #[must_use]
    pub fn new(hits: Hits, gzip: bool, limit: usize) -> Self {
        Self { hits, gzip, limit, state: State::Prefix { there: 0, bytes: [0; PREFIX] }, left: 0 }
    }

    /// The next bytes of the answer.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        if let State::Prefix { there, bytes: prefix } = &mut self.state {
            let taken = bytes.len().min(PREFIX - *there);
            prefix[*there..*there + taken].copy_from_slice(&bytes[..taken]);
            *there += taken;
            bytes = &bytes[taken..];
            if *there == PREFIX {
                let [flag, length @ ..] = *prefix;
                self.begin(flag, u32::from_be_bytes(length));
            }
        }
        let message = &bytes[..bytes.len().min(self.left)];
        self.left -= message.len();
        let read = match &mut self.state {
            State::Plain(scanner) => scanner.feed(message).map_err(|_| Blind::Unreadable),
            State::Gzip(inflated) => inflated.feed(message),
            State::Prefix { .. } | State::Blind(_) => Ok(()),
        };
        if let Err(why) = read {
            self.state = State::Blind(why);
        }
    }

    fn begin(&mut self, flag: u8, length: u32) {
        self.left = length as usize;
        let scanner = Protobuf::new(self.hits);
        self.state = match flag {
            0 => State::Plain(scanner),
            1 if self.gzip => State::Gzip(Inflated::new(scanner, self.limit)),
            1 => State::Blind(Blind::Compressed),
            _ => State::Blind(Blind::Unreadable),
        };
    }

    /// # Errors
    /// When the message is compressed in an unknown way, too large, not whole, or not protobuf.
    pub fn finish(self) -> Result<Finding, Blind> {
        let scanner = match self.state {
            State::Blind(why) => return Err(why),
            State::Plain(scanner) if self.left == 0 => scanner,
            State::Gzip(inflated) if self.left == 0 => inflated.finish()?,
            State::Prefix { .. } | State::Plain(_) | State::Gzip(_) => return Err(Blind::Unreadable),
        };
        scanner.finish().map_err(|_| Blind::Unreadable)
    }
}
