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
fn several_hosts_are_told_apart() {
    for (text, shown) in [
        ("postgres://a:5432,b:5433/db?target_session_attrs=read-write", "postgres://a:5432,b:5433/db"),
        ("postgres://ada:se,c@ret@a,b/db", "postgres://ada@a:5432,b:5432/db"),
        ("postgresql://[::1]:5433,[fe80::2],10.0.0.1/db", "postgres://[::1]:5433,[fe80::2]:5432,10.0.0.1:5432/db"),
        ("postgres://%2Frun%2Fa,b/db?sslmode=require", "postgres:///run/a,b:5432/db"),
        ("postgres:///db?host=a,b&port=5433&user=ada&password=secret", "postgres://a:5433,b:5433/db"),
        ("postgres://ada@x/db?host=a,/run/b&port=1,2&target_session_attrs=any", "postgres://ada@a:1,/run/b/db"),
        ("postgres://a/db?target_session_attrs=primary", "postgres://a/db"),
    ] {
        let url = parse(text).expect(text);
        assert!(matches!(url, StoreUrl::Postgres(_)));
        assert_eq!(url.to_string(), shown, "{text}");
    }
    for (text, hint) in [
        ("postgres://a,,b/db", "between two commas"),
        ("postgres://a,b:x/db", "invalid port"),
        ("postgres://a,b/db?target_session_attrs=prefer-standby", "write any, read-write or primary"),
        ("postgres:///db?host=a,b,c&port=1,2", "3 hosts and 2 ports"),
    ] {
        let fault = parse(text).expect_err(text).to_string();
        assert!(fault.contains(hint), "{text}: {fault}");
    }
}

#[test]
fn a_password_is_never_shown() {
    let url = parse("postgres://ada:secret@db.example:5433/points?password=secret&application_name=x").expect("it is legal");
    for shown in [url.to_string(), format!("{url:?}"), format!("{url:#?}")] {
        assert_eq!(shown, "postgres://ada@db.example:5433/points");
    }
}
