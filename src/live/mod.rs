//! What the data plane and the control plane share: the snapshot, the refresh request, and the queues to the mirror.
//!
//! `control` builds a [`Live`] and swaps it in; every worker reads the newest one at the start of each request (I3). The
//! data plane makes only one request to the control plane: to list the aliases again ([`Refresh`], I10). Apart from that
//! they share only the counters of `metrics`. Queries to compare or record go to the mirror ([`Mirror`], [`Capture`]).

mod capture;
mod memory;
mod mirror;
mod refresh;
mod settings;

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::metrics::Handles;
use crate::routing::Table;
use crate::upstream::Upstream;

pub use capture::{Capture, Recorded, Terms};
pub use memory::{Held, Memory};
pub use mirror::{Answered, Captures, Compare, Inbox, Job, Mirror, Question, Sample};
pub use refresh::{Refresh, RefreshFailed, RefreshRequest};
pub use settings::{Answers, Fallback, Identity, Limits, Retry, Settings, Shadowing, Timeouts};

/// The upstream whose aliases are the namespace; always the first.
pub const DEFAULT_UPSTREAM: usize = 0;

/// One immutable version of everything that a request needs.
#[derive(Debug)]
pub struct Live {
    pub table: Table<Handles>,
    /// Targets name them by index; the first is the default one.
    pub upstreams: Vec<Arc<Upstream>>,
    /// The active captures; entries of the table refer to them by index.
    pub captures: Vec<Arc<Capture>>,
    pub settings: Settings,
}

/// The swap point. Readers never wait.
pub type Shared = Arc<ArcSwap<Live>>;
