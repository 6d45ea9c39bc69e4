//! Answers that are not what Qdrant gives: of a proxy on the way to it, without their end, and too late.

use bytes::Bytes;
use http::{HeaderMap, Response};
use qdrant_client::qdrant::{SearchPointsBuilder, SearchResponse};
use serde_json::json;

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection, query};
use crate::peer::{self, Call, headers};
use crate::wire::{Ended, call, framed};

/// What a candidate's gRPC door answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Odd {
    /// As nginx does where it finds no upstream.
    Html(u16),
    /// A good head, and the end.
    Nothing,
    /// Trailers without a status.
    Trailers,
    /// A search that took longer than its `timeout`.
    Late,
    /// A message, and the end.
    Message,
}

impl Odd {
    fn answer(self, mut call: Call) {
        match self {
            Self::Html(status) => {
                let head = Response::builder().status(status).header("content-type", "text/html").body(()).expect("an answer");
                let mut stream = call.respond.send_response(head, false).expect("the stream is open");
                stream.send_data(Bytes::from_static(b"<html>"), true).expect("the stream is open");
            }
            Self::Nothing => drop(call.respond.send_response(headers(), true).expect("the stream is open")),
            Self::Trailers => {
                let mut stream = call.respond.send_response(headers(), false).expect("the stream is open");
                stream.send_trailers(HeaderMap::new()).expect("the stream is open");
            }
            Self::Late => {
                let mut stream = call.respond.send_response(headers(), false).expect("the stream is open");
                stream.send_trailers(HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), 4.into())])).expect("open");
            }
            Self::Message => {
                let mut stream = call.respond.send_response(headers(), false).expect("the stream is open");
                stream.send_data(framed(&SearchResponse::default()), true).expect("the stream is open");
            }
        }
    }
}

/// A candidate that answers so; stable answers as it should.
async fn house(odd: Odd) -> Pointsman {
    let upstream = peer::grpc(move |mut call| async move {
        let body = call.body().await;
        if body.windows(7).any(|window| window == b"docs_v2") { odd.answer(call) } else { call.message(&SearchResponse::default()) }
    })
    .await;
    let pointsman = Pointsman::start(&upstream, "").await;
    pointsman.split("docs", "docs_v2", 0, 1).await;
    pointsman
}

async fn search(pointsman: &Pointsman) -> Ended {
    let message = SearchPointsBuilder::new("docs", vec![1.0, 0.5], 1).build();
    call(pointsman.grpc, "qdrant.Points/Search", &[("x-user-id", "u")], framed(&message)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_failing_proxy_answers_over_grpc_is_the_variants_failure() {
    for odd in [Odd::Html(502), Odd::Html(503), Odd::Html(500), Odd::Nothing, Odd::Trailers, Odd::Late] {
        let pointsman = house(odd).await;
        let ended = search(&pointsman).await;
        assert_eq!((ended.status(), ended.text("x-pointsman-fallback")), ("0", Some("status")), "{odd:?}");
        assert_eq!(pointsman.variant("docs", "candidate").await["fallbacks"], 1, "{odd:?}");
        pointsman.idle().await;
    }
}

/// Of a proxy that lets nobody in, stable is asked as it is of Qdrant's own refusals.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_refusing_proxy_answers_over_grpc_is_asked_of_stable() {
    for status in [400, 403, 404] {
        let pointsman = house(Odd::Html(status)).await;
        let ended = search(&pointsman).await;
        assert_eq!((ended.status(), ended.text("x-pointsman-fallback")), ("0", Some("refused")), "{status}");
    }
}

/// It has gone out by then, so it cannot be made good; but it is no success.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_over_grpc_that_ends_without_a_status_is_an_error_of_its_variant() {
    let pointsman = house(Odd::Message).await;
    let ended = search(&pointsman).await;
    assert!(ended.trailers.is_none() && ended.body.len() == 5, "it goes on as it came");
    let metrics = pointsman.http.get(pointsman.admin("/metrics")).send().await.expect("metrics").text().await.expect("text");
    let counted = |line: &&str| {
        line.starts_with("pointsman_requests_total{")
            && line.contains("variant=\"candidate\"")
            && line.contains("outcome=\"server_error\"")
            && line.ends_with(" 1")
    };
    assert_eq!(metrics.lines().filter(counted).count(), 1, "{metrics}");
}

/// A 404 whose text breaks off looks like nothing that Qdrant says: no shorter text takes its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_404_that_breaks_off_is_made_good() {
    let upstream = peer::rest(|mut exchange| async move {
        while let Some(head) = exchange.head().await {
            exchange.body(&head).await;
            if head.contains("/docs_v2/") {
                return exchange.say("HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"sta\r\n").await;
            }
            exchange.ok().await;
        }
    })
    .await;
    let engine = format!("http://{}", upstream.engine().rest_addr);
    collection(&engine, "docs_v1").await;
    collection(&engine, "docs_v2").await;
    alias(&engine, "docs", "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, "").await;
    pointsman.split("docs", "docs_v2", 0, 1).await;
    let request = pointsman.http.post(pointsman.rest("/collections/docs/points/query")).header("x-user-id", "1").json(&query());
    let answer = request.send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.headers()["x-pointsman-fallback"].to_str().ok()), (200, Some("connection")));
}

/// While stable is asked what a variant has refused, the request's time may run out: the client gets the refusal, and still in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_goes_out_in_time_where_stable_never_answers() {
    let upstream = Upstream::sandbox().await;
    for (name, fault) in [("docs_v1", json!({"connection": "stall"})), ("docs_v2", json!({"errors": [{"status": 403, "share": 1.0}]}))] {
        collection(&upstream.rest, name).await;
        upstream.engine().faults.set(name, serde_json::from_value(fault).expect("a fault")).expect("a valid fault");
    }
    alias(&upstream.rest, "docs", "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, "timeouts: {total: 16s}").await;
    pointsman.split("docs", "docs_v2", 0, 1).await;
    let request = pointsman.http.post(pointsman.rest("/collections/docs/points/query")).header("x-user-id", "1").json(&query()).send();
    let message = SearchPointsBuilder::new("docs", vec![1.0, 0.5], 1).build();
    let call = call(pointsman.grpc, "qdrant.Points/Search", &[("x-user-id", "1")], framed(&message));
    let (rest, grpc) = tokio::join!(tokio::time::timeout(PATIENCE, request), call);
    let rest = rest.expect("it ends").expect("an answer");
    assert_eq!((rest.status().as_u16(), rest.headers()["x-pointsman-variant"].to_str().ok()), (403, Some("candidate")));
    rest.text().await.expect("a whole text");
    assert_eq!((grpc.status(), grpc.text("x-pointsman-variant")), ("7", Some("candidate")));
    pointsman.idle().await;
}
