//! The table compared with Qdrant's own list, and the path rules with Qdrant's treatment of odd paths.

use std::collections::HashSet;

use http::Method;
use proptest::prelude::*;

use super::*;
use crate::protocol::{Class, Read};

fn at(method: &str, path: &str) -> Option<(&'static str, Option<String>)> {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    locate(&method, path).map(|located| (located.operation.name, located.name.map(|name| name.decoded.into_owned())))
}

#[test]
fn finds_operations_and_names() {
    let named = |operation, name: &str| Some((operation, Some(name.to_owned())));
    assert_eq!(at("POST", "/collections/docs/points/query"), named("points.query", "docs"));
    assert_eq!(at("PUT", "/collections/docs/points"), named("points.upsert", "docs"));
    assert_eq!(at("POST", "/collections/docs/points"), named("points.retrieve", "docs"));
    assert_eq!(at("GET", "/collections/docs/points/17"), named("points.retrieve_one", "docs"));
    assert_eq!(at("POST", "/collections/docs/facet"), named("points.facet", "docs"));
    assert_eq!(at("GET", "/collections/aliases"), None);
    assert_eq!(at("POST", "/collections/aliases"), Some(("aliases.update", None)));
    assert_eq!(at("GET", "/collections"), Some(("collections.list", None)));
    assert_eq!(at("GET", "/"), Some(("service.version", None)));
    assert_eq!(at("DELETE", "/collections/docs/index/a.b[].c"), named("index.delete", "docs"));
    assert_eq!(at("GET", "/dashboard/assets/app.js"), Some(("service.dashboard", None)));
    assert_eq!(at("HEAD", "/collections/docs"), None);
    assert_eq!(at("GET", "/nothing/like/it"), None);
}

#[test]
fn reads_paths_as_qdrant_does() {
    let query = |name: &str| Some(("points.query", Some(name.to_owned())));
    assert_eq!(at("POST", "//collections//docs//points/query/"), query("docs"));
    assert_eq!(at("POST", "/%63ollections/d%6Fcs/points/%71uery"), query("docs"));
    assert_eq!(at("POST", "/collections/docs@@u=42/points/query"), query("docs@@u=42"));
    assert_eq!(at("POST", "/collections/%C5%BC%C3%B3%C5%82w/points/query"), query("żółw"));
    // An encoded slash never separates; Qdrant refuses the name.
    assert_eq!(at("POST", "/collections/a%2Fb/points/query"), query("a/b"));
    // Not text: forwarded unchanged.
    assert_eq!(at("POST", "/collections/%FF/points/query"), None);
    assert_eq!(at("POST", "/collections/%zz/points/query"), query("%zz"));
    assert_eq!(at("GET", "//"), Some(("service.version", None)));
}

#[test]
fn ranges_are_those_of_the_raw_path() {
    let path = "//collections///d%6Fcs//points/query";
    let name = locate(&Method::POST, path).and_then(|located| located.name).expect("a name");
    assert_eq!(&path[name.range], "d%6Fcs");
}

#[test]
fn only_reads_of_points_are_split() {
    for operation in OPERATIONS {
        if operation.reads.is_some() {
            assert_eq!(operation.class, Class::Read, "{}", operation.name);
            assert_eq!(operation.names, Names::Resolved, "{}", operation.name);
        }
        assert!(operation.hits.is_none() || operation.reads == Some(Read::Search), "{} has hits but is no search", operation.name);
        assert!(!(operation.repeatable() && operation.renames), "{} cannot be both", operation.name);
        assert!(operation.lookups.is_empty() || operation.reads == Some(Read::Search), "{} looks up but is no search", operation.name);
        assert!(!operation.rest.is_empty() || !operation.grpc.is_empty(), "{} can never be asked for", operation.name);
    }
}

/// A row that changes its kind changes which collection answers: the change must be intended.
#[test]
fn bookkeeping_is_what_looks_up_lists_and_counts() {
    let of = |read: Read| OPERATIONS.iter().filter(|o| o.reads == Some(read)).map(|o| o.name).collect::<Vec<_>>();
    assert_eq!(of(Read::Bookkeeping), ["points.retrieve_one", "points.retrieve", "points.scroll", "points.count", "points.facet"]);
    let families = ["points.query", "points.search", "points.recommend", "points.discover"];
    let searches = of(Read::Search);
    assert_eq!(searches.len(), 13);
    assert!(searches.iter().all(|name| families.iter().any(|family| name.starts_with(family))), "{searches:?}");
}

#[test]
fn names_and_paths_are_unique() {
    let unique = |all: Vec<String>| assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    unique(OPERATIONS.iter().map(|operation| operation.name.to_owned()).collect());
    unique(OPERATIONS.iter().flat_map(|o| o.rest.iter().map(|(method, path)| format!("{method} {path}"))).collect());
    unique(OPERATIONS.iter().flat_map(|o| o.grpc.iter().map(|&path| path.to_owned())).collect());
}

#[test]
fn every_rest_row_can_be_reached() {
    for operation in OPERATIONS {
        for (method, path) in operation.rest {
            let path = path.replace("{c}", "docs").replace("{*file}", "a/b");
            let path = path.split('/').map(|part| if part.starts_with('{') { "x1" } else { part }).collect::<Vec<_>>().join("/");
            let found = at(method, &path).unwrap_or_else(|| panic!("{method} {path} is not found"));
            assert_eq!(found.0, operation.name, "{method} {path}");
            assert_eq!(found.1.is_some(), operation.is_named());
        }
    }
}

#[test]
fn eight_grpc_methods_name_no_collection() {
    let unnamed: Vec<_> =
        OPERATIONS.iter().filter(|o| !o.is_named()).flat_map(|o| o.grpc).filter(|path| !path.contains("reflection")).collect();
    assert_eq!(unnamed.len(), 8, "{unnamed:?}");
    assert_eq!(grpc("/qdrant.Points/Query").map(|operation| operation.name), Some("points.query"));
    assert_eq!(grpc("/qdrant.Points/Nothing"), None);
}

proptest! {
    #[test]
    fn any_path_is_read_without_panic(path in "(/|%2F|%|[a-z%./@]|collections|points|query){0,12}") {
        let path = format!("/{path}");
        if let Some(Located { name: Some(name), .. }) = locate(&Method::POST, &path) {
            prop_assert!(path.get(name.range).is_some());
        }
    }

    /// Any name put into any path form comes out unchanged.
    #[test]
    fn every_name_survives(name in "[^/\0]{1,40}", extra in 0_usize..3) {
        let encoded = percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC).to_string();
        let slashes = "/".repeat(extra + 1);
        let path = format!("{slashes}collections{slashes}{encoded}{slashes}points/query{}", "/".repeat(extra));
        let located = locate(&Method::POST, &path).expect("a query");
        prop_assert_eq!(located.name.expect("a name").decoded, name);
    }
}

#[test]
fn a_target_in_origin_form_has_a_path() {
    for (uri, target) in
        [("http://h?x=1", "/?x=1"), ("http://h", "/"), ("http://h/a%20b?c", "/a%20b?c"), ("/a//b/?c=/d", "/a//b/?c=/d"), ("*", "*")]
    {
        assert_eq!(origin_form(&uri.parse().expect("a URI")), target, "{uri}");
    }
}
