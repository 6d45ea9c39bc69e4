//! Where one request would go, and why, so that anyone can check it against the published assignment function.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Aliases;
use crate::control::LayerSlot;
use crate::control::engine::{ControlError, UnknownName};
use crate::protocol::Read;
use crate::routing::{NameKind, Reason, SLOTS, Unit};

/// A decision in words. The fields are those of the documented format, in its order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Decision")]
pub struct Explained {
    pub alias: String,
    pub unit: Option<String>,
    /// The kind of read that the decision is for.
    #[serde(default)]
    pub read: Read,
    pub revision: u64,
    /// None without a route.
    pub salt: Option<String>,
    /// None when the decision needed no slot.
    pub slot: Option<u32>,
    /// Where experiments share the alias, and the unit's place decides which of them it is in.
    pub layer: Option<LayerSlot>,
    /// The canary or experiment that decided.
    pub rollout: Option<String>,
    pub variant: String,
    pub collection: String,
    /// Cohorts belong to canaries; a plain route has none.
    pub cohort: Option<String>,
    pub reason: Reason,
}

impl Aliases {
    /// Decides as the data plane would for a read of this kind that has every header experiments ask for, by the table it
    /// has right now. A forced variant counts only where the configuration lets requests force one.
    ///
    /// # Errors
    /// When Qdrant has no such name.
    pub fn decision(&self, alias: &str, read: Read, unit: Option<&str>, forced: Option<&str>) -> Result<Explained, ControlError> {
        let live = self.engine.live();
        let entry = live.table.entry(alias);
        if entry.kind == NameKind::Unknown {
            return Err(UnknownName::new("alias or collection", alias).into());
        }
        let explained = Explained {
            alias: alias.to_owned(),
            unit: unit.map(str::to_owned),
            read,
            revision: live.table.revision,
            salt: None,
            slot: None,
            layer: None,
            rollout: None,
            variant: entry.stable.variant.to_string(),
            collection: entry.stable.collection.to_string(),
            cohort: None,
            reason: Reason::Transparent,
        };
        let Some(split) = &entry.split else { return Ok(explained) };
        let forced = forced.filter(|_| live.settings.identity.force_header.is_some()).map(str::as_bytes);
        let unit = unit.map_or(Unit::Anonymous, |unit| Unit::Id(unit.as_bytes()));
        let decision = split.decide(read, unit, forced, |_| true, || fastrand::u32(..SLOTS));
        let layer = |slot| Some(LayerSlot { salt: split.layer()?.salt.as_str().to_owned(), slot });
        Ok(Explained {
            salt: decision.route.map(|route| route.salt.as_str().to_owned()),
            slot: decision.slot,
            layer: decision.layer_slot.and_then(layer),
            rollout: decision.route.and_then(|route| route.watch.as_ref()).map(|watch| watch.rollout.to_string()),
            variant: decision.target.variant.to_string(),
            collection: decision.target.collection.to_string(),
            reason: decision.reason,
            ..explained
        })
    }
}
