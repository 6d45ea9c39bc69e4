//! Shadow comparisons under way, for a scrape.

use super::Shadows;
use crate::control::clock;
use crate::control::documents::{Resource, ShadowDocument};
use crate::metrics::ShadowGauge;

impl Shadows {
    pub(in crate::control) fn gauges(&self) -> Vec<ShadowGauge> {
        let (state, now) = (self.engine.state(), clock::now());
        let live = state.documents.shadows.values().filter(|document| document.is_live());
        let gauge = |document: &ShadowDocument| ShadowGauge {
            alias: document.alias().to_owned(),
            id: document.shadow.id().to_owned(),
            state: document.shadow.state().name(),
            #[expect(clippy::cast_precision_loss, reason = "milliseconds stay far below 2^52")]
            seconds_in_state: document.shadow.history().last().map_or(0.0, |step| now.since(step.at) as f64 / 1000.0),
        };
        live.map(gauge).collect()
    }
}
