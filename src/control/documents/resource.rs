//! What everything under way answers about itself, so that code that goes over all of it needs no list of kinds.

use super::{Documents, Noun};
use crate::rollout::loss::Stake;
use crate::store::{Key, Kind};

/// A collection, with the name of its upstream where that is not the default one.
pub(in crate::control) type Place<'d> = (Option<&'d str>, &'d str);

/// Where something is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::control) struct Observations {
    /// What the names of all its counters and observations begin with.
    pub(in crate::control) prefix: String,
    /// What of it stays after its end, as long as the document does.
    pub(in crate::control) kept: Option<String>,
}

/// Implemented by the list of all nouns alone, so a type that is not on it is no [`Resource`].
pub(in crate::control) trait Listed {
    fn noun(&self) -> Noun;

    /// Of its document, under its id.
    fn kind(&self) -> Kind;
}

pub(in crate::control) trait Resource: Listed + Send + Sync {
    fn id(&self) -> &str;

    /// It has not ended.
    fn is_live(&self) -> bool;

    /// The alias that belongs to it: applications may not move it past Pointsman.
    fn held_alias(&self) -> Option<&str>;

    /// The name whose collection answers for `stable`, if it splits the traffic of one.
    fn stands_on(&self) -> Option<&str>;

    /// The collections that it needs now: none of them may be deleted. Nothing that has ended needs any.
    fn places<'d>(&'d self, documents: &'d Documents) -> Vec<Place<'d>>;

    /// What `to` lacks of what `from` has, where it is to move the alias from the one to the other, or back, and has counted that.
    fn stake_of_move(&self, alias: &str, from: &str, to: &str) -> Option<Stake>;

    /// None where nothing is counted for it.
    fn observations(&self) -> Option<Observations>;

    /// The alias whose traffic its arms get, if it has any.
    fn split_alias(&self) -> Option<&str> {
        self.stands_on()
    }

    /// The collections that are asked beside the one its alias points at, with the names of the arms. A route's variants are shown
    /// with the route.
    fn arms(&self) -> Vec<(&str, Place<'_>)> {
        Vec::new()
    }

    /// What the names of the counters that it reads now begin with.
    fn counted_under(&self) -> Option<String> {
        None
    }

    /// Under which name answers are compared for it now.
    fn compared_under(&self) -> Option<String> {
        None
    }

    fn document_key(&self) -> Key {
        Key::new(self.kind(), self.id())
    }

    /// How sentences name it.
    fn name(&self) -> String {
        format!("the {} `{}`", self.noun().title(), self.id())
    }

    /// Whether it leads to a collection of the default upstream, or of another one by name.
    fn needs(&self, documents: &Documents, upstream: Option<&str>, collection: &str) -> bool {
        let is_it = |(at, name): Place<'_>| at == upstream && name == collection;
        self.places(documents).into_iter().any(is_it) || (upstream.is_none() && self.stands_on() == Some(collection))
    }
}
