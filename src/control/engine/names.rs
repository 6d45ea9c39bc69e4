//! Names in requests: which are there, and which are meant.
//!
//! Asked before anything is answered, so that a typo is a refusal and not a rollout that fails a moment later. A collection is
//! named by its own name: an alias in its place would be another collection tomorrow.

use super::{ControlError, Engine, UnknownName};
use crate::config::{DEFAULT_UPSTREAM as DEFAULT_NAME, nearest};
use crate::live::DEFAULT_UPSTREAM;
use crate::qdrant::Listing;
use crate::routing::SpecFault;

/// A collection that a request names.
pub(in crate::control) struct Named<'a> {
    /// The field of the request.
    pub(in crate::control) field: String,
    /// None: the default one.
    pub(in crate::control) upstream: Option<&'a str>,
    pub(in crate::control) collection: &'a str,
}

impl<'a> Named<'a> {
    pub(in crate::control) fn new(field: impl Into<String>, upstream: Option<&'a str>, collection: &'a str) -> Self {
        Self { field: field.into(), upstream: upstream.filter(|upstream| *upstream != DEFAULT_NAME), collection }
    }
}

impl Engine {
    /// The alias is there, and so are the collections. What the last listing has is believed; what it lacks is asked of
    /// Qdrant.
    ///
    /// # Errors
    /// When one of them is not, or is an alias, and when Qdrant does not answer.
    pub(in crate::control) async fn resolve(&self, alias: Option<&str>, named: &[Named<'_>]) -> Result<(), ControlError> {
        let plan = self.plan();
        let here = |listing: &Listing| {
            alias.map_or(Ok(()), |alias| known_alias(listing, alias).map(drop))?;
            named.iter().filter(|named| named.upstream.is_none()).try_for_each(|named| known(listing, named))
        };
        if here(&self.state().listing).is_err() {
            let outcome = plan.client(DEFAULT_UPSTREAM)?.list().await;
            self.take_listing(&plan, &outcome).await;
            here(&outcome?)?;
        }
        for named in named.iter().filter(|named| named.upstream.is_some()) {
            // One that is not configured is a fault of its own.
            let Some(upstream) = plan.upstream(named.upstream) else { continue };
            known(&plan.client(upstream)?.list().await?, named)?;
        }
        Ok(())
    }
}

/// Where the alias points.
///
/// # Errors
/// When there is none of this name.
pub(in crate::control) fn known_alias<'l>(listing: &'l Listing, alias: &str) -> Result<&'l str, ControlError> {
    let found = listing.aliases.get(alias).map(String::as_str);
    found.ok_or_else(|| unknown("alias", alias, listing.aliases.keys()))
}

/// # Errors
/// When there is no collection of this name, or it is an alias's.
pub(in crate::control) fn known(listing: &Listing, named: &Named<'_>) -> Result<(), ControlError> {
    let name = named.collection;
    if listing.collections.contains(name) {
        return Ok(());
    }
    if let Some(target) = listing.aliases.get(name) {
        let reason = format!("`{name}` is an alias of `{target}`; name the collection itself");
        return Err(ControlError::Invalid(vec![SpecFault::new(&named.field, reason)]));
    }
    Err(unknown("collection", name, &listing.collections))
}

fn unknown<'n>(kind: &'static str, name: &str, there: impl IntoIterator<Item = &'n String>) -> ControlError {
    let meant = nearest(name, there.into_iter().map(String::as_str)).map(str::to_owned);
    UnknownName { kind, name: name.to_owned(), meant }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::testing::listing;

    #[test]
    fn what_is_meant_is_said() {
        let listing = listing(&[("docs", "docs_v1")], &["docs_v1", "docs_v2"]);
        let said = |name: &str| known(&listing, &Named::new("collection", None, name)).map_err(|error| error.to_string());
        assert_eq!(said("docs_v2"), Ok(()));
        assert_eq!(said("docs"), Err("collection: `docs` is an alias of `docs_v1`; name the collection itself".to_owned()));
        assert_eq!(said("dcos_v2"), Err("Qdrant has no collection `dcos_v2`; did you mean `docs_v2`?".to_owned()));
        assert_eq!(said("elsewhere"), Err("Qdrant has no collection `elsewhere`".to_owned()));
        let alias = known_alias(&listing, "dcos").map_err(|error| error.to_string());
        assert_eq!(alias, Err("Qdrant has no alias `dcos`; did you mean `docs`?".to_owned()));
    }
}
