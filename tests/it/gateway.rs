//! Qdrant below a path of a gateway, over both protocols: reads, writes, moves of aliases, a canary, a shadow.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::header::LOCATION;
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use pointsman_sandbox::requests::Filter;
use qdrant_client::qdrant::{PointStruct, Query, QueryPointsBuilder, UpsertPointsBuilder};
use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tonic::body::Body;

use crate::house::{PATIENCE, Pointsman, Upstream, alias, client, collection, get, origin, query, send};
use crate::peer;

/// Where the gateway publishes Qdrant.
const PREFIX: &str = "/teams/search%20one";
/// A path of Qdrant's that the gateway answers with a way to elsewhere.
const MOVED: &str = "/moved";

/// Takes the prefix off and passes on; keeps what it was asked for that is not below it.
#[derive(Clone)]
struct Gateway {
    to: String,
    client: Client<HttpConnector, Incoming>,
    strays: Arc<Mutex<Vec<String>>>,
}

impl Gateway {
    /// In front of `to`, which speaks HTTP/2 if `http2`; returns its address.
    async fn before(to: &str, http2: bool, strays: &Arc<Mutex<Vec<String>>>) -> SocketAddr {
        let client = Client::builder(TokioExecutor::new()).http2_only(http2).build_http();
        let gateway = Self { to: to.to_owned(), client, strays: Arc::clone(strays) };
        peer::listen(move |stream| {
            let gateway = gateway.clone();
            async move {
                let service = service_fn(move |request| gateway.clone().pass(request));
                // A client that goes away has had its answer.
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            }
        })
        .await
    }

    async fn pass(self, mut request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let target = request.uri().path_and_query().map_or("", PathAndQuery::as_str);
        let Some(rest) = target.strip_prefix(PREFIX).filter(|rest| rest.starts_with('/')) else {
            self.strays.lock().expect("no panic").push(target.to_owned());
            return Ok(status(StatusCode::NOT_FOUND));
        };
        if rest == MOVED {
            let mut answer = status(StatusCode::TEMPORARY_REDIRECT);
            answer.headers_mut().insert(LOCATION, http::HeaderValue::from_static("/elsewhere"));
            return Ok(answer);
        }
        let uri: Uri = format!("{}{rest}", self.to).parse().expect("a URL");
        *request.uri_mut() = uri;
        Ok(match self.client.request(request).await {
            Ok(answer) => answer.map(Body::new),
            Err(_) => status(StatusCode::BAD_GATEWAY),
        })
    }
}

fn status(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

struct House {
    upstream: Upstream,
    /// Where the sandbox is without the gateway.
    direct: String,
    strays: Arc<Mutex<Vec<String>>>,
}

impl House {
    async fn new() -> Self {
        let sandbox = Upstream::sandbox().await;
        for name in ["docs_v1", "docs_v2"] {
            collection(&sandbox.rest, name).await;
        }
        alias(&sandbox.rest, "docs", "docs_v1").await;
        let strays = Arc::default();
        let rest = Gateway::before(&sandbox.rest, false, &strays).await;
        let grpc = Gateway::before(&sandbox.grpc, true, &strays).await;
        let direct = sandbox.rest.clone();
        // A slash at the end of the URL does not matter.
        let upstream = Upstream { rest: format!("http://{rest}{PREFIX}/"), grpc: format!("http://{grpc}{PREFIX}"), ..sandbox };
        Self { upstream, direct, strays }
    }

    /// Nothing was asked for that is not Qdrant's.
    fn nothing_strayed(&self) {
        let strays = self.strays.lock().expect("no panic");
        assert!(strays.is_empty(), "{strays:?}");
    }
}

async fn over_rest(pointsman: &Pointsman, user: &str) -> String {
    let asked = pointsman.http.post(pointsman.rest("/collections/docs/points/query")).header("x-user-id", user).json(&query());
    origin(&asked.send().await.expect("an answer").json().await.expect("JSON"))
}

async fn over_grpc(pointsman: &Pointsman) -> String {
    let asked = QueryPointsBuilder::new("docs").query(Query::new_nearest(vec![1.0, 0.5])).limit(1).with_payload(true);
    let answer = client(pointsman).query(asked).await.expect("an answer");
    answer.result[0].payload["from"].as_str().expect("a text").clone()
}

async fn until(pointsman: &Pointsman, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let reached = async {
        loop {
            let found = get(&pointsman.http, &pointsman.admin(path)).await;
            if wanted(&found) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect("it is reached in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_writes_and_moves_of_aliases_go_below_the_path() {
    let house = House::new().await;
    let pointsman = Pointsman::start(&house.upstream, "").await;
    assert_eq!(pointsman.status().await["listing"]["protocol"], "grpc");
    assert_eq!((over_rest(&pointsman, "7").await, over_grpc(&pointsman).await), ("docs_v1".to_owned(), "docs_v1".to_owned()));
    let points = json!({"points": [{"id": 50, "vector": [1, 1], "payload": {"from": "rest"}}]});
    send(&pointsman.http, Method::PUT, &pointsman.rest("/collections/docs/points?wait=true"), &points).await;
    let point = PointStruct::new(51, vec![1.0, 1.0], [("from", "grpc".into())]);
    client(&pointsman).upsert_points(UpsertPointsBuilder::new("docs", vec![point]).wait(true)).await.expect("written");
    let counted = send(&pointsman.http, Method::POST, &format!("{}/collections/docs_v1/points/count", house.direct), &json!({})).await;
    assert_eq!(counted["result"]["count"], 7);
    // What Pointsman sees has no prefix: the operation is known, and so is the name.
    let seen = house.upstream.engine().log.list(&Filter { collection: Some("docs".to_owned()), ..Filter::default() });
    assert!(seen.iter().any(|seen| seen.path == "/collections/docs/points"), "{seen:?}");
    assert!(seen.iter().any(|seen| seen.path == "/qdrant.Points/Upsert"), "{seen:?}");

    // Through the data port, and by the control plane.
    let swap = json!({"actions": [{"create_alias": {"alias_name": "docs", "collection_name": "docs_v2"}}]});
    send(&pointsman.http, Method::POST, &pointsman.rest("/collections/aliases"), &swap).await;
    assert_eq!(over_rest(&pointsman, "7").await, "docs_v2");
    let back = json!({"collection": "docs_v1", "force": true});
    send(&pointsman.http, Method::POST, &pointsman.admin("/v1/aliases/docs/switch"), &back).await;
    assert_eq!(over_grpc(&pointsman).await, "docs_v1");
    house.nothing_strayed();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_candidate_below_the_path_is_mirrored_and_takes_users() {
    let (house, here) = (House::new().await, Upstream::sandbox().await);
    collection(&here.rest, "docs_v1").await;
    alias(&here.rest, "docs", "docs_v1").await;
    let far = format!("  far: {{rest_url: \"{}\", grpc_url: \"{}\"}}\n", house.upstream.rest, house.upstream.grpc);
    let pointsman = Pointsman::start(&here, &far).await;
    let shadow = json!({"alias": "docs", "collection": "docs_v2", "upstream": "far", "percentage": 100});
    let shadow = send(&pointsman.http, Method::POST, &pointsman.admin("/v1/shadows"), &shadow).await;
    let shadow = format!("/v1/shadows/{}", shadow["id"].as_str().expect("it has an id"));
    for user in 0..10 {
        over_rest(&pointsman, &user.to_string()).await;
        over_grpc(&pointsman).await;
    }
    let mirrored = |path: &str| {
        let filter = Filter { collection: Some("docs_v2".to_owned()), ..Filter::default() };
        house.upstream.engine().log.list(&filter).iter().any(|seen| seen.path.starts_with(path))
    };
    until(&pointsman, &shadow, |_| mirrored("/collections/docs_v2/points/query") && mirrored("/qdrant.Points/Query")).await;
    send(&pointsman.http, Method::POST, &pointsman.admin(&format!("{shadow}/stop")), &json!({})).await;

    let variants = json!([{"name": "stable", "weight": 50}, {"name": "far", "upstream": "far", "collection": "docs_v2", "weight": 50}]);
    send(&pointsman.http, Method::PUT, &pointsman.admin("/v1/routes/docs"), &json!({"variants": variants})).await;
    for user in 0..20 {
        let user = user.to_string();
        let decision = get(&pointsman.http, &pointsman.admin(&format!("/v1/aliases/docs/decision?unit={user}"))).await;
        let expected = if decision["variant"] == "far" { "docs_v2" } else { "docs_v1" };
        assert_eq!(over_rest(&pointsman, &user).await, expected, "{user}");
    }
    assert_eq!(pointsman.variant("docs", "far").await["fallbacks"], 0);
    house.nothing_strayed();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_comes_to_its_end_and_a_collection_is_copied() {
    let house = House::new().await;
    let pointsman = Pointsman::start(&house.upstream, "").await;
    let spec = json!({
        "alias": "docs", "collection": "docs_v2", "check_interval": "1s", "warm_up": "0s", "watch": "0s", "guards": [],
        "stages": [{"percentage": 50, "duration": "10m"}, {"percentage": 100, "duration": "0s"}],
    });
    let made = send(&pointsman.http, Method::POST, &pointsman.admin("/v1/canaries"), &spec).await;
    let path = format!("/v1/canaries/{}", made["id"].as_str().expect("it has an id"));
    until(&pointsman, &path, |canary| canary["state"] == "stepping").await;
    send(&pointsman.http, Method::POST, &pointsman.admin(&format!("{path}/promote")), &json!({})).await;
    until(&pointsman, &path, |canary| canary["state"] == "completed").await;
    assert_eq!(over_rest(&pointsman, "7").await, "docs_v2");

    let spec = json!({
        "alias": "docs", "source": "collection:docs_v2", "collection": "docs_v3", "watch": "1s", "watch_every": "300ms", "guards": [],
        "validation_queries": [{"query": {"vector": [1.0, 0.5]}, "limit": 3, "expect": {"min_results": 3}}],
    });
    let made = send(&pointsman.http, Method::POST, &pointsman.admin("/v1/deployments"), &spec).await;
    let path = format!("/v1/deployments/{}", made["id"].as_str().expect("it has an id"));
    let over = ["completed", "failed", "rolled_back", "cancelled"];
    let ended = until(&pointsman, &path, |found| over.contains(&found["state"].as_str().unwrap_or_default())).await;
    assert_eq!(ended["state"], "completed", "{ended:#}");
    assert_eq!(over_grpc(&pointsman).await, "docs_v2", "the points of the copy say where they are from");
    house.nothing_strayed();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_leads_out_of_the_path_and_no_redirect_is_followed() {
    let house = House::new().await;
    let pointsman = Pointsman::start(&house.upstream, "").await;
    let http = reqwest::Client::builder().redirect(Policy::none()).build().expect("a client");
    let moved = http.get(pointsman.rest(MOVED)).send().await.expect("an answer");
    assert_eq!((moved.status().as_u16(), moved.headers()["location"].as_bytes()), (307, b"/elsewhere".as_slice()));
    // A client library resolves `..` itself; a hostile client does not.
    for target in ["/../admin", "/collections/..%2f..%2fadmin", "/%2e%2e/admin"] {
        let answer = raw(pointsman.rest, target).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("could lead out of"), "{target}: {answer}");
    }
    let absolute = raw(pointsman.rest, "http://anywhere.example/collections/docs/exists").await;
    assert!(absolute.starts_with("HTTP/1.1 200 ") && absolute.contains("\"exists\":true"), "{absolute}");
    house.nothing_strayed();
}

/// What is answered to a GET of exactly this target.
async fn raw(address: SocketAddr, target: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("accepted");
    let request = format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("taken");
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("in time").expect("a text");
    answer
}
