//! Keeps a query for the mirror, and its answer if it is compared, while both are relayed.
//!
//! A [`Ticket`] is part of the plan; a [`Tee`] is part of the observation, like a look, and keeps the answer's chunks by
//! reference. Invariants: this code copies, reads and waits for nothing; what exceeds the limits is dropped and counted, and
//! the client's answer is not affected (I9); only a query with a complete answer of the chosen variant is handed over.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use smallvec::SmallVec;

use super::headers::HopByHop;
use super::worker::Worker;
use crate::live::{Answered, Captures, Compare, Held, Job, Live, Question, Sample};
use crate::metrics::{Dropped, Handles};
use crate::protocol::Protocol;
use crate::routing::{Shadow, Target};

/// A shadow or a capture selected this request.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    pub(super) shadow: Option<Shadowed>,
    pub(super) captures: Captures,
}

/// A shadow selected it.
#[derive(Clone, Debug)]
pub(super) struct Shadowed {
    pub(super) shadow: Arc<Shadow<Handles>>,
    /// The unit under the shadow's statistics salt.
    pub(super) unit: Option<u64>,
}

impl Ticket {
    /// None if neither selected it.
    pub(super) fn of(shadow: Option<Shadowed>, captures: Captures) -> Option<Box<Self>> {
        let ticket = Self { shadow, captures };
        ticket.is_taken().then(|| Box::new(ticket))
    }

    fn is_taken(&self) -> bool {
        self.shadow.is_some() || !self.captures.is_empty()
    }

    /// Removes receivers whose queue is full; true if any is left. If the mirror is behind, this check is its only cost to a
    /// request.
    pub(super) fn has_room(&mut self, worker: &Worker) -> bool {
        if let Some(shadowed) = self.shadow.take_if(|_| !worker.mirror().has_room()) {
            shadowed.give_up(worker, Dropped::QueueFull);
        }
        let any = self.captures.is_empty() || worker.mirror().has_room_for_sample();
        self.captures.retain(|capture| {
            let room = any && capture.has_room();
            if !room {
                capture.dropped(Dropped::QueueFull);
            }
            room
        });
        self.is_taken()
    }

    pub(super) fn give_up(&self, worker: &Worker, why: Dropped) {
        self.captures.iter().for_each(|capture| capture.dropped(why));
        if let Some(shadowed) = &self.shadow {
            shadowed.give_up(worker, why);
        }
    }
}

impl Shadowed {
    fn give_up(&self, worker: &Worker, why: Dropped) {
        if let Some(comparisons) = &self.shadow.target.handle.comparisons {
            comparisons.dropped(worker.index(), why);
        }
    }
}

/// What is known when an answer begins.
pub(super) struct Begun<'r> {
    pub(super) live: Arc<Live>,
    pub(super) protocol: Protocol,
    pub(super) parts: &'r Parts,
    pub(super) hop_by_hop: &'r HopByHop,
    pub(super) body: SmallVec<[Bytes; 4]>,
    pub(super) answer: &'r HeaderMap,
    pub(super) reference: &'r Arc<Target<Handles>>,
    pub(super) reference_name: Option<&'r str>,
}

/// One answer that is being relayed.
pub(super) struct Tee {
    ticket: Ticket,
    live: Arc<Live>,
    question: Question,
    answer: Answered,
    reference: Arc<Target<Handles>>,
    reference_name: Option<Box<str>>,
    held: Held,
    /// How many more bytes may be kept.
    left: usize,
    /// Why it was dropped.
    fault: Option<Dropped>,
}

impl Tee {
    pub(super) fn begin(worker: &Worker, ticket: &Ticket, begun: Begun<'_>) -> Box<Self> {
        let Begun { live, protocol, parts, hop_by_hop, body, answer, reference, reference_name } = begun;
        let left = live.settings.shadow.max_bytes;
        let mut headers = parts.headers.clone();
        hop_by_hop.strip(&mut headers);
        let mut held = worker.mirror().hold();
        let asked: usize = body.iter().map(Bytes::len).sum();
        let fault = match asked {
            asked if asked > left => Some(Dropped::TooLarge),
            asked if !held.take(asked) => Some(Dropped::QueueFull),
            _ => None,
        };
        Box::new(Self {
            ticket: ticket.clone(),
            live,
            question: Question { protocol, method: parts.method.clone(), uri: parts.uri.clone(), headers, body, asked: SystemTime::now() },
            answer: Answered { headers: answer.clone(), body: Vec::new(), first_byte_us: 0 },
            reference: Arc::clone(reference),
            reference_name: reference_name.map(Into::into),
            held,
            left,
            fault,
        })
    }

    /// This part of the answer is being relayed.
    pub(super) fn keep(&mut self, chunk: &Bytes) {
        if self.fault.is_some() || self.ticket.shadow.is_none() {
            return;
        }
        match self.left.checked_sub(chunk.len()) {
            None => self.fault = Some(Dropped::TooLarge),
            Some(_) if !self.held.take(chunk.len()) => self.fault = Some(Dropped::QueueFull),
            Some(left) => {
                self.left = left;
                self.answer.body.push(chunk.clone());
            }
        }
        if self.fault.is_some() {
            self.answer.body = Vec::new();
        }
    }

    /// After the last byte, or when there will be none. `whole` is whether the client got a complete answer.
    pub(super) fn finish(self: Box<Self>, worker: &Worker, whole: bool, first_byte_us: u64) {
        if !whole {
            return self.ticket.give_up(worker, Dropped::Unanswered);
        }
        self.record(worker);
        let Self { ticket, live, question, answer, reference, reference_name, held, fault, .. } = *self;
        let Some(shadowed) = ticket.shadow else { return };
        if let Some(why) = fault {
            return shadowed.give_up(worker, why);
        }
        let compare = Compare { shadow: Arc::clone(&shadowed.shadow), reference, reference_name, unit: shadowed.unit };
        let answer = Answered { first_byte_us, ..answer };
        if !worker.mirror().offer(Job { question, answer, compare, live, done: Instant::now(), held }) {
            shadowed.give_up(worker, Dropped::QueueFull);
        } else if let Some(comparisons) = &shadowed.shadow.target.handle.comparisons {
            comparisons.mirrored(worker.index());
        }
    }

    /// Hands the query to captures; the size of its answer does not matter to them.
    fn record(&self, worker: &Worker) {
        let captures = &self.ticket.captures;
        if captures.is_empty() {
            return;
        }
        let size: usize = self.question.body.iter().map(Bytes::len).sum();
        let mut held = self.held.another();
        let handed = if size > self.live.settings.shadow.max_bytes {
            Err(Dropped::TooLarge)
        } else if !held.take(size) {
            Err(Dropped::QueueFull)
        } else {
            let sample = Sample { question: self.question.clone(), captures: captures.clone(), live: Arc::clone(&self.live), held };
            if worker.mirror().offer_sample(sample) { Ok(()) } else { Err(Dropped::QueueFull) }
        };
        if let Err(why) = handed {
            captures.iter().for_each(|capture| capture.dropped(why));
        }
    }
}
