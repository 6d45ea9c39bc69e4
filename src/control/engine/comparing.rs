//! Whether one collection can stand in for the one that an alias points at.
//!
//! Called wherever an alias is to leave a collection. The present collection is read for this comparison and for nothing else,
//! so one that cannot be read never keeps an alias from leaving it (I14): what is not known then is said instead.

use std::time::Duration;

use super::ControlError;
use crate::qdrant::{Client, Compatibility, Description, Difference, Failure};

/// How long a forced move waits for the present collection: long enough for one that is well, short enough for an outage.
const FORCED: Duration = Duration::from_secs(2);

/// What was found out before an alias moves.
#[derive(Debug, Default)]
pub(in crate::control) struct Compared {
    pub(in crate::control) differences: Vec<Difference>,
    pub(in crate::control) warnings: Vec<String>,
}

/// Compares what an alias points at with what it is to point at.
///
/// # Errors
/// When the new collection cannot be read, and without `force` also when it is red, incompatible, or when the present one
/// cannot be read.
pub(in crate::control) async fn may_move(
    client: &Client,
    alias: &str,
    present: Option<&str>,
    next: &str,
    force: bool,
) -> Result<Compared, ControlError> {
    let reading = async {
        match present {
            Some(present) if force => Some((present, client.describe_within(present, FORCED).await)),
            Some(present) => Some((present, client.describe(present).await)),
            None => None,
        }
    };
    let (old, new) = tokio::join!(reading, client.describe(next));
    let new = new?;
    let mut compared = Compared::default();
    if new.state.status == "red" {
        let why = "is red: its optimizer has failed".to_owned();
        if !force {
            return Err(ControlError::Unsuitable { collection: new.name, why, differences: Vec::new() });
        }
        compared.warnings.push(format!("`{}` {why}", new.name));
    }
    match old {
        None => {}
        Some((present, Ok(old))) => compared.differences = checked(present, &old, &new, force)?,
        Some((present, Err(failure))) if force => compared.warnings.push(unread(present, next, &failure)),
        Some((present, Err(failure))) => {
            return Err(ControlError::PresentUnread { alias: alias.to_owned(), reason: unread(present, next, &failure) });
        }
    }
    Ok(compared)
}

/// What is not known when the present collection does not answer.
pub(in crate::control) fn unread(present: &str, next: &str, failure: &Failure) -> String {
    format!("`{present}` could not be read, so it is not known whether `{next}` can stand in for it: {failure}")
}

fn checked(present: &str, old: &Description, new: &Description, force: bool) -> Result<Vec<Difference>, ControlError> {
    let found = Compatibility::of(&old.schema, &new.schema);
    if found.is_compatible() || force {
        return Ok(found.differences);
    }
    let why = found.blocking().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let why = format!("cannot stand in for `{present}`: {why}");
    Err(ControlError::Unsuitable { collection: new.name.clone(), why, differences: found.differences })
}
