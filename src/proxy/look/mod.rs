//! A bounded look at the answers of searches: how many hits, and how good the best one is.
//!
//! For guards that ask about answers rather than about their delivery. A [`Look`] is begun for a sampled share of the answers
//! of aliases where somebody asks ([`super::observe`]), is shown every piece of the answer on its way to the client, and ends
//! with the last one. Invariants: the bytes go on untouched and at once, whatever is found; memory does not depend on the
//! answer, and work ends at `answers.max_bytes` (I9); what cannot be read is counted, not guessed.

mod framed;
mod gzip;
mod json;
mod protobuf;
mod tally;
#[cfg(test)]
mod tests;

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderName};

pub use self::framed::Framed;
use self::gzip::Inflated;
pub use self::json::Json;
use super::classify::Hits;
use crate::metrics::{Finding, Protocol, WorkerEvent};

/// Why nothing can be said about an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blind {
    /// By another coding than gzip.
    Compressed,
    TooLarge,
    /// Not what Qdrant answers.
    Unreadable,
}

impl Blind {
    pub(super) fn event(self) -> WorkerEvent {
        match self {
            Self::Compressed => WorkerEvent::AnswerCompressed,
            Self::TooLarge => WorkerEvent::AnswerTooLarge,
            Self::Unreadable => WorkerEvent::AnswerUnreadable,
        }
    }
}

#[derive(Debug)]
enum Scanner {
    Rest(Json),
    Gzip(Inflated<Json>),
    Grpc(Framed),
    Blind(Blind),
}

/// One answer under observation.
#[derive(Debug)]
pub(super) struct Look {
    scanner: Scanner,
    /// How many more bytes are looked at.
    left: usize,
}

impl Look {
    /// At an answer with these headers, whose hits stand where `hits` says.
    pub(super) fn begin(hits: Hits, protocol: Protocol, headers: &HeaderMap, limit: usize) -> Self {
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let scanner = match protocol {
            _ if length.is_some_and(|length| length > limit) => Scanner::Blind(Blind::TooLarge),
            Protocol::Rest => match headers.get(CONTENT_ENCODING) {
                None => Scanner::Rest(Json::new(hits)),
                Some(coding) if coding == "gzip" => Scanner::Gzip(Inflated::new(Json::new(hits), limit)),
                Some(_) => Scanner::Blind(Blind::Compressed),
            },
            Protocol::Grpc => {
                let gzip = headers.get(HeaderName::from_static("grpc-encoding")).is_some_and(|coding| coding == "gzip");
                Scanner::Grpc(Framed::new(hits, gzip, limit))
            }
        };
        Self { scanner, left: limit }
    }

    /// The next bytes of the answer.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if matches!(self.scanner, Scanner::Blind(_)) {
            return;
        }
        match self.left.checked_sub(bytes.len()) {
            Some(left) => self.left = left,
            None => self.scanner = Scanner::Blind(Blind::TooLarge),
        }
        match &mut self.scanner {
            Scanner::Rest(json) => json.scan(bytes),
            Scanner::Gzip(inflated) => {
                if let Err(why) = inflated.feed(bytes) {
                    self.scanner = Scanner::Blind(why);
                }
            }
            Scanner::Grpc(framed) => framed.feed(bytes),
            Scanner::Blind(_) => {}
        }
    }

    /// After the last byte.
    pub(super) fn finish(self) -> Result<Finding, Blind> {
        match self.scanner {
            Scanner::Rest(json) => json.finish(),
            Scanner::Gzip(inflated) => inflated.finish()?.finish(),
            Scanner::Grpc(framed) => framed.finish(),
            Scanner::Blind(why) => Err(why),
        }
    }
}
