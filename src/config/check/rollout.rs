//! `prometheus`, `freeze`.

use super::Faults;
use super::upstreams::is_header_value;
use crate::config::path::Path;
use crate::config::{Config, Period};

const MAX_NAME: usize = 64;

pub(super) fn check(config: &Config, faults: &mut Faults) {
    let prometheus = &config.prometheus;
    // The controller waits for it, and has a lease of ten seconds to keep.
    faults.range("prometheus.timeout", &prometheus.timeout, &(Period::from_millis(10)..=Period::from_secs(5)));
    if prometheus.token.as_ref().is_some_and(|token| !is_header_value(token)) {
        faults.at("prometheus.token", "must be visible ASCII, and not empty: it travels in a header");
    }
    for (index, freeze) in config.freeze.iter().enumerate() {
        let at = format!("freeze[{index}]");
        if !(1..=MAX_NAME).contains(&freeze.name.len()) {
            faults.0.push((Path::default().join(&format!("{at}.name")), format!("must have 1 to {MAX_NAME} bytes")));
        }
        let mut found = Vec::new();
        freeze.window.check(&at, &mut found);
        faults.0.extend(found.into_iter().map(|fault| (Path::default().join(&fault.field), fault.reason)));
    }
}
