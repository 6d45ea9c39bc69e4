mod schema;

use std::io::Write;

use proptest::prelude::*;

use super::*;

/// Loads `yaml` as a file, with these variables and flags over it.
pub(super) fn load(yaml: &str, variables: &[(&str, &str)], overrides: Vec<Override>) -> Result<Config, Vec<Fault>> {
    let mut file = tempfile::Builder::new().prefix("pointsman").suffix(".yaml").tempfile().expect("a temporary file");
    file.write_all(yaml.as_bytes()).expect("written");
    let source = Source::of_file(file.path()).with_environment(variables.iter().copied()).with_overrides(overrides);
    Config::load(&source).map(|loaded| loaded.config)
}

pub(super) fn legal(yaml: &str) -> Config {
    load(yaml, &[], Vec::new()).unwrap_or_else(|faults| panic!("{yaml}\nis refused: {faults:#?}"))
}

/// The faults as `key: reason`.
pub(super) fn faults(yaml: &str) -> Vec<String> {
    match load(yaml, &[], Vec::new()) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.into_iter().map(|fault| format!("{}: {}", fault.key, fault.reason)).collect(),
    }
}

#[test]
fn nothing_said_is_the_default() {
    assert_eq!(Config::load(&Source::default()).expect("the default is legal").config, Config::default());
    assert_eq!(legal(""), Config::default());
    assert_eq!(legal("# nothing but words\n"), Config::default());
    assert_eq!(legal("listen:\nroutes:\n  # docs: {}\n"), Config::default());
}

#[test]
fn the_shipped_file_says_the_default() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/config/pointsman.yaml");
    assert_eq!(Config::load(&Source::of_file(shipped)).expect("the shipped file is legal").config, Config::default());
}

#[test]
fn the_shipped_file_names_every_key() {
    let shipped = include_str!("../../config/pointsman.yaml");
    let yaml = serde_saphyr::to_string(&Config::default()).expect("the default can be written");
    let keys = yaml.lines().filter_map(|line| line.trim_start_matches([' ', '-']).split_once(':')).map(|(key, _)| key);
    for key in keys.chain([
        "tls",
        "cert_file",
        "key_file",
        "api_key",
        "ca_file",
        "force_header",
        "token",
        "feedback_token",
        "cookie",
        "query",
        "jwt_claim",
        "secret_env",
        "headers",
        "name_suffix",
    ]) {
        assert!(shipped.contains(&format!("{key}:")), "config/pointsman.yaml does not speak of `{key}`");
    }
}

#[test]
fn what_is_printed_is_read_again() {
    let config = legal(
        "upstreams: {default: {}, eu: {rest_url: 'https://eu.example', api_key: k}}\nidentity: {carriers: [{cookie: uid}, {name_suffix: '@@u='}], force_header: x-force, anonymous: random}\naliases: {split: all}\nroutes: {docs: {variants: [{name: stable, weight: 95}, {name: new, weight: 0.5, collection: docs_v2, upstream: eu}]}}\n",
    );
    let printed = serde_saphyr::to_string(&config).expect("it can be printed");
    assert!(printed.contains("anonymous: random\n") && printed.contains("split: all\n"), "{printed}");
    assert!(!printed.contains("api_key: k\n"), "{printed}");
    let again = legal(&printed);
    assert_eq!(Config { upstreams: config.upstreams.clone(), ..again.clone() }, config);
    assert_eq!(again.upstreams["eu"].rest_url, config.upstreams["eu"].rest_url);
}

#[test]
fn zero_workers_are_as_many_as_there_are_cores() {
    assert!(Config::default().worker_count() >= 1);
    assert_eq!(legal("workers: 3").worker_count(), 3);
}

proptest! {
    #[test]
    fn no_file_makes_the_reader_panic(yaml in "[a-z:{}\\[\\], \n'\"0-9&*!|>-]{0,80}") {
        let _ = load(&yaml, &[], Vec::new());
    }

    #[test]
    fn whatever_is_set_at_a_known_key_is_taken_or_named(
        key in prop::sample::select(vec!["listen.rest", "workers", "timeouts.total", "log.level", "fallback.enabled", "identity.carriers"]),
        value in prop::sample::select(vec!["1", "-1", "1e400", "text", "true", "[]", "{}", "[1]", "{a: 1}", "~", "''", "2s", "3KiB"]),
    ) {
        let (section, leaf) = key.split_once('.').unwrap_or(("", key));
        let yaml = if section.is_empty() { format!("{leaf}: {value}") } else { format!("{section}: {{{leaf}: {value}}}") };
        if let Err(faults) = load(&yaml, &[], Vec::new()) {
            prop_assert!(faults.iter().all(|fault| fault.key.starts_with(key)), "{:?}", faults);
        }
    }
}

#[test]
fn what_was_left_out_is_printed_as_it_holds() {
    let printed = serde_saphyr::to_string(&Config::default()).expect("it can be printed");
    assert!(printed.contains("anonymous: stable\n") && printed.contains("split: searches\n"), "{printed}");
}
