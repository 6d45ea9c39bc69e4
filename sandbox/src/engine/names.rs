//! Qdrant's rules for names: strict for what is made, lenient for what may have been made long ago.

use super::error::{EngineError, EngineResult};

const FORBIDDEN_IN_NEW: [char; 11] = ['<', '>', ':', '"', '/', '\\', '|', '?', '*', '\0', '\u{1F}'];
const FORBIDDEN_ANYWHERE: [char; 2] = ['/', '\0'];
const MAX_LENGTH: usize = 255;

/// Checks the name of a collection that is to be made.
pub fn check_new(place: &str, name: &str) -> EngineResult<()> {
    check(place, name, forbidden_in_new(name))
}

/// Checks the name of a collection or alias in any other call.
pub fn check_existing(place: &str, name: &str) -> EngineResult<()> {
    check(place, name, FORBIDDEN_ANYWHERE.into_iter().find(|c| name.contains(*c)))
}

/// The first character that no new name may have.
pub(super) fn forbidden_in_new(name: &str) -> Option<char> {
    FORBIDDEN_IN_NEW.into_iter().find(|c| name.contains(*c))
}

fn check(place: &str, name: &str, forbidden: Option<char>) -> EngineResult<()> {
    let rule = if name.is_empty() || name.chars().count() > MAX_LENGTH {
        format!("value {name:?} invalid, must be from 1 to {MAX_LENGTH} characters")
    } else if let Some(bad) = forbidden {
        format!("collection name cannot contain \"{bad}\" char")
    } else {
        return Ok(());
    };
    Err(EngineError::validation(place, "collection_name", rule))
}
