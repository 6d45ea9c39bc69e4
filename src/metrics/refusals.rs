//! Requests to the admin API that were turned away before they were looked at.

use std::sync::atomic::{AtomicU64, Ordering};

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Without the token it needs.
    Unauthorized,
    ForeignHost,
    CrossSite,
    MediaType,
}

impl Refusal {
    pub const ALL: [Self; 4] = [Self::Unauthorized, Self::ForeignHost, Self::CrossSite, Self::MediaType];

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::ForeignHost => "foreign_host",
            Self::CrossSite => "cross_site",
            Self::MediaType => "media_type",
        }
    }
}

/// How often.
#[derive(Debug, Default)]
pub struct Refusals([AtomicU64; Refusal::ALL.len()]);

impl Refusals {
    pub fn count(&self, refusal: Refusal) {
        self.0[refusal as usize].fetch_add(1, Ordering::Relaxed);
    }

    #[must_use]
    pub fn get(&self, refusal: Refusal) -> u64 {
        self.0[refusal as usize].load(Ordering::Relaxed)
    }
}
