//! The control plane: it knows the aliases and the routes, and builds the table the data plane reads.
//!
//! `cli` starts it, `admin` asks it. There is one writer at a time; what it decides is on disk before it is visible (I4) and
//! visible before it is acknowledged. Losing Qdrant or the disk keeps the last table serving (I6).
//!
//! Floors; arrows point down, and a test holds them to it:
//!
//! ```text
//! run          start, the leader's round, the listing, reload, garbage collection, status, gauges
//! handover, kill_switch, alias, deployment, canary, experiment, shadow, retirement, route, capture, webhook, token_key
//!              one room a noun: requests, steps, view, gauges
//! loss         acknowledged writes that one collection has and another lacks
//! engine       the one way from a request to a committed change
//! table        from documents and a listing to the routing table; pure
//! documents    what lasts, one file a kind
//! plan         what a configuration means
//! ```

mod alias;
mod canary;
mod capture;
mod clock;
mod deployment;
mod documents;
mod engine;
mod experiment;
mod handover;
mod kill_switch;
mod layer_slot;
mod loss;
mod plan;
mod retirement;
mod route;
mod run;
mod shadow;
mod table;
mod token_key;
mod webhook;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use alias::{AliasChange, AliasChanged, AliasView, Arm, CollectionView, Comparison, Explained};
pub use canary::CanaryView;
pub use capture::{CaptureSpec, Capturing};
pub use deployment::{DeploymentView, Preview, PreviewStep};
pub use documents::{KillSwitch, Noun, RouteDocument, Unreadable};
pub use engine::{Caller, ControlError, Expected, NotReady, Readiness, ReloadStatus, Role, aside};
pub use experiment::{AssignmentView, ExperimentChange, ExperimentView, PlanRequest, Planned, Taken, plan as plan_experiment};
pub use handover::{Handover, StopRequest};
pub use layer_slot::LayerSlot;
pub use loss::Consent;
pub use plan::{Plan, PlanFault};
pub use retirement::{FamilyPlan, FamilyRequest, RetirementRequest, RetirementView};
pub use route::{RouteView, Weights};
pub use run::{Control, Parts, StartError, Status};
pub use shadow::ShadowView;
pub use token_key::TokenKeyRotated;
pub use webhook::{WebhookTest, WebhookView};
