//! What a page of another site can make a browser send, and what clients that are no browsers send.

use axum::http::{Method, StatusCode};

use super::client::{Answer, Api};
use crate::config::Config;
use crate::control::testing::config;

const ON: &str = r#"{"on": true}"#;

async fn turn(api: &Api, headers: &[(&str, &str)]) -> Answer {
    api.call(Method::PUT, "/v1/kill-switch", headers, ON).await
}

async fn api(admin: &str) -> Api {
    let admin = serde_saphyr::from_str::<Config>(&format!("admin: {admin}")).expect("it is a configuration").admin;
    Api::unlisted(Config { admin, ..config() }).await
}

fn is_on(api: &Api) -> bool {
    api.control.kill_switch.show().on
}

#[tokio::test]
async fn a_host_that_is_no_name_of_this_port_is_refused_for_reads_too() {
    let api = api("{allowed_hosts: [pointsman, '*.svc.cluster.local', 'ops.example:8443']}").await;
    for host in [
        "evil.example",
        "evil.example:7335",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "ops.example",
        "svc.cluster.local",
        "a@localhost.evil",
    ] {
        for (method, path) in
            [(Method::GET, "/v1/status"), (Method::GET, "/livez"), (Method::PUT, "/v1/kill-switch"), (Method::GET, "/nothing")]
        {
            let answer = api.call(method, path, &[("host", host)], if path.ends_with("switch") { ON } else { "" }).await;
            let expected = if host.contains('@') { StatusCode::BAD_REQUEST } else { StatusCode::FORBIDDEN };
            assert_eq!(answer.status, expected, "{host} {path}");
            if expected == StatusCode::FORBIDDEN {
                assert_eq!(answer.problem(), "foreign-host");
                assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.contains("admin.allowed_hosts")));
            }
        }
    }
    assert!(!is_on(&api));
    for host in [
        "localhost",
        "LOCALHOST.:1",
        "127.0.0.1:7335",
        "[::1]:7335",
        "10.1.2.3:7335",
        "pointsman:80",
        "p.svc.cluster.local",
        "ops.example:8443",
    ] {
        assert_eq!(api.call(Method::GET, "/v1/status", &[("host", host)], "").await.status, StatusCode::OK, "{host}");
    }
}

#[tokio::test]
async fn the_token_opens_the_port_by_any_name_and_nothing_else_does() {
    let api = api("{token: sesame}").await;
    for (given, status) in
        [("Bearer sesame", StatusCode::OK), ("Bearer other", StatusCode::FORBIDDEN), ("Basic sesame", StatusCode::FORBIDDEN)]
    {
        let headers = [("host", "pointsman.example"), ("authorization", given)];
        assert_eq!(api.call(Method::GET, "/v1/status", &headers, "").await.status, status, "{given}");
    }
    let foreign = [("origin", "https://evil.example"), ("authorization", "Bearer sesame")];
    assert_eq!(turn(&api, &foreign).await.problem(), "cross-site");
}

#[tokio::test]
async fn pages_of_other_origins_change_and_read_nothing() {
    let api = api("{allowed_origins: ['https://ops.example']}").await;
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost:3000",
        "http://localhost",
        "https://ops.example.evil",
        "http://ops.example",
        "file://",
        "%",
    ] {
        for method in [Method::PUT, Method::POST, Method::GET, Method::OPTIONS] {
            let answer = api.call(method, "/v1/kill-switch", &[("origin", origin)], ON).await;
            assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::FORBIDDEN, "cross-site"), "{origin}");
        }
    }
    assert!(!is_on(&api));
    for headers in [
        [("host", "localhost:7335"), ("origin", "http://localhost:7335")],
        [("host", "LocalHost:7335"), ("origin", "http://localhost:7335")],
        [("host", "127.0.0.1"), ("origin", "https://127.0.0.1")],
        [("host", "[::1]:7335"), ("origin", "http://[::1]:7335")],
        [("host", "localhost:7335"), ("origin", "https://ops.example")],
    ] {
        assert_eq!(turn(&api, &headers).await.status, StatusCode::OK, "{headers:?}");
    }
}

#[tokio::test]
async fn what_the_browser_says_of_the_site_counts() {
    let api = api("{allowed_origins: ['https://ops.example']}").await;
    for site in ["cross-site", "same-site", "something new"] {
        for (method, mode) in [
            (Method::PUT, "no-cors"),
            (Method::PUT, "navigate"),
            (Method::POST, "navigate"),
            (Method::GET, "no-cors"),
            (Method::GET, "cors"),
        ] {
            let answer = api.call(method, "/v1/kill-switch", &[("sec-fetch-site", site), ("sec-fetch-mode", mode)], "").await;
            assert_eq!(answer.problem(), "cross-site", "{site} {mode}");
        }
        let link = [("sec-fetch-site", site), ("sec-fetch-mode", "navigate")];
        assert_eq!(api.call(Method::GET, "/v1/kill-switch", &link, "").await.status, StatusCode::OK, "a link may be followed");
        let granted = [("sec-fetch-site", site), ("origin", "https://ops.example")];
        assert_eq!(turn(&api, &granted).await.status, StatusCode::OK);
    }
    for site in ["same-origin", "none"] {
        assert_eq!(turn(&api, &[("sec-fetch-site", site)]).await.status, StatusCode::OK, "{site}");
    }
}

#[tokio::test]
async fn a_change_says_that_it_is_json() {
    let api = Api::new().await;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "text/json",
        "",
        "text/plain;application/json",
    ] {
        let answer = turn(&api, &[("content-type", kind)]).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type"), "{kind}");
        // A form without fields has no body, and still says that it is a form.
        assert_eq!(
            api.call(Method::POST, "/v1/experiments/x/stop", &[("content-type", kind)], "").await.problem(),
            "unsupported-media-type"
        );
    }
    assert!(!is_on(&api));
    for kind in ["application/json", "Application/JSON ; charset=utf-8"] {
        assert_eq!(turn(&api, &[("content-type", kind)]).await.status, StatusCode::OK, "{kind}");
    }
    let without = api.call(Method::POST, "/v1/experiments/x/stop", &[], "").await;
    assert_eq!(without.problem(), "unknown-id", "a command without a body needs no type");
}
