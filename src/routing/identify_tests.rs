//! Every carrier, alone and in order.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"))).collect()
}

fn unit(carriers: &[Carrier], headers: &HeaderMap, places: Places<'_>) -> Option<String> {
    identify(carriers, headers, places).map(|unit| String::from_utf8_lossy(&unit).into_owned())
}

fn header(name: &'static str) -> Carrier {
    Carrier::Header(HeaderName::from_static(name))
}

#[test]
fn the_first_carrier_that_holds_an_id_wins() {
    let carriers = [header("x-user-id"), header("x-qdrant-route-affinity")];
    let none = Places::default();
    assert_eq!(unit(&carriers, &headers(&[("x-qdrant-route-affinity", "7"), ("x-user-id", "42")]), none).as_deref(), Some("42"));
    assert_eq!(unit(&carriers, &headers(&[("x-qdrant-route-affinity", "7")]), none).as_deref(), Some("7"));
    assert_eq!(unit(&carriers, &headers(&[("x-user-id", "  "), ("x-qdrant-route-affinity", "7")]), none).as_deref(), Some("7"));
    assert_eq!(unit(&carriers, &headers(&[]), none), None);
}

#[test]
fn of_several_values_the_last_counts() {
    let mut both = headers(&[("x-user-id", "static")]);
    both.append("x-user-id", HeaderValue::from_static("request"));
    assert_eq!(unit(&[header("x-user-id")], &both, Places::default()).as_deref(), Some("request"));
}

#[test]
fn cookies_and_query_parameters() {
    let cookie = headers(&[("cookie", "uid=1; user=42; other=3")]);
    assert_eq!(unit(&[Carrier::Cookie("user".into())], &cookie, Places::default()).as_deref(), Some("42"));
    assert_eq!(unit(&[Carrier::Cookie("use".into())], &cookie, Places::default()), None);
    let places = Places { query: Some("wait=true&user=a%20b&x=1"), suffix: None };
    assert_eq!(unit(&[Carrier::Query("user".into())], &headers(&[]), places).as_deref(), Some("a b"));
    assert_eq!(unit(&[Carrier::Query("us".into())], &headers(&[]), places), None);
}

#[test]
fn claims_are_read_from_either_key() {
    let token = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
    let claim = [Carrier::JwtClaim("sub".into())];
    let bearer = headers(&[("authorization", &format!("Bearer {}", token(r#"{"sub":"alice","n":1}"#)))]);
    assert_eq!(unit(&claim, &bearer, Places::default()).as_deref(), Some("alice"));
    let key = headers(&[("api-key", &token(r#"{"sub":42}"#))]);
    assert_eq!(unit(&claim, &key, Places::default()).as_deref(), Some("42"));
    for broken in ["", "secret", "a.b", "a.!!.c", "a.bm90IGpzb24.c"] {
        assert_eq!(unit(&claim, &headers(&[("api-key", broken)]), Places::default()), None, "{broken:?}");
    }
}

#[test]
fn suffixes_are_taken_off_only_where_configured() {
    let carriers = [header("x-user-id"), Carrier::NameSuffix("@@u=".into())];
    assert_eq!(bare(&carriers, "docs@@u=42"), BareName { name: "docs", unit: Some("42") });
    assert_eq!(bare(&carriers, "docs"), BareName { name: "docs", unit: None });
    assert_eq!(bare(&carriers[..1], "docs@@u=42"), BareName { name: "docs@@u=42", unit: None });
    assert_eq!(bare(&carriers, "@@u=5"), BareName { name: "@@u=5", unit: None }, "a suffix needs a name in front of it");
    let places = Places { query: None, suffix: Some("42") };
    assert_eq!(unit(&carriers, &headers(&[]), places).as_deref(), Some("42"));
}
