//! What a rollout rests on: an alias that points where it pointed, and collections that are there. Looked at again at every
//! look, since others may change both in Qdrant itself.

use crate::qdrant::Listing;

/// What has to be in a listing for a rollout to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis<'a> {
    /// None where a rollout has no alias.
    pub alias: Option<&'a str>,
    /// Where the alias has to point; none where it only has to be there.
    pub target: Option<&'a str>,
    /// Of the upstream that is listed.
    pub collections: Vec<&'a str>,
}

/// What is not as a rollout needs it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BasisFault {
    /// No reason to end anything, and none to go further.
    #[error("where the aliases point is not known: {0}")]
    Unknown(String),
    #[error("Qdrant has no alias `{0}` any more")]
    AliasMissing(String),
    #[error("the alias `{alias}` was moved to `{found}` by another client; this rollout needs it at `{wanted}`")]
    AliasMoved { alias: String, found: String, wanted: String },
    #[error("Qdrant has no collection `{0}` any more")]
    CollectionMissing(String),
}

impl Basis<'_> {
    /// # Errors
    /// The first thing that is not as it has to be. A collection that is gone has taken its aliases along, so it comes first.
    pub fn check(&self, listing: &Listing) -> Result<(), BasisFault> {
        if let Some(missing) = self.collections.iter().find(|name| !listing.collections.contains(**name)) {
            return Err(BasisFault::CollectionMissing((*missing).to_owned()));
        }
        let Some(alias) = self.alias else { return Ok(()) };
        match (listing.aliases.get(alias), self.target) {
            (None, _) => Err(BasisFault::AliasMissing(alias.to_owned())),
            (Some(found), Some(wanted)) if found != wanted => {
                Err(BasisFault::AliasMoved { alias: alias.to_owned(), found: found.clone(), wanted: wanted.to_owned() })
            }
            (Some(_), _) => Ok(()),
        }
    }
}

impl BasisFault {
    /// Something is missing or elsewhere, though it may come back.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown(_))
    }

    /// Ends a rollout, once it is certain. The others only hold it: they may pass.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::AliasMoved { .. } | Self::CollectionMissing(_))
    }
}
