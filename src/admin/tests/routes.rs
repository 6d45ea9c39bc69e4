//! Routes: conditional changes, and what is refused.

use axum::http::{Method, StatusCode, header};

use super::client::{Answer, Api};
use crate::control::testing::config;

const ROUTE: &str = r#"{"variants": [{"name": "stable", "weight": 95}, {"name": "candidate", "collection": "candidate_v2", "weight": 5}]}"#;
const EVEN: &str = r#"{"variants": [{"name": "stable", "weight": 1}, {"name": "candidate", "collection": "candidate_v2", "weight": 1}]}"#;

async fn put(api: &Api, if_match: Option<&str>, body: &str) -> Answer {
    let headers: Vec<_> = if_match.map(|tag| ("if-match", tag)).into_iter().collect();
    api.call(Method::PUT, "/v1/routes/docs", &headers, body).await
}

#[tokio::test]
async fn a_route_lives_and_dies_by_its_etag() {
    let api = Api::new().await;
    assert_eq!(api.get("/v1/routes/docs").await.problem(), "no-route");
    let created = put(&api, None, ROUTE).await;
    assert_eq!(created.status, StatusCode::CREATED);
    let tag = created.header(header::ETAG).to_owned();
    assert_eq!(tag, format!("\"{}\"", created.json()["revision"]));
    assert_eq!(api.get("/v1/routes/docs").await.header(header::ETAG), tag);
    assert_eq!(created.json()["share_percent"]["candidate"], 5.0);
    assert_eq!(created.json()["salt"], "route:docs");

    let unsaid = put(&api, None, EVEN).await;
    assert_eq!((unsaid.status, unsaid.problem().as_str()), (StatusCode::PRECONDITION_REQUIRED, "unconditional"));
    let stale = put(&api, Some("\"999\""), EVEN).await;
    assert_eq!((stale.status, stale.problem().as_str()), (StatusCode::PRECONDITION_FAILED, "stale"));
    let replaced = put(&api, Some(&tag), EVEN).await;
    assert_eq!(replaced.status, StatusCode::OK);

    let weights = r#"{"weights": {"stable": 75, "candidate": 25}}"#;
    let path = "/v1/routes/docs/weights";
    assert_eq!(api.call(Method::PATCH, path, &[("if-match", &tag)], weights).await.problem(), "stale");
    let patched = api.call(Method::PATCH, path, &[("if-match", replaced.header(header::ETAG))], weights).await;
    assert_eq!(patched.json()["share_percent"]["candidate"], 25.0);

    assert_eq!(api.call(Method::DELETE, "/v1/routes/docs", &[], "").await.problem(), "unconditional");
    let deleted = api.call(Method::DELETE, "/v1/routes/docs", &[("if-match", "*")], "").await;
    assert_eq!((deleted.status, deleted.body.len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!(api.call(Method::DELETE, "/v1/routes/docs", &[("if-match", "*")], "").await.problem(), "no-route");
}

#[tokio::test]
async fn what_is_shown_can_be_put_again() {
    let api = Api::new().await;
    let shown = put(&api, None, ROUTE).await;
    let mut body = shown.json();
    for added in ["alias", "revision", "share_percent", "allocation", "warnings"] {
        body.as_object_mut().expect("a route is an object").remove(added);
    }
    let again = put(&api, Some(shown.header(header::ETAG)), &body.to_string()).await;
    assert_eq!(again.json()["allocation"], shown.json()["allocation"]);
}

#[tokio::test]
async fn bodies_that_cannot_be_taken_say_why() {
    let api = Api::new().await;
    for (body, status, kind, field) in [
        ("{", 400, "malformed", ""),
        (r#"{"variants": []} {}"#, 400, "malformed", ""),
        (r#"[[{"name": "stable", "weight": 1}]]"#, 422, "invalid", "."),
        (r#"{"variants": [{"name": "stable", "weight": "much"}]}"#, 422, "invalid", "variants[0].weight"),
        (r#"{"variants": [{"name": "stable", "weight": 1, "colour": "red"}]}"#, 422, "invalid", "variants[0].colour"),
        (r#"{"variants": [{"name": "stable", "weight": 1}]}"#, 422, "invalid", "variants"),
        (r#"{"variants": [{"name": "stable", "weight": 1}, {"name": "x", "weight": 1}]}"#, 422, "invalid", "variants[1].collection"),
    ] {
        let answer = put(&api, None, body).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (status, kind), "{body}");
        assert_eq!(answer.json()["errors"][0]["field"].as_str().unwrap_or_default(), field, "{body}");
    }
    let large = format!("{{\"variants\": \"{}\"}}", "x".repeat(300 << 10));
    assert_eq!(put(&api, None, &large).await.problem(), "too-large");
    for tag in ["7", "W/\"7\"", "\"x\"", "\"1\", \"2\""] {
        assert_eq!(put(&api, Some(tag), ROUTE).await.problem(), "malformed", "{tag}");
    }
    assert!(api.control.routes.list().is_empty());
}

#[tokio::test]
async fn names_in_the_path_are_percent_decoded() {
    let api = Api::new().await;
    let answer = api.call(Method::PUT, "/v1/routes/d%C3%B6cs%20%3F", &[], ROUTE).await;
    assert_eq!(answer.json()["alias"], "döcs ?");
    assert_eq!(api.get("/v1/routes/d%C3%B6cs%20%3F").await.status, StatusCode::OK);
    assert_eq!(api.get("/v1/routes/%FF").await.problem(), "malformed");
    let slash = api.call(Method::PUT, "/v1/routes/a%2Fb", &[], ROUTE).await;
    assert_eq!((slash.problem().as_str(), slash.json()["errors"][0]["field"].as_str()), ("invalid", Some("alias")));
}

#[tokio::test]
async fn changes_need_the_token_where_there_is_one() {
    let mut guarded = config();
    guarded.admin.token = Some(crate::config::Secret::new("sesame"));
    let api = Api::unlisted(guarded).await;
    for given in [None, Some("Bearer simsalabim"), Some("Bearer sesame2"), Some("Bearer "), Some("sesame"), Some("Basic sesame")] {
        let headers: Vec<_> = given.map(|value| ("authorization", value)).into_iter().collect();
        let answer = api.call(Method::PUT, "/v1/routes/docs", &headers, ROUTE).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::UNAUTHORIZED, "unauthorized"), "{given:?}");
        assert_eq!(answer.header(header::WWW_AUTHENTICATE), "Bearer");
    }
    assert_eq!(api.get("/v1/routes").await.status, StatusCode::OK, "reading needs none");
    let answer = api.call(Method::PUT, "/v1/routes/docs", &[("authorization", "bearer sesame")], ROUTE).await;
    assert_eq!(answer.status, StatusCode::CREATED);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let api = Api::new().await;
    for name in ["a", "b", "c"] {
        let answer = api.call(Method::PUT, &format!("/v1/routes/{name}"), &[], ROUTE).await;
        assert_eq!(answer.status, StatusCode::CREATED);
    }
    let first = api.get("/v1/routes?limit=2").await.json();
    assert_eq!((first["items"].as_array().map(Vec::len), &first["next"]), (Some(2), &"b".into()));
    let last = api.get("/v1/routes?limit=2&after=b").await.json();
    assert_eq!((&last["items"][0]["alias"], &last["next"]), (&"c".into(), &serde_json::Value::Null));
    assert_eq!(api.get("/v1/routes?limt=2").await.problem(), "malformed");
}
