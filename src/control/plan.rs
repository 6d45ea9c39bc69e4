//! What a configuration means to the control plane. Made from it by `settings`, replaced as a whole by a reload.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::live::{Settings, Upstream};
use crate::qdrant::Connection;
use crate::routing::RouteSpec;

#[derive(Clone, Debug)]
pub struct Plan {
    pub settings: Settings,
    /// The default one first.
    pub upstreams: Vec<Arc<Upstream>>,
    /// How the aliases of the default upstream are listed.
    pub listing: Connection,
    pub refresh: Duration,
    /// Checked already.
    pub routes: BTreeMap<String, RouteSpec>,
    /// Where routes survive a restart; none: they do not.
    pub store: Option<PathBuf>,
    /// What changes through the admin API must carry; none: they need nothing.
    pub admin_token: Option<AdminToken>,
}

/// A secret; it shows itself to nobody but who asks for it.
#[derive(Clone)]
pub struct AdminToken(pub String);

impl AdminToken {
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminToken(…)")
    }
}

impl Plan {
    #[must_use]
    pub fn upstream_names(&self) -> HashSet<&str> {
        self.upstreams.iter().map(|upstream| upstream.name.as_ref()).collect()
    }

    /// The index of an upstream by name; the default one when none is named.
    #[must_use]
    pub fn upstream(&self, name: Option<&str>) -> Option<usize> {
        match name {
            None => Some(crate::live::DEFAULT_UPSTREAM),
            Some(name) => self.upstreams.iter().position(|upstream| *upstream.name == *name),
        }
    }
}
