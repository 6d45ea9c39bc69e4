//! What may stand in `store.url`.

use crate::store::{StoreUrl, StoreUrlFault};

fn parse(text: &str) -> Result<StoreUrl, StoreUrlFault> {
    text.parse()
}

#[test]
fn paths_and_urls_are_told_apart() {
    let file = |text: &str, path: &str| match parse(text) {
        Ok(StoreUrl::File(found)) => assert_eq!(found.to_str(), Some(path), "{text}"),
        other => panic!("{text}: {other:?}"),
    };
    file("data/pointsman.db", "data/pointsman.db");
    file("sqlite://data/pointsman.db", "data/pointsman.db");
    file("sqlite:///var/lib/a b%20c?d#e.db", "/var/lib/a b%20c?d#e.db");
    file("sqlite:x.db", "x.db");
    assert!(matches!(parse("memory:"), Ok(StoreUrl::Memory)));
    assert!(matches!(parse("postgresql://host/db"), Ok(StoreUrl::Postgres(_))));
}

#[test]
fn faults_say_what_to_write() {
    for (text, hint) in
        [("", "postgres://"), ("mysql://u:secret@h/d", "`mysql`"), ("sqlite://", "sqlite://"), ("postgres://h:x/d", "not a URL")]
    {
        let fault = parse(text).expect_err(text).to_string();
        assert!(fault.contains(hint) && !fault.contains("secret"), "{text}: {fault}");
    }
}

#[test]
fn a_password_is_never_shown() {
    let url = parse("postgres://ada:secret@db.example:5433/points?password=secret&application_name=x").expect("it is legal");
    for shown in [url.to_string(), format!("{url:?}"), format!("{url:#?}")] {
        assert_eq!(shown, "postgres://ada@db.example:5433/points");
    }
}
