//! The control plane: it knows the aliases and the routes, and builds the table the data plane reads.
//!
//! `cli` starts it, `admin` asks it. There is one writer at a time ([`Control`]); what it decides is on disk before it is
//! visible (I4) and visible before it is acknowledged. Losing Qdrant or the disk keeps the last table serving (I6).
//!
//! A change, in order: lock the writer; compute the next routes; commit them to the store; build the table; swap it
//! in; answer.

mod absorb;
mod alias_move;
mod alias_moves;
mod aliases;
mod aside;
mod attention;
mod author;
mod basis;
mod besides;
mod canary;
mod capture;
mod change;
mod clock;
mod comparing;
mod decision;
mod deployment;
mod document;
mod error;
mod experiment;
mod holdings;
mod hygiene;
mod kill;
mod kill_switch;
mod lease;
mod ledger;
mod loss;
mod names;
mod newest;
mod once;
mod owners;
mod plan;
mod plan_fault;
mod prometheus;
mod publish;
mod readiness;
mod refresher;
mod refusals;
mod reload;
mod reload_status;
mod retirement;
mod rotation;
mod route;
mod samples;
mod settings;
mod shadow;
mod start;
mod state;
mod status;
mod steward;
mod tables;
mod token_keys;
mod traces;
mod traffic;
mod under_way;
mod upstreams;
mod views;
mod warnings;
mod webhooks;
mod writes;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use aliases::{AliasChange, AliasChanged, Comparison};
pub use aside::aside;
pub use author::Author;
pub use canary::CanaryView;
pub use capture::{CaptureSpec, Capturing};
pub use change::{Expected, Weights};
pub use decision::{Explained, LayerSlot};
pub use deployment::{DeploymentView, Preview, PreviewStep};
pub use document::Unreadable;
pub use error::{ControlError, StartError};
pub use experiment::{
    AssignmentView, ExperimentChange, ExperimentView, Handover, PlanRequest, Planned, StopRequest, Taken, plan as plan_experiment,
};
pub use kill_switch::KillSwitch;
pub use loss::Consent;
pub use plan::Plan;
pub use plan_fault::PlanFault;
pub use readiness::{NotReady, Readiness};
pub use reload_status::ReloadStatus;
pub use retirement::{FamilyPlan, FamilyRequest, RetirementRequest, RetirementView};
pub use rotation::TokenKeyRotated;
pub use route::RouteState;
pub use shadow::ShadowView;
pub use start::Parts;
pub use state::Control;
pub use status::Status;
pub use views::{AliasView, CollectionView, RouteView};
pub use webhooks::{WebhookTest, WebhookView};
