//! Where the store is. Its text may hold a password, so it is compared but never shown.

use std::fmt;
use std::str::FromStr;

use crate::store::{StoreUrl, StoreUrlFault};

const DEFAULT: &str = "data/pointsman.db";

#[derive(Clone)]
pub struct StoreAddress {
    text: String,
    location: StoreUrl,
}

impl StoreAddress {
    #[must_use]
    pub fn location(&self) -> &StoreUrl {
        &self.location
    }
}

impl FromStr for StoreAddress {
    type Err = StoreUrlFault;

    fn from_str(text: &str) -> Result<Self, StoreUrlFault> {
        Ok(Self { text: text.to_owned(), location: text.parse()? })
    }
}

impl Default for StoreAddress {
    fn default() -> Self {
        Self { text: DEFAULT.to_owned(), location: StoreUrl::File(DEFAULT.into()) }
    }
}

impl PartialEq for StoreAddress {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for StoreAddress {}

/// Without a password, as the store itself shows it.
impl fmt::Display for StoreAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.location.fmt(formatter)
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

super::as_text!(StoreAddress, "a path such as data/pointsman.db, postgres://user:password@host/database, or memory:", "\\S");
