//! What the tests of this room and of `admin` share.

mod fake_qdrant;

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use crate::config::{Config, Loaded};
use crate::control::{Caller, Control, Parts, Role, StartError};
use crate::metrics::Registry;
use crate::qdrant::Listing;
use crate::routing::{RouteSpec, STABLE, VariantSpec};

pub(crate) use fake_qdrant::FakeQdrant;

/// A route of these variants and weights; every one but `stable` is answered by the collection `<name>_v2`.
pub(crate) fn spec(variants: &[(&str, f64)]) -> RouteSpec {
    let variant = |(name, weight): &(&str, f64)| VariantSpec {
        name: (*name).to_owned(),
        weight: *weight,
        collection: (*name != STABLE).then(|| format!("{name}_v2")),
        upstream: None,
    };
    RouteSpec { variants: variants.iter().map(variant).collect(), salt: None, anonymous: None, split: None }
}

/// The default configuration, without a file on disk.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    config.store.url = "memory:".parse().expect("a legal address");
    config
}

/// The same, with routes kept in `directory`.
pub(crate) fn config_in(directory: &Path) -> Config {
    let mut config = Config::default();
    config.store.url = directory.join("pointsman.db").display().to_string().parse().expect("a legal address");
    config
}

pub(crate) fn loaded(config: Config) -> Loaded {
    Loaded { config, file: None, fingerprint: "first".to_owned() }
}

pub(crate) async fn start(config: Config) -> Result<Parts<impl Future<Output = ()> + Send>, StartError> {
    Control::start(&loaded(config), Arc::new(Registry::new(2, 10))).await
}

pub(crate) fn caller() -> Caller {
    Caller::new("test", Role::Admin)
}

/// A control plane that lists nothing by itself; listings are given to it by [`list`].
pub(crate) async fn control(config: Config) -> Control {
    start(config).await.expect("the configuration is legal").control
}

pub(crate) fn listing(aliases: &[(&str, &str)], collections: &[&str]) -> Listing {
    Listing {
        aliases: aliases.iter().map(|(alias, collection)| ((*alias).to_owned(), (*collection).to_owned())).collect(),
        collections: collections.iter().map(|name| (*name).to_owned()).collect(),
    }
}

pub(crate) async fn list(control: &Control, listing: Listing) {
    assert!(control.engine.take_listing(&control.plan(), &Ok(listing)).await, "the plan is the one in force");
}
