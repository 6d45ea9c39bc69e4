//! Phase 5: what both protocols need to reach an upstream: pools by upstream, and the retry budget.

mod budget;
mod pools;

pub(super) use budget::Budget;
pub(super) use pools::Pools;
