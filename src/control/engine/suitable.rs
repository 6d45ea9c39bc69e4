//! Whether a collection can be used, and asked the same as another one.

use super::{ControlError, UnknownName};
use crate::qdrant::{Client, Compatibility, Description};

/// A collection that is there, green and not empty.
pub(in crate::control) async fn served(client: &Client, collection: &str) -> Result<Description, ControlError> {
    let found = client.describe(collection).await.map_err(|failure| {
        if failure.is_not_found() { ControlError::UnknownName(UnknownName::new("collection", collection)) } else { failure.into() }
    })?;
    let unsuitable = |why: String| ControlError::Unfit { collection: collection.to_owned(), why, differences: Vec::new() };
    if found.state.status != "green" {
        return Err(unsuitable(format!("is {}, not green", found.state.status)));
    }
    if found.state.points_count == 0 {
        return Err(unsuitable("is empty".to_owned()));
    }
    Ok(found)
}

/// Nothing stands in the way of asking both with the same queries.
pub(in crate::control) fn same_schema(control: &Description, arm: &Description) -> Result<(), ControlError> {
    let found = Compatibility::of(&control.schema, &arm.schema);
    let why = found.blocking().map(ToString::to_string).collect::<Vec<_>>();
    if why.is_empty() {
        return Ok(());
    }
    let why = format!("cannot be compared with `{}`: {}", control.name, why.join("; "));
    Err(ControlError::Unfit { collection: arm.name.clone(), why, differences: found.differences })
}
