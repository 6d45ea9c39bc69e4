//! A retirement as it is shown.

use schemars::JsonSchema;
use serde::Serialize;

use super::Retirements;
use crate::config::Period;
use crate::control::documents::Resource;
use crate::control::engine::ControlError;
use crate::rollout::retirement::{DEFAULT_GRACE, Retirement};

/// A retirement as it is shown.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Retirement")]
pub struct RetirementView {
    #[serde(flatten)]
    pub retirement: Retirement,
    /// Its `ETag`.
    pub revision: u64,
    /// What an operator should know.
    pub warnings: Vec<String>,
}

impl From<Retirement> for RetirementView {
    fn from(retirement: Retirement) -> Self {
        let grace = Period::from_millis(retirement.grace_ms);
        let short = grace < DEFAULT_GRACE && retirement.is_live();
        let warning =
            format!("the grace of {grace} is shorter than the usual {DEFAULT_GRACE}; `{}` is gone after it", retirement.collection);
        Self { revision: retirement.revision, warnings: if short { vec![warning] } else { Vec::new() }, retirement }
    }
}

impl Retirements {
    /// # Errors
    /// When there is no such retirement.
    pub fn show(&self, id: &str) -> Result<RetirementView, ControlError> {
        self.known(id).map(RetirementView::from)
    }

    /// All retirements, the ended ones too, by id.
    #[must_use]
    pub fn list(&self) -> Vec<RetirementView> {
        self.engine.state().documents.retirements.values().cloned().map(RetirementView::from).collect()
    }
}
