//! Where values come from, which one wins, and what is said about the faulty ones.

use std::ffi::OsString;

use super::*;
use crate::config::tests::{faults, legal, load};
use crate::config::{CarrierConfig, Credentials, LogFormat, Period, Size};

fn with(yaml: &str, variables: &[(&str, &str)]) -> Config {
    load(yaml, variables, Vec::new()).unwrap_or_else(|faults| panic!("refused: {faults:#?}"))
}

fn texts(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}

#[test]
fn every_kind_of_value_is_read_from_a_file() {
    let config = legal(
        "listen: {rest: '[::1]:1', max_head_bytes: 16KiB}\nworkers: 2\nfallback: {enabled: false}\nretry: {budget_ratio: 1}\n\
         log: {format: json}\nupstreams: {default: {rest_url: 'http://q', credentials: replace, api_key: '1e5'}}\n\
         identity: {carriers: [{query: u}], anonymous: stable, force_header: x-force-variant}\nstore: {url: 'memory:'}\n",
    );
    assert_eq!(config.listen.rest.to_string(), "[::1]:1");
    assert_eq!(config.listen.max_head_bytes, Size::from_kib(16));
    assert_eq!((config.workers, config.fallback.enabled, config.retry.budget_ratio), (2, false, 1.0));
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.upstreams["default"].credentials, Credentials::Replace);
    assert_eq!(config.upstreams["default"].api_key.as_ref().map(super::super::Secret::expose), Some("1e5"));
    assert_eq!(config.identity.carriers, [CarrierConfig::Query("u".into())]);
    assert_eq!(config.store.url.to_string(), "memory:");
}

#[test]
fn variables_reach_every_depth_and_kind() {
    let config = with(
        "upstreams: {default: {}, Eu-West: {rest_url: 'http://eu'}}",
        &[
            ("POINTSMAN__LISTEN__REST", "127.0.0.1:1"),
            ("POINTSMAN__WORKERS", "3"),
            ("POINTSMAN__FALLBACK__ENABLED", "false"),
            ("POINTSMAN__TIMEOUTS__TOTAL", "10s"),
            ("POINTSMAN__UPSTREAMS__DEFAULT__API_KEY", "00123"),
            ("POINTSMAN__UPSTREAMS__EU_WEST__GRPC_CONNECTIONS", "5"),
            ("POINTSMAN__IDENTITY__CARRIERS", "[{cookie: uid}]"),
            ("POINTSMAN__ROUTES__Docs", "{variants: [{name: stable, weight: 1}, {name: b, weight: 1, collection: c}]}"),
            ("POINTSMAN_CONFIG", "is not a key"),
            ("PATH", "neither"),
        ],
    );
    assert_eq!((config.listen.rest.port(), config.workers, config.fallback.enabled), (1, 3, false));
    assert_eq!(config.timeouts.total, Period::from_secs(10));
    assert_eq!(config.upstreams["default"].api_key.as_ref().map(super::super::Secret::expose), Some("00123"));
    assert_eq!(config.upstreams["Eu-West"].grpc_connections, 5);
    assert_eq!(config.identity.carriers, [CarrierConfig::Cookie("uid".into())]);
    assert_eq!(config.routes["Docs"].variants.len(), 2);
}

#[test]
fn a_variable_wins_over_the_file_and_a_flag_over_both() {
    let flag = Override { flag: "--workers", keys: &["workers"], value: "3".into() };
    let workers = |variables: &[(&str, &str)], flags| load("workers: 1", variables, flags).expect("legal").workers;
    assert_eq!(workers(&[], vec![]), 1);
    assert_eq!(workers(&[("POINTSMAN__WORKERS", "2")], vec![]), 2);
    assert_eq!(workers(&[("POINTSMAN__WORKERS", "2")], vec![flag]), 3);
}

#[test]
fn a_section_in_a_variable_is_laid_over_the_file_key_by_key() {
    let variables = [("POINTSMAN__TIMEOUTS", "{connect: 1s, total: 9s}"), ("POINTSMAN__TIMEOUTS__TOTAL", "8s")];
    let timeouts = with("timeouts: {idle_rest: 3s, connect: 4s}", &variables).timeouts;
    assert_eq!((timeouts.idle_rest, timeouts.connect, timeouts.total), (Period::from_secs(3), Period::from_secs(1), Period::from_secs(8)));
}

#[test]
fn an_empty_variable_unsets_an_optional_key() {
    assert_eq!(with("admin: {token: t}", &[("POINTSMAN__ADMIN__TOKEN", "")]).admin.token, None);
}

#[test]
fn one_url_follows_from_the_other() {
    let urls = |yaml: &str| {
        let upstream = legal(yaml).upstreams["default"].clone();
        (upstream.rest_url.to_string(), upstream.grpc_url.to_string())
    };
    let at = |rest: &str, grpc: &str| (rest.to_owned(), grpc.to_owned());
    assert_eq!(urls("upstreams: {default: {rest_url: 'https://q'}}"), at("https://q", "https://q:6334"));
    assert_eq!(urls("upstreams: {default: {grpc_url: 'http://q:6334'}}"), at("http://q:6333", "http://q:6334"));
    assert_eq!(urls("upstreams: {default: {api_key: k}}"), at("http://127.0.0.1:6333", "http://127.0.0.1:6334"));
    let flag = Override { flag: "--qdrant-url", keys: &["upstreams", "default", "rest_url"], value: "http://q:6333".into() };
    let config = load("", &[], vec![flag]).expect("legal");
    assert_eq!(config.upstreams["default"].grpc_url.to_string(), "http://q:6334");
}

#[test]
fn all_faults_are_found_at_once_each_with_its_place() {
    let yaml = "listen:\n  rest: here\n  grcp: 127.0.0.1:1\nworkers: many\nretry:\n  budget_ratio: 7\nroutes:\n  docs:\n    variants:\n      - {name: stable, weight: heavy}\n      - {name: new, weight: 1, colection: c}\n";
    let variables = [("POINTSMAN__LOG__LEVEL", "inof"), ("POINTSMAN__LISTN", "1")];
    let flag = Override { flag: "--qdrant-url", keys: &["upstreams", "default", "rest_url"], value: "q:6333".into() };
    let found = texts(&load(yaml, &variables, vec![flag]).expect_err("faulty"));
    let expected = [
        ("listen.rest: `here` is not an IP address and a port", ".yaml:2:9)"),
        ("listen.grcp: is not a known key; did you mean `grpc`?", ".yaml:3:9)"),
        ("workers: expected a whole number, found the text \"many\"", ".yaml:4:10)"),
        ("retry.budget_ratio: must be between 0 and 1, not 7", ".yaml:6:17)"),
        ("routes.docs.variants[0].weight: expected a number, found the text \"heavy\"", ".yaml:10:32)"),
        ("routes.docs.variants[1].colection: is not a known key; did you mean `collection`?", ".yaml:11:43)"),
        ("log.level: `inof` is no level", "(in the environment variable POINTSMAN__LOG__LEVEL)"),
        ("listn: is not a known key; did you mean `listen`?", "(in the environment variable POINTSMAN__LISTN)"),
        ("upstreams.default.rest_url: `q:6333` must begin with http:// or https://", "(in the flag --qdrant-url)"),
    ];
    for (start, end) in expected {
        assert!(found.iter().any(|fault| fault.starts_with(start) && fault.ends_with(end)), "no `{start} … {end}` in {found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[test]
fn a_fault_does_not_beget_others() {
    let route = "variants: [{name: stable, weight: 1}, {name: b, weight: 1, collection: c, upstream: eu}]";
    let found = faults(&format!("upstreams: {{default: {{}}, eu: {{rest_url: 1}}}}\nroutes: {{docs: {{{route}}}}}"));
    assert_eq!(found, ["upstreams.eu.rest_url: expected a URL such as http://127.0.0.1:6333, found integer `1`"]);
    assert_eq!(faults("upstreams: 1"), ["upstreams: expected keys and values, found a single value"]);
}

#[test]
fn shapes_are_named_when_they_are_wrong() {
    assert_eq!(faults("listen: [1]"), ["listen: expected keys and values, found a list"]);
    assert_eq!(faults("listen: {rest: {a: 1}}"), ["listen.rest: expected a text, found keys and values"]);
    assert_eq!(faults("listen: {rest: }"), ["listen.rest: expected a text, found nothing"]);
    assert_eq!(faults("log: {format: xml}"), ["log.format: unknown variant `xml`, expected `text` or `json`"]);
    assert_eq!(faults("timeouts: {total: 5}").len(), 1);
    assert_eq!(faults("fallback: {enabled: yes}"), ["fallback.enabled: expected true or false, found the text \"yes\""]);
    assert_eq!(faults("- 1"), [": is no configuration: expected sections such as `listen:`"]);
    assert_eq!(faults("colours: {}").len(), 1);
}

#[test]
fn what_is_no_yaml_is_said_with_its_place() {
    for yaml in ["listen: {rest: ", "a: 1\na: 2", "listen: }", "a: *nobody", "a: 1\n---\nb: 2"] {
        let found = load(yaml, &[], Vec::new()).expect_err(yaml);
        assert!(found[0].reason.starts_with("is not legal YAML: "), "{found:#?}");
        assert!(matches!(found[0].origin, Origin::File { line: 1.., .. }), "{found:#?}");
    }
}

#[test]
fn a_fault_in_a_secret_does_not_show_it() {
    let found = texts(&load("upstreams: {default: {api_key: 424242}}\nadmin: {token: [424242]}", &[], Vec::new()).expect_err("faulty"));
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(!found.concat().contains("424242"), "{found:#?}");
}

#[test]
fn a_file_that_is_not_there_is_a_fault_when_it_was_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let found = Config::load(&Source::of_file(directory.path().join("none.yaml"))).expect_err("not there");
    assert!(found[0].to_string().contains("cannot be read") && found[0].to_string().contains("none.yaml"), "{found:?}");
}

#[test]
fn variables_that_name_no_key_are_faults() {
    let found = texts(
        &load("listen: 5", &[("POINTSMAN__", "1"), ("POINTSMAN__A____B", "1"), ("POINTSMAN__LISTEN__REST", "x")], Vec::new())
            .expect_err("faulty"),
    );
    assert_eq!(found.iter().filter(|fault| fault.contains("names no key")).count(), 2, "{found:#?}");
    assert!(found.iter().any(|fault| fault.starts_with("listen: is set to a single value, so no key inside it")), "{found:#?}");
}

#[test]
fn a_variable_that_is_no_text_is_a_fault() {
    use std::os::unix::ffi::OsStringExt;
    let broken = OsString::from_vec(vec![0xff]);
    let found = Config::load(&Source::default().with_environment([("POINTSMAN__WORKERS", broken)])).expect_err("faulty");
    assert_eq!(texts(&found), ["workers: is not UTF-8 (in the environment variable POINTSMAN__WORKERS)"]);
}

#[test]
fn a_variable_with_broken_yaml_names_the_variable() {
    let found = texts(&load("", &[("POINTSMAN__IDENTITY__CARRIERS", "[{")], Vec::new()).expect_err("faulty"));
    assert!(
        found[0].starts_with("identity.carriers: is not legal YAML: ") && found[0].contains("POINTSMAN__IDENTITY__CARRIERS"),
        "{found:#?}"
    );
}

#[test]
fn the_fingerprint_is_of_the_content() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("pointsman.yaml");
    let source = Source::of_file(&file);
    let absent = source.fingerprint();
    std::fs::write(&file, "workers: 1").expect("written");
    let one = Config::load(&source).expect("legal").fingerprint;
    assert_eq!(source.fingerprint(), one);
    std::fs::write(&file, "workers: 2").expect("written");
    assert!(source.fingerprint() != one && absent != one);
}

#[test]
fn a_port_of_ones_own_leaves_nothing_to_guess() {
    let found = faults("upstreams: {default: {rest_url: 'http://db:16333'}}");
    assert_eq!(found, ["upstreams.default.grpc_url: is missing: rest_url has port 16333, so grpc_url's cannot be guessed"]);
    let found = faults("upstreams: {default: {grpc_url: 'http://db:16334'}}");
    assert_eq!(found, ["upstreams.default.rest_url: is missing: grpc_url has port 16334, so rest_url's cannot be guessed"]);
    assert_eq!(legal("upstreams: {default: {rest_url: 'http://db:6333'}}").upstreams["default"].grpc_url.to_string(), "http://db:6334");
}
