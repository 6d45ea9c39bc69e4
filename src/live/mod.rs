//! All that the data plane and its neighbours share: one snapshot, one question, and what the mirror is handed.
//!
//! `control` builds a [`Live`] and swaps it in; every worker reads the newest one at the start of each request (I3). The
//! only thing the data plane ever asks of the control plane is to list the aliases again ([`Refresh`], I10). Nothing
//! else passes between them but the counters of `metrics`. Questions that are compared or written down go to the mirror
//! ([`Mirror`], [`Capture`]).

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

/// One version of everything a request needs to know.
#[derive(Debug)]
pub struct Live {
    pub table: Table<Handles>,
    /// Targets name them by index; the first is the default one.
    pub upstreams: Vec<Arc<Upstream>>,
    /// Who is recording; entries of the table name them by index.
    pub captures: Vec<Arc<Capture>>,
    pub settings: Settings,
}

/// The swap point. Readers never wait.
pub type Shared = Arc<ArcSwap<Live>>;
