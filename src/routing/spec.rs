//! A route as an operator writes it, and what is wrong with one.
//!
//! The same form serves the configuration file and the admin API, so both refuse the same things with the same words.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Anonymous, Salt, SplitReads};

/// The name of the variant that is whatever Qdrant's own alias points at.
pub const STABLE: &str = "stable";

const MAX_VARIANTS: usize = 64;
const MAX_VARIANT_NAME: usize = 64;
const MAX_COLLECTION_NAME: usize = 255;
const MAX_SALT: usize = 256;

/// What Pointsman adds on top of one alias.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteSpec {
    /// From 2 to 64 variants, of which exactly one is named `stable`.
    #[schemars(length(min = 2, max = 64))]
    pub variants: Vec<VariantSpec>,
    /// What assigns units to variants. Default `route:<alias>`. Another salt assigns all units afresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub salt: Option<String>,
    /// What happens to requests without a unit. Default: `identity.anonymous` of the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymous: Option<Anonymous>,
    /// Which reads are split. Default: `aliases.split` of the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitReads>,
}

/// Where a request can go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VariantSpec {
    /// The name, unique in the route. `stable` is the variant that the alias itself points at.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"))]
    pub name: String,
    /// The share of the units relative to the other weights, down to one slot in a million. 0 is none.
    #[schemars(range(min = 0))]
    pub weight: f64,
    /// The collection that answers. Required, except for `stable`, which takes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[^/\x00]+$"))]
    pub collection: Option<String>,
    /// The upstream of the collection. Default: the one that holds the alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
}

/// One thing wrong with a route: which field, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct SpecFault {
    pub field: String,
    pub reason: String,
}

impl SpecFault {
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

impl RouteSpec {
    #[must_use]
    pub fn weights(&self) -> Vec<f64> {
        self.variants.iter().map(|variant| variant.weight).collect()
    }

    /// The index of the stable variant; the first one in a spec that did not pass [`Self::check`].
    #[must_use]
    pub fn stable(&self) -> usize {
        self.variants.iter().position(VariantSpec::is_stable).unwrap_or(0)
    }

    /// What deals the units of this route, unless the spec names a salt of its own.
    #[must_use]
    pub fn salt_for(&self, alias: &str) -> Salt {
        self.salt.as_deref().map_or_else(|| Salt::new(&format!("route:{alias}")), Salt::new)
    }

    /// Every fault, not just the first; empty when the route can be served. `upstreams` are the configured names.
    #[must_use]
    pub fn check(&self, upstreams: &HashSet<&str>) -> Vec<SpecFault> {
        let mut faults = Vec::new();
        if !(2..=MAX_VARIANTS).contains(&self.variants.len()) {
            faults.push(SpecFault::new(
                "variants",
                format!("a route needs 2 to {MAX_VARIANTS} variants, this one has {}", self.variants.len()),
            ));
        }
        match self.variants.iter().filter(|variant| variant.is_stable()).count() {
            1 => {}
            count => faults.push(SpecFault::new("variants", format!("exactly one variant must be named `{STABLE}`, found {count}"))),
        }
        if self.salt.as_ref().is_some_and(|salt| salt.is_empty() || salt.len() > MAX_SALT) {
            faults.push(SpecFault::new("salt", format!("must have 1 to {MAX_SALT} bytes")));
        }
        let mut seen = HashSet::new();
        for (index, variant) in self.variants.iter().enumerate() {
            if !seen.insert(variant.name.as_str()) {
                faults.push(SpecFault::new(format!("variants[{index}].name"), format!("`{}` appears twice", variant.name)));
            }
            variant.check(&format!("variants[{index}]"), upstreams, &mut faults);
        }
        let sum: f64 = self.variants.iter().map(|variant| variant.weight).sum();
        if sum.is_nan() || sum <= 0.0 || sum.is_infinite() {
            faults.push(SpecFault::new("variants", "the weights must add up to a finite number above zero"));
        }
        faults
    }
}

impl VariantSpec {
    #[must_use]
    pub fn is_stable(&self) -> bool {
        self.name == STABLE
    }

    fn check(&self, at: &str, upstreams: &HashSet<&str>, faults: &mut Vec<SpecFault>) {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if self.name.is_empty() || self.name.len() > MAX_VARIANT_NAME || !self.name.bytes().all(legal) {
            faults.push(SpecFault::new(format!("{at}.name"), format!("must be 1 to {MAX_VARIANT_NAME} of A-Z a-z 0-9 _ -")));
        }
        if !self.weight.is_finite() || self.weight < 0.0 {
            faults.push(SpecFault::new(format!("{at}.weight"), format!("must be a finite number, zero or above, not {}", self.weight)));
        }
        match (&self.collection, self.is_stable()) {
            (Some(_), true) => {
                faults.push(SpecFault::new(format!("{at}.collection"), "`stable` is whatever the alias points at and takes no collection"));
            }
            (None, false) => faults.push(SpecFault::new(format!("{at}.collection"), "is missing")),
            (Some(name), false) => faults.extend(check_name(name, &format!("{at}.collection"))),
            (None, true) => {}
        }
        match &self.upstream {
            Some(_) if self.is_stable() => faults.push(SpecFault::new(format!("{at}.upstream"), "`stable` lives where the alias lives")),
            Some(name) if !upstreams.contains(name.as_str()) => {
                faults.push(SpecFault::new(format!("{at}.upstream"), format!("`{name}` is not configured")));
            }
            _ => {}
        }
    }
}

/// Checks the name of a collection or an alias that is there, against Qdrant's own limits; stricter rules hold only for
/// what Pointsman [makes](check_new_name). Names that a URL takes for a step between folders cannot be asked for.
pub fn check_name(name: &str, field: &str) -> Option<SpecFault> {
    let broken = name.is_empty() || name.len() > MAX_COLLECTION_NAME || name.contains(['/', '\0']) || matches!(name, "." | "..");
    broken.then(|| {
        SpecFault::new(field, format!("must have 1 to {MAX_COLLECTION_NAME} bytes, without `/` and NUL, and be neither `.` nor `..`"))
    })
}

/// Checks the name of a collection or an alias that Pointsman is about to make: of characters that mean nothing in a URL, a
/// shell or a log.
pub fn check_new_name(name: &str, field: &str) -> Option<SpecFault> {
    let fits = (1..=MAX_COLLECTION_NAME).contains(&name.len()) && name.bytes().all(is_plain);
    (!fits).then(|| SpecFault::new(field, format!("must be 1 to {MAX_COLLECTION_NAME} of A-Z a-z 0-9 _ -, since Pointsman makes it")))
}

/// What names that Pointsman makes are of.
#[must_use]
pub const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}
