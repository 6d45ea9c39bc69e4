//! Lost writes, for people and for rollouts: what `rollout::loss` computes is counted, kept and refused here (I11).
//!
//! Every replica counts the writes it forwards by the collection that gets them, and reports its counts once a second. A
//! rollout stores where its count began; the count itself is read afresh before anything is decided on it.
//!
//! ```text
//! counts      what this process has counted, and what all replicas have
//! report      what a replica has reported, as it is stored
//! recent      the writes of the last minutes
//! moves       what a move of an alias between two collections loses
//! refusal     who accepts that
//! ```

mod counts;
mod moves;
mod recent;
mod refusal;
mod report;

#[cfg(test)]
mod tests;

pub(in crate::control) use counts::Losses;
pub use refusal::Consent;
