//! Canaries under way: what `rollout` decides is carried out here.
//!
//! Every replica keeps all of them, routes by them and counts for their guards; the one that holds the controller's lease
//! also looks at the evidence and executes what is due. The order is always the same: the machine's new state is in the
//! store before anything of it is done, so whoever comes after a crash finds what was meant and does it again.
//!
//! ```text
//! requests    what people ask for                 steps       one look at one canary, by the controller
//! effects     what the machine wants done         evidence    what was seen, and what the guards say of it
//! events      what there is to tell
//! running     the document                        windows     the cohorts of a window, in the metrics registry
//! comparison  before the first stage              readings    what Prometheus says
//! ```

mod comparison;
mod effects;
mod events;
mod evidence;
mod gauges;
mod guards;
mod observed;
mod readings;
mod requests;
mod running;
mod steps;
mod windows;

pub(super) use events::transitions;
pub(super) use observed::summary;
pub use requests::CanaryView;
pub(super) use running::{Canaries, Running};
pub(super) use windows::{Watched, scope, scope_of_all, scope_of_comparison, watched};

use super::document::json as writable;
