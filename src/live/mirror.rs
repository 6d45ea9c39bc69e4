//! How the data plane hands a query, perhaps with its answer, to the mirror, without ever waiting for it.
//!
//! `proxy` holds a [`Mirror`]; the mirror's thread has the other end. What exceeds the bounds is refused at once, and the
//! caller counts it. There are two bounds (I9): the number of waiting jobs, and the bytes of all of them together, including
//! those that are still being gathered. Samples (to record) and jobs (to compare) have separate queues, so that a shadow
//! that hangs does not delay a capture.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use smallvec::SmallVec;
use tokio::sync::mpsc;
use xxhash_rust::xxh3::Xxh3Default;

use super::{Capture, Held, Live, Memory};
use crate::metrics::Handles;
use crate::protocol::Protocol;
use crate::routing::{Shadow, Target};

/// An answered query, to be sent to a shadow so that the answers can be compared.
#[derive(Debug)]
pub struct Job {
    pub question: Question,
    pub answer: Answered,
    pub compare: Compare,
    /// The snapshot that answered it, so that the mirror uses the same one (I3).
    pub live: Arc<Live>,
    /// When the answer was complete.
    pub done: Instant,
    pub held: Held,
}

/// An answered query, to be recorded.
#[derive(Debug)]
pub struct Sample {
    pub question: Question,
    /// The captures that want it.
    pub captures: Captures,
    /// The snapshot that answered it: its settings say where the user id is.
    pub live: Arc<Live>,
    pub held: Held,
}

/// Nearly always one.
pub type Captures = SmallVec<[Arc<Capture>; 1]>;

/// What a comparison needs to know.
#[derive(Clone, Debug)]
pub struct Compare {
    pub shadow: Arc<Shadow<Handles>>,
    /// The target that answered, and the name that the proxy sent to it, if it replaced the name.
    pub reference: Arc<Target<Handles>>,
    pub reference_name: Option<Box<str>>,
    /// The unit under the shadow's statistics salt, if there is one.
    pub unit: Option<u64>,
}

/// A request as the client sent it.
#[derive(Clone, Debug)]
pub struct Question {
    pub protocol: Protocol,
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: SmallVec<[Bytes; 4]>,
    pub asked: SystemTime,
}

impl Question {
    /// A hash of the query, independent of the client.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = Xxh3Default::new();
        hasher.update(self.uri.path().as_bytes());
        self.body.iter().for_each(|chunk| hasher.update(chunk));
        hasher.digest()
    }
}

/// What the client got.
#[derive(Clone, Debug)]
pub struct Answered {
    pub headers: HeaderMap,
    pub body: Vec<Bytes>,
    pub first_byte_us: u64,
}

/// The data plane's end.
#[derive(Clone, Debug)]
pub struct Mirror {
    jobs: mpsc::Sender<Job>,
    samples: mpsc::Sender<Sample>,
    memory: Memory,
}

/// The mirror's end.
#[derive(Debug)]
pub struct Inbox {
    pub jobs: mpsc::Receiver<Job>,
    pub samples: mpsc::Receiver<Sample>,
}

impl Mirror {
    /// Both ends: at most `queue` jobs and as many samples wait, and they hold at most `memory` bytes.
    #[must_use]
    pub fn channel(queue: usize, memory: usize) -> (Self, Inbox) {
        let ((jobs, jobs_inbox), (samples, samples_inbox)) = (mpsc::channel(queue), mpsc::channel(queue));
        (Self { jobs, samples, memory: Memory::of(memory) }, Inbox { jobs: jobs_inbox, samples: samples_inbox })
    }

    /// Whether there is room for one more job now. The proxy asks before it keeps anything for the job.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.jobs.capacity() > 0 && self.memory.is_free()
    }

    /// As [`Self::has_room`], for a sample.
    #[must_use]
    pub fn has_room_for_sample(&self) -> bool {
        self.samples.capacity() > 0 && self.memory.is_free()
    }

    /// A memory account for one job.
    #[must_use]
    pub fn hold(&self) -> Held {
        self.memory.hold()
    }

    /// Sends a job. Returns false, and drops the job, if the queue is full or the mirror has stopped.
    #[must_use]
    pub fn offer(&self, job: Job) -> bool {
        self.jobs.try_send(job).is_ok()
    }

    /// As [`Self::offer`], for a sample.
    #[must_use]
    pub fn offer_sample(&self, sample: Sample) -> bool {
        self.samples.try_send(sample).is_ok()
    }
}
