//! Deployments under way: what `rollout::deployment` wants done is carried out here.
//!
//! Every replica keeps all of them; the one that holds the controller's lease works on each in a task of its own, since a
//! copy takes hours and a lease seconds. What is to be done is in the store before it is begun, what became of it is
//! stored under the lease's fence, and a state that somebody has left ends the work on it.
//!
//! ```text
//! requests  what people ask for                  document  the stored form, from one state to the next
//! preview   the same, without touching anything  round     one task for each that is due
//! build     checking, making, copying, verifying, finishing
//! release   validating, the canary that moves the alias, watching, undoing
//! ```

mod build;
mod document;
mod gauges;
mod preview;
mod release;
mod requests;
mod round;
mod view;

#[cfg(test)]
mod tests;

pub(super) use document::{Deploying, Deployments};
pub use preview::{Preview, PreviewStep};
pub(super) use round::AtWork;
pub use view::DeploymentView;
