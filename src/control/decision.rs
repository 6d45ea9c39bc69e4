//! Where one request would go, and why, so that anyone can check it against the published assignment function.

use serde::{Deserialize, Serialize};

use super::error::ControlError;
use super::state::Control;
use crate::routing::{NameKind, Reason, Unit};

/// A decision in words. The fields are those of the documented format, in its order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explained {
    pub alias: String,
    pub unit: Option<String>,
    pub revision: u64,
    /// None without a route.
    pub salt: Option<String>,
    /// None when the decision needed no slot.
    pub slot: Option<u32>,
    pub variant: String,
    pub collection: String,
    /// Cohorts belong to canaries; a plain route has none.
    pub cohort: Option<String>,
    pub reason: Reason,
}

impl Control {
    /// Decides as the data plane would for a read, by the table it has right now. A forced variant counts only where
    /// the configuration lets requests force one.
    ///
    /// # Errors
    /// When Qdrant has no such name.
    pub fn decision(&self, alias: &str, unit: Option<&str>, forced: Option<&str>) -> Result<Explained, ControlError> {
        let live = self.live();
        let entry = live.table.entry(alias);
        if entry.kind == NameKind::Unknown {
            return Err(ControlError::UnknownName(alias.to_owned()));
        }
        let explained = Explained {
            alias: alias.to_owned(),
            unit: unit.map(str::to_owned),
            revision: live.table.revision,
            salt: None,
            slot: None,
            variant: entry.stable.variant.to_string(),
            collection: entry.stable.collection.to_string(),
            cohort: None,
            reason: Reason::Transparent,
        };
        let Some(route) = &entry.route else { return Ok(explained) };
        let forced = forced.filter(|_| live.settings.identity.force_header.is_some()).map(str::as_bytes);
        let unit = unit.map_or(Unit::Anonymous, |unit| Unit::Id(unit.as_bytes()));
        let decision = route.decide(unit, forced, || fastrand::u32(..));
        Ok(Explained {
            salt: Some(route.salt.as_str().to_owned()),
            slot: decision.slot,
            variant: decision.target.variant.to_string(),
            collection: decision.target.collection.to_string(),
            reason: decision.reason,
            ..explained
        })
    }
}
