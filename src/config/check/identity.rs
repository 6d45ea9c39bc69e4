//! `identity`.

use std::collections::HashSet;

use super::Faults;
use crate::config::path::Path;
use crate::config::{CarrierConfig, IdentityConfig};

const MAX_NAME: usize = 128;

pub(super) fn check(identity: &IdentityConfig, faults: &mut Faults) {
    faults.range("identity.holdout_percentage", &identity.holdout_percentage, &(0.0..=100.0));
    let list = Path::of("identity.carriers");
    let mut seen = HashSet::new();
    for (index, carrier) in identity.carriers.iter().enumerate() {
        let mut fault = |reason: String| faults.0.push((list.index(index), reason));
        if !seen.insert(carrier) {
            fault("appears twice".into());
        }
        match carrier {
            CarrierConfig::Header(header) if identity.force_header.as_ref() == Some(header) => {
                fault(format!("`{header}` is also `identity.force_header`; a unit and a variant cannot share a header"));
            }
            CarrierConfig::Header(_) => {}
            CarrierConfig::Cookie(name) => demand(is_token(name), name, "the name of a cookie", &mut fault),
            CarrierConfig::Query(name) => demand(!name.contains(['&', '=', '#', '\0']), name, "the name of a parameter", &mut fault),
            CarrierConfig::JwtClaim(name) => demand(true, name, "the name of a claim", &mut fault),
            // Without a character that marks it off, `docs2` would be `docs` for somebody named `2`.
            CarrierConfig::NameSuffix(text) => {
                let marked = !text.contains(['/', '\0']) && text.chars().any(|letter| !letter.is_alphanumeric());
                demand(marked, text, "a separator such as @@u=", &mut fault);
            }
        }
    }
}

fn demand(legal: bool, text: &str, what: &str, fault: &mut impl FnMut(String)) {
    if text.is_empty() || text.len() > MAX_NAME || !legal {
        fault(format!("`{text}` cannot be {what}"));
    }
}

/// What HTTP lets a cookie be called.
fn is_token(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
