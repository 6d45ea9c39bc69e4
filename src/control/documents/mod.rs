//! What lasts of the control plane: the documents of the store, read into types. One file a kind.
//!
//! Every replica holds all of them and takes over what other replicas have changed. A body that cannot be read stops the
//! process at its start; later the process keeps the last version that it could read.
//!
//! The two lists of [`documents!`] below are the only ones. Whatever goes over everything under way (guards of the data ports,
//! references to collections, garbage collection, the leader's round, gauges) iterates [`Documents::all`] or matches [`Noun`],
//! so a noun that is forgotten somewhere does not compile.

mod alias_move;
mod canary;
mod configured;
mod departure;
mod deployment;
mod experiment;
mod kill_switch;
mod owners;
mod pages;
mod resource;
mod retirement;
mod route;
mod shadow;
mod stored;
mod token_keys;

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::store::{Delta, Document, Kind};

pub(in crate::control) use alias_move::{AliasMove, OVER, Terms};
pub(in crate::control) use canary::{CanaryDocument, Threshold, quantile};
pub(in crate::control) use configured::{Absorbed, ConfiguredRoute, Routes, absorb, writes_between};
pub(in crate::control) use departure::Departure;
pub(in crate::control) use deployment::DeploymentDocument;
pub(in crate::control) use experiment::{ExperimentDocument, ulid};
pub use kill_switch::KillSwitch;
pub(in crate::control) use owners::Owners;
pub(in crate::control) use pages::{Page, key_of_pairs, scope_of_experiment, scope_of_keys};
pub(in crate::control) use resource::{Observations, Place, Resource};
pub(in crate::control) use retirement::new_retirement_id;
pub use route::RouteDocument;
pub(in crate::control) use shadow::{ShadowDocument, Shadowed};
pub use stored::Unreadable;
pub(in crate::control) use stored::{ONLY, Stored, any_revision, json, put_new, remove, replace};
pub(in crate::control) use token_keys::TokenKeys;

use crate::rollout::retirement::Retirement;
use stored::read;

macro_rules! documents {
    (
        under way: $($(#[$noun_doc:meta])* $noun:ident in $field:ident: $resource:ty),+;
        beside: $($(#[$doc:meta])* $other:ident: $stored:ty),+;
    ) => {
        /// One version of everything that lasts. Cheap to clone.
        #[derive(Clone, Debug, Default)]
        pub(in crate::control) struct Documents {
            /// The store's revision at which this was everything.
            pub(in crate::control) revision: u64,
            $($(#[$noun_doc])* pub(in crate::control) $field: Arc<BTreeMap<String, $resource>>,)+
            $($(#[$doc])* pub(in crate::control) $other: Arc<BTreeMap<String, $stored>>,)+
        }

        /// What can be under way.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Noun {
            $($(#[$noun_doc])* $noun,)+
        }

        impl Noun {
            pub(in crate::control) const ALL: &'static [Self] = &[$(Self::$noun,)+];
        }

        impl Documents {
            fn take(&mut self, document: Document) -> Result<(), Unreadable> {
                $(if document.key.kind == <$resource>::KIND {
                    return read(Arc::make_mut(&mut self.$field), document);
                })+
                $(if document.key.kind == <$stored>::KIND {
                    return read(Arc::make_mut(&mut self.$other), document);
                })+
                // A kind of a later version.
                Ok(())
            }

            /// Everything that is under way or has ended and is still kept.
            pub(in crate::control) fn all(&self) -> impl Iterator<Item = &dyn Resource> {
                std::iter::empty::<&dyn Resource>()$(.chain(self.$field.values().map(|one| one as &dyn Resource)))+
            }
        }

        $(impl resource::Listed for $resource {
            fn noun(&self) -> Noun {
                Noun::$noun
            }

            fn kind(&self) -> Kind {
                <$resource>::KIND
            }
        })+
    };
}

documents! {
    under way:
        /// By alias.
        Route in routes: RouteDocument,
        Canary in canaries: CanaryDocument,
        Deployment in deployments: DeploymentDocument,
        Experiment in experiments: ExperimentDocument,
        Shadow in shadows: ShadowDocument,
        Retirement in retirements: Retirement;
    beside:
        /// Route definitions that were taken over from the configuration, by alias.
        configured: ConfiguredRoute,
        /// Whose an alias is, by alias.
        owners: Owners,
        /// Ids of the shadow comparisons, and of the canaries with one, by the alias whose reads they want.
        shadowed: Shadowed,
        /// Changes of aliases that are not recorded yet, by alias.
        moves: AliasMove,
        departures: Departure,
        /// One at most, under [`ONLY`].
        kill_switches: KillSwitch,
        /// One at most, under [`ONLY`].
        token_keys: TokenKeys;
}

impl Documents {
    /// With what has changed.
    ///
    /// # Errors
    /// When a document cannot be read.
    pub(in crate::control) fn after(&self, delta: Delta) -> Result<Self, Unreadable> {
        let mut next = if delta.whole { Self::default() } else { self.clone() };
        for document in delta.documents {
            next.take(document)?;
        }
        next.revision = delta.revision;
        Ok(next)
    }

    pub(in crate::control) fn kill_switch(&self) -> &KillSwitch {
        self.kill_switches.get(ONLY).unwrap_or(KillSwitch::OFF)
    }

    /// None before the first process has started with this store.
    pub(in crate::control) fn token_keys(&self) -> Option<&TokenKeys> {
        self.token_keys.get(ONLY)
    }
}

impl Noun {
    /// As in ids of documents, names of events and paths of the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::Canary => "canary",
            Self::Deployment => "deployment",
            Self::Experiment => "experiment",
            Self::Shadow => "shadow",
            Self::Retirement => "retirement",
        }
    }

    /// As in sentences.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Shadow => "shadow comparison",
            noun => noun.name(),
        }
    }
}
