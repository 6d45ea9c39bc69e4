//! Whether this process should be sent traffic.

use schemars::JsonSchema;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use tokio::sync::watch;

/// Shared by the tasks that know a reason; read by `/readyz`.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    listed: AtomicBool,
    draining: watch::Sender<bool>,
    store_lost: ArcSwapOption<String>,
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotReady {
    /// No alias listing has succeeded yet.
    AliasesNotListed,
    /// The process has been told to stop.
    Draining,
}

impl Readiness {
    /// The first listing is in the table. It stays so: later failures keep the last table.
    pub fn set_listed(&self) {
        self.0.listed.store(true, Ordering::Release);
    }

    /// The process is about to stop; there is no way back.
    pub fn set_draining(&self) {
        self.0.draining.send_replace(true);
    }

    /// Returns when the process is about to stop.
    pub async fn draining(&self) {
        // The sender lives as long as this handle.
        let _ = self.0.draining.subscribe().wait_for(|draining| *draining).await;
    }

    /// Why the store does not answer. The process goes on serving, so this is no reason against sending it traffic (I6).
    #[must_use]
    pub fn store_lost(&self) -> Option<String> {
        self.0.store_lost.load().as_deref().cloned()
    }

    pub(in crate::control) fn set_store_lost(&self, reason: Option<String>) {
        self.0.store_lost.store(reason.map(Arc::new));
    }

    /// Every reason against; empty means ready.
    #[must_use]
    pub fn reasons(&self) -> Vec<NotReady> {
        let mut reasons = Vec::new();
        if !self.0.listed.load(Ordering::Acquire) {
            reasons.push(NotReady::AliasesNotListed);
        }
        if *self.0.draining.borrow() {
            reasons.push(NotReady::Draining);
        }
        reasons
    }
}

impl NotReady {
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::AliasesNotListed => "the aliases of the default upstream have not been listed yet",
            Self::Draining => "the process is stopping",
        }
    }
}
