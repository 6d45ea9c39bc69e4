//! Keys that mean something else than in the version before: those that an operator has left out, and whose default is
//! another, and those that are written out with the old meaning in mind.
//!
//! `check` and the start of `serve` tell what follows: traffic of an upgraded Pointsman must not move without a word.

use super::Config;
use crate::routing::{Anonymous, RouteSpec, SplitPolicy, SplitReads};

/// What holds for `routes` and the upstreams otherwise than in the version before. Empty where all of it was said.
pub fn unsaid<'a>(config: &Config, routes: &(impl Iterator<Item = (&'a String, &'a RouteSpec)> + Clone)) -> Vec<String> {
    let mut warnings = Vec::new();
    let those = |left_out: &dyn Fn(&RouteSpec) -> bool| {
        let names: Vec<String> = routes.clone().filter(|(_, route)| left_out(route)).map(|(alias, _)| format!("`{alias}`")).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    if config.identity.anonymous.is_none()
        && let Some(names) = those(&|route| route.anonymous.is_none())
    {
        warnings.push(format!(
            "requests without a user id go to stable on {names}, because neither the route nor the configuration says otherwise; \
             earlier versions split them. Set `identity.anonymous: random` to split them (searches only), or `identity.anonymous: stable` to \
             keep them on stable and end this warning"
        ));
    }
    if config.aliases.split.is_none()
        && let Some(names) = those(&|route| route.split.is_none())
    {
        warnings.push(format!(
            "only searches are split on {names}: retrieve by id, scroll, count and facet go to stable; earlier versions \
             split them too. Set `aliases.split: all` to split those of requests with a user id (without one they stay on stable), or \
             `aliases.split: searches` to keep all of them on stable and end this warning"
        ));
    }
    let split = |route: &RouteSpec| config.split_policy().with(route.anonymous, route.split);
    let everything = SplitPolicy { anonymous: Anonymous::Random, reads: SplitReads::All };
    if let Some(names) = those(&|route| split(route) == everything) {
        warnings.push(format!(
            "retrieve by id, scroll, count and facet without a user id go to stable on {names}, also with `anonymous: random` and \
             `split: all`; earlier versions split them"
        ));
    }
    if config.identity.carriers.is_empty()
        && let Some(names) = those(&|route| split(route).anonymous == Anonymous::Stable)
    {
        warnings.push(format!(
            "no request is split on {names}: `identity.carriers` is empty, so no request has a user id, and requests without one go to \
             stable. Name where the user id is in `identity.carriers`, or set `identity.anonymous: random`"
        ));
    }
    warnings.extend(config.upstreams.iter().filter(|(_, upstream)| upstream.grpc_connections > 1).map(|(name, upstream)| {
        format!(
            "`upstreams.{name}.grpc_connections: {}` is now the least number of connections of each worker; in earlier versions it \
             was the most. More are opened under load: leave it out, unless large streams are to use more of Qdrant's threads",
            upstream.grpc_connections
        )
    }));
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::legal;

    fn told(yaml: &str) -> Vec<String> {
        let route = "variants: [{name: stable, weight: 9}, {name: new, weight: 1, collection: docs_v2}]";
        let config = legal(&yaml.replace("ROUTE", route));
        unsaid(&config, &config.routes.iter())
    }

    #[test]
    fn routes_that_do_not_say_what_they_split_are_told() {
        let told = told("routes: {docs: {ROUTE}, news: {ROUTE, anonymous: random}, both: {ROUTE, anonymous: stable, split: all}}");
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("requests without a user id go to stable on `docs`, because"), "{told:?}");
        assert!(told[1].starts_with("only searches are split on `docs`, `news`: "), "{told:?}");
    }

    #[test]
    fn what_was_said_is_not_told() {
        assert_eq!(told("{}"), Vec::<String>::new(), "there is nothing to split");
        assert_eq!(told("routes: {docs: {ROUTE, anonymous: stable, split: searches}}"), Vec::<String>::new());
        let config = "identity: {anonymous: stable}\naliases: {split: searches}\nroutes: {docs: {ROUTE}}";
        assert_eq!(told(config), Vec::<String>::new());
    }

    #[test]
    fn a_split_that_no_request_can_reach_is_told() {
        let none = "identity: {carriers: [], anonymous: stable}\naliases: {split: all}\nroutes: {docs: {ROUTE}}";
        assert!(told(none)[0].starts_with("no request is split on `docs`: `identity.carriers` is empty"), "{:?}", told(none));
        let by_chance = none.replace("anonymous: stable", "anonymous: random").replace("split: all", "split: searches");
        assert_eq!(told(&by_chance), Vec::<String>::new());
    }

    #[test]
    fn bookkeeping_without_a_user_id_is_told_where_all_is_to_be_split_by_chance() {
        let routes = "routes: {docs: {ROUTE, split: all}, news: {ROUTE, split: searches}, both: {ROUTE, anonymous: stable, split: all}}";
        let told = told(&format!("identity: {{anonymous: random}}\n{routes}"));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("retrieve by id, scroll, count and facet without a user id go to stable on `docs`, also"), "{told:?}");
    }

    #[test]
    fn a_number_of_connections_that_was_the_most_is_told() {
        let told = told("upstreams: {default: {grpc_connections: 2}, eu: {rest_url: 'http://eu', grpc_connections: 1}}");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("`upstreams.default.grpc_connections: 2` is now the least"), "{told:?}");
    }
}
