//! Shadow comparisons under way, for a scrape.

use crate::control::clock;
use crate::control::state::Control;
use crate::metrics::ShadowGauge;

impl Control {
    pub(in crate::control) fn shadow_gauges(&self) -> Vec<ShadowGauge> {
        let (state, now) = (self.0.state.load(), clock::now());
        let live = state.held.shadows.values().filter(|mirroring| mirroring.is_live());
        let gauge = |mirroring: &super::Mirroring| ShadowGauge {
            alias: mirroring.alias().to_owned(),
            id: mirroring.shadow.id().to_owned(),
            state: mirroring.shadow.state().name(),
            #[expect(clippy::cast_precision_loss, reason = "milliseconds stay far below 2^52")]
            seconds_in_state: mirroring.shadow.history().last().map_or(0.0, |step| now.since(step.at) as f64 / 1000.0),
        };
        live.map(gauge).collect()
    }
}
