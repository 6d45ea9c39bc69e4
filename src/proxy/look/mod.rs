//! Inspects the answers of searches within a bound: the number of hits, and the score of the best one.
//!
//! For guards about the content of answers (`empty_results`, `top_score`). A [`Look`] begins for a sampled share of the
//! answers of aliases where a guard needs it ([`super::observe`]), sees every piece of the answer on its way to the client,
//! and ends with the last one. Most clients request compressed answers by default, so it decompresses gzip. Invariants: the
//! bytes are forwarded unchanged and at once, whatever it finds; memory does not depend on the answer, and work ends at
//! `answers.max_bytes` (I9); answers that cannot be read are counted, not guessed.

mod tally;
#[cfg(test)]
mod tests;

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderName};

pub use self::tally::Tally;
use crate::metrics::{Finding, WorkerEvent};
use crate::protocol::Protocol;
use crate::protocol::hits::{Finder, in_json, in_message};
use crate::protocol::messages::{Framed, Inflated, Scan, Unreadable};
use crate::protocol::operations::Hits;
use crate::protocol::walk::{json, protobuf};

/// The counter for an answer that could not be read.
pub(super) fn event(why: Unreadable) -> WorkerEvent {
    match why {
        Unreadable::Compressed => WorkerEvent::AnswerCompressed,
        Unreadable::TooLarge => WorkerEvent::AnswerTooLarge,
        Unreadable::Malformed => WorkerEvent::AnswerUnreadable,
    }
}

#[derive(Debug)]
enum Scanner {
    Rest(json::Walker<Finder<Tally>>),
    Gzip(Inflated<json::Walker<Finder<Tally>>>),
    Grpc(Framed<protobuf::Walker<Finder<Tally>>>),
    Unreadable(Unreadable),
}

/// The inspection of one answer.
#[derive(Debug)]
pub(super) struct Look {
    scanner: Scanner,
    /// How many more bytes are inspected.
    left: usize,
}

impl Look {
    /// Inspects an answer with these headers; `hits` says where its hits are.
    pub(super) fn begin(hits: Hits, protocol: Protocol, headers: &HeaderMap, limit: usize) -> Self {
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let scanner = match protocol {
            _ if length.is_some_and(|length| length > limit) => Scanner::Unreadable(Unreadable::TooLarge),
            Protocol::Rest => match headers.get(CONTENT_ENCODING) {
                None => Scanner::Rest(in_json(hits, Tally::default())),
                Some(coding) if coding == "gzip" => Scanner::Gzip(Inflated::new(in_json(hits, Tally::default()), limit)),
                Some(_) => Scanner::Unreadable(Unreadable::Compressed),
            },
            Protocol::Grpc => {
                let gzip = headers.get(HeaderName::from_static("grpc-encoding")).is_some_and(|coding| coding == "gzip");
                Scanner::Grpc(Framed::new(in_message(hits, Tally::default()), gzip, limit))
            }
        };
        Self { scanner, left: limit }
    }

    /// The next bytes of the answer.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if matches!(self.scanner, Scanner::Unreadable(_)) {
            return;
        }
        match self.left.checked_sub(bytes.len()) {
            Some(left) => self.left = left,
            None => self.scanner = Scanner::Unreadable(Unreadable::TooLarge),
        }
        let read = match &mut self.scanner {
            Scanner::Rest(json) => json.feed(bytes).map_err(|_| Unreadable::Malformed),
            Scanner::Gzip(inflated) => inflated.feed(bytes).map_err(Unreadable::from),
            Scanner::Grpc(framed) => {
                framed.feed(bytes);
                Ok(())
            }
            Scanner::Unreadable(_) => Ok(()),
        };
        if let Err(why) = read {
            self.scanner = Scanner::Unreadable(why);
        }
    }

    /// After the last byte.
    pub(super) fn finish(self) -> Result<Finding, Unreadable> {
        let found = match self.scanner {
            Scanner::Rest(json) => json.finish(),
            Scanner::Gzip(inflated) => inflated.finish()?.finish(),
            Scanner::Grpc(framed) => framed.finish()?.finish().ok(),
            Scanner::Unreadable(why) => return Err(why),
        };
        found.map(|found| found.into_visitor().finding()).ok_or(Unreadable::Malformed)
    }
}
