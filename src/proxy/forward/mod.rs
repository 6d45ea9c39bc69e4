//! Phase 5: what both protocols need to reach an upstream: connecting, pools by upstream, and the retry budget.

mod budget;
mod connect;
mod pools;

pub(super) use budget::Budget;
pub(super) use connect::connect;
pub(super) use pools::Pools;
