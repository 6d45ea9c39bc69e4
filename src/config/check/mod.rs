//! What types cannot say about a configuration: ranges, and keys that must fit each other.
//!
//! One file a section or two. Every check notes its fault and goes on, so that an operator sees all of them at once.

mod identity;
mod listen;
mod operation;
mod rollout;
mod shadow;
mod traffic;
mod upstreams;
mod webhooks;

use std::collections::HashSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

use super::Config;
use super::path::Path;

/// What a configuration is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To serve with it, now or later.
    Serve,
    /// To find a running Pointsman or its store by it. The process that serves may have a token in its environment that
    /// this one does not have.
    Find,
}

/// All faults, by the key they are at. `upstreams` are the names as they were written, also of those that were not readable.
pub(super) fn check(config: &Config, purpose: Purpose, upstreams: &HashSet<String>) -> Vec<(Path, String)> {
    let mut faults = Faults(Vec::new());
    listen::check(config, purpose, &mut faults);
    upstreams::check(config, &mut faults);
    identity::check(&config.identity, &mut faults);
    traffic::check(config, &mut faults);
    operation::check(config, &mut faults);
    webhooks::check(&config.webhooks, &mut faults);
    rollout::check(config, &mut faults);
    shadow::check(&config.shadow, &mut faults);
    let names = upstreams.iter().map(String::as_str).collect();
    for (alias, route) in &config.routes {
        let at = Path::of("routes").key(alias);
        if alias.is_empty() || alias.len() > 255 || alias.contains(['/', '\0']) {
            faults.0.push((at.clone(), "an alias has 1 to 255 bytes, without `/` and NUL".into()));
        }
        faults.0.extend(route.check(&names).into_iter().map(|fault| (at.join(&fault.field), fault.reason)));
    }
    faults.0
}

/// The faults found so far.
struct Faults(Vec<(Path, String)>);

impl Faults {
    fn at(&mut self, keys: &str, reason: impl Into<String>) {
        self.0.push((Path::of(keys), reason.into()));
    }

    fn range<T: PartialOrd + Display>(&mut self, keys: &str, value: &T, range: &RangeInclusive<T>) {
        // A NaN is in no range.
        if !range.contains(value) {
            self.at(keys, format!("must be between {} and {}, not {value}", range.start(), range.end()));
        }
    }
}

#[cfg(test)]
mod tests;
