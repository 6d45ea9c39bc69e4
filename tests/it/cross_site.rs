//! What a page of another site can do to the admin port of a running Pointsman: nothing.

use std::process::{Output, Stdio};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection, get, send};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_another_site_moves_no_alias() {
    let upstream = Upstream::sandbox().await;
    collection(&upstream.rest, "docs_v1").await;
    collection(&upstream.rest, "docs_v2").await;
    alias(&upstream.rest, "docs", "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let (switch, put) = (pointsman.admin("/v1/aliases/docs/switch"), pointsman.admin("/v1/aliases/docs"));
    let own = format!("http://{}", pointsman.admin);
    let rebound = format!("evil.example:{}", pointsman.admin.port());
    for (what, method, url, headers, status) in [
        ("a form", Method::POST, &switch, vec![("content-type", "text/plain"), ("origin", "https://evil.example")], 403),
        ("an old browser's form", Method::POST, &switch, vec![("content-type", "text/plain")], 415),
        (
            "a script that says JSON",
            Method::POST,
            &switch,
            vec![("content-type", "application/json"), ("origin", "https://evil.example")],
            403,
        ),
        ("a page in a sandbox", Method::POST, &switch, vec![("content-type", "application/json"), ("origin", "null")], 403),
        (
            "another port of this machine",
            Method::POST,
            &switch,
            vec![("content-type", "application/json"), ("origin", "http://127.0.0.1:1")],
            403,
        ),
        ("no origin but a site", Method::POST, &switch, vec![("content-type", "application/json"), ("sec-fetch-site", "cross-site")], 403),
        ("a name made to point here", Method::PUT, &put, vec![("content-type", "application/json"), ("host", &rebound)], 403),
        (
            "the port's own page",
            Method::POST,
            &switch,
            vec![("content-type", "application/json"), ("origin", &own), ("sec-fetch-site", "same-origin")],
            200,
        ),
    ] {
        let mut request = pointsman.http.request(method, url).body(json!({"collection": "docs_v2", "force": true}).to_string());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.expect("an answer");
        let problem = answer.headers().get("content-type").is_some_and(|kind| kind == "application/problem+json");
        assert_eq!((answer.status().as_u16(), problem), (status, status != 200), "{what}");
        let now = get(&pointsman.http, &put).await;
        assert_eq!(now["collection"], if status == 200 { "docs_v2" } else { "docs_v1" }, "{what}");
    }
    let read = pointsman.http.get(pointsman.admin("/v1/status")).header("host", &rebound).send().await.expect("an answer");
    assert_eq!(read.status(), StatusCode::FORBIDDEN, "such a page reads nothing either");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_the_port_are_taken_in_by_a_reload() {
    let upstream = Upstream::sandbox().await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let asked = async || {
        let request = pointsman.http.get(pointsman.admin("/livez")).header("host", "pointsman.ops.svc");
        request.send().await.expect("an answer").status()
    };
    assert_eq!(asked().await, StatusCode::FORBIDDEN);
    let before = pointsman.status().await["config"]["serving"].clone();
    pointsman.configure(&upstream, "admin: {allowed_hosts: ['*.ops.svc']}");
    pointsman.signal("-HUP").await;
    pointsman.until("the new configuration", |status| status["config"]["serving"] != before).await;
    assert_eq!(asked().await, StatusCode::OK);
    send(&pointsman.http, Method::PUT, &pointsman.admin("/v1/kill-switch"), &json!({"on": false})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_admin_port_without_a_token_is_refused_with_the_way_out() {
    for command in ["serve", "check"] {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.7:7335"] {
            let refused = run(&[command, "--admin-addr", address], None).await;
            let words = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert!(!refused.status.success(), "{command} {address}");
            assert!(
                ["listen.admin", address, "admin.token", "POINTSMAN__ADMIN__TOKEN", "127.0.0.1"].iter().all(|part| words.contains(part)),
                "{words}"
            );
        }
    }
    assert!(run(&["check", "--admin-addr", "0.0.0.0:0"], Some("sesame")).await.status.success());
    assert!(run(&["check", "--admin-addr", "127.0.0.9:0"], None).await.status.success());
    assert!(run(&["check", "--admin-addr", "[::1]:0"], None).await.status.success());
}

async fn run(arguments: &[&str], token: Option<&str>) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.args(arguments).args(["--rest-addr", "127.0.0.1:0", "--grpc-addr", "127.0.0.1:0", "--store-url", "memory:"]);
    command.env_remove("POINTSMAN_CONFIG").current_dir(folder.path()).stdin(Stdio::null()).kill_on_drop(true);
    if let Some(token) = token {
        command.env("POINTSMAN__ADMIN__TOKEN", token);
    }
    tokio::time::timeout(PATIENCE, command.output()).await.expect("it ends in time").expect("it starts")
}

/// A process that listens on all addresses keeps the token it demands until it is restarted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_does_not_take_the_token_of_an_open_port_away() {
    let upstream = Upstream::sandbox().await;
    let pointsman = Pointsman::start(&upstream, "listen: {admin: '0.0.0.0:0'}\nadmin: {token: sesame}").await;
    pointsman.configure(&upstream, "listen: {admin: '127.0.0.1:0'}");
    pointsman.signal("-HUP").await;
    let status =
        pointsman.until("a refusal", |status| status["config"]["rejected"].as_array().is_some_and(|faults| !faults.is_empty())).await;
    assert!(status["config"]["rejected"].to_string().contains("admin.token"), "{status}");
    let answer = pointsman.http.put(pointsman.admin("/v1/kill-switch")).json(&json!({"on": true})).send().await.expect("an answer");
    assert_eq!((answer.status(), answer.json::<Value>().await.expect("JSON")["status"].clone()), (StatusCode::UNAUTHORIZED, json!(401)));
}
