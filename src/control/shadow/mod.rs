//! Shadow comparisons under way: reads of an alias are mirrored by what `rollout` says, counted, reported and kept.
//!
//! Every replica keeps all of them and mirrors for them; the one that holds the controller's lease also ends them when
//! their time has come. A canary's own comparison, before its first stage, is counted here as well.
//!
//! ```text
//! requests    what people ask for              steps     what is due, by the controller
//! checks      may it begin?                    route     what is mirrored where, for the table
//! mirroring   the document                     seen      what all replicas have compared
//! views       how it is shown
//! ```

mod checks;
mod gauges;
mod mirroring;
mod requests;
mod route;
mod seen;
mod steps;
#[cfg(test)]
mod tests;
mod views;

pub(super) use mirroring::{Mirroring, Mirrorings};
pub(super) use requests::shadowed;
pub(super) use route::{SHADOW, entry_shadow};
pub(super) use seen::scope_of_all;
pub use views::ShadowView;
