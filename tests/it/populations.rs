//! Which reads of a split alias leave stable: by what they are for, and by whether they say for whom.

use std::pin::Pin;
use std::process::Stdio;

use pointsman_sandbox::requests::{Filter, Protocol};
use qdrant_client::qdrant::{
    ContextExamplePair, CountPointsBuilder, DiscoverBatchPointsBuilder, DiscoverPoints, DiscoverPointsBuilder, FacetCountsBuilder,
    GetPointsBuilder, PointId, Query, QueryBatchPointsBuilder, QueryPointGroupsBuilder, QueryPointsBuilder, RecommendBatchPointsBuilder,
    RecommendPointGroupsBuilder, RecommendPointsBuilder, ScrollPointsBuilder, SearchBatchPointsBuilder, SearchMatrixPointsBuilder,
    SearchPointGroupsBuilder, SearchPointsBuilder, TargetVector, VectorExample, target_vector, vector_example,
};
use qdrant_client::{Qdrant, QdrantError};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::house::{PATIENCE, Pointsman, Upstream, alias, client, collection, get, send};

/// Two collections with the same ids, an index for facets, and an alias.
async fn house(extra: &str) -> (Upstream, Pointsman) {
    let upstream = Upstream::sandbox().await;
    let http = reqwest::Client::new();
    for name in ["docs_v1", "docs_v2"] {
        collection(&upstream.rest, name).await;
        let index = format!("{}/collections/{name}/index?wait=true", upstream.rest);
        send(&http, Method::PUT, &index, &json!({"field_name": "from", "field_schema": "keyword"})).await;
    }
    alias(&upstream.rest, "docs", "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, extra).await;
    (upstream, pointsman)
}

/// Gives the candidate all there is to give.
async fn give(pointsman: &Pointsman, policies: &Value) {
    let mut route = json!({"variants": [{"name": "stable", "weight": 0}, {"name": "candidate", "collection": "docs_v2", "weight": 1}]});
    route.as_object_mut().expect("an object").extend(policies.as_object().expect("an object").clone());
    let url = pointsman.admin("/v1/routes/docs");
    let fresh = pointsman.http.get(&url).send().await.expect("an answer").status() == 404;
    let request = pointsman.http.put(&url).json(&route);
    let request = if fresh { request } else { request.header("if-match", "*") };
    assert!(request.send().await.expect("an answer").status().is_success());
}

/// Every search and every bookkeeping read of REST.
fn rest() -> [Vec<(Method, &'static str, Value)>; 2] {
    let vector = json!([1.0, 0.5]);
    let query = json!({"query": vector, "limit": 1});
    let search = json!({"vector": vector, "limit": 1});
    let example = json!({"positive": [1], "limit": 1});
    let context = json!({"target": 1, "context": [{"positive": 2, "negative": 3}], "limit": 1});
    let groups = |mut body: Value| {
        (body["group_by"], body["group_size"]) = (json!("from"), json!(1));
        body
    };
    let batch = |body: &Value| json!({"searches": [body]});
    let sample = json!({"sample": 5, "limit": 2});
    let post = |(path, body): (&'static str, Value)| (Method::POST, path, body);
    let searches = [
        ("points/query", query.clone()),
        ("points/query/batch", batch(&query)),
        ("points/query/groups", groups(query)),
        ("points/search", search.clone()),
        ("points/search/batch", batch(&search)),
        ("points/search/groups", groups(search)),
        ("points/search/matrix/pairs", sample.clone()),
        ("points/search/matrix/offsets", sample),
        ("points/recommend", example.clone()),
        ("points/recommend/batch", batch(&example)),
        ("points/recommend/groups", groups(example)),
        ("points/discover", context.clone()),
        ("points/discover/batch", batch(&context)),
    ];
    let bookkeeping = [
        ("points", json!({"ids": [1]})),
        ("points/scroll", json!({"limit": 2})),
        ("points/count", json!({"exact": true})),
        ("facet", json!({"key": "from"})),
    ];
    let by_id = (Method::GET, "points/1", Value::Null);
    [searches.map(post).to_vec(), bookkeeping.map(post).into_iter().chain([by_id]).collect()]
}

type Asked = Pin<Box<dyn Future<Output = Result<(), QdrantError>> + Send>>;
type Ask = (&'static str, fn(Qdrant) -> Asked);

/// One call of the official client.
macro_rules! ask {
    ($method:ident, $request:expr) => {
        (stringify!($method), |client| Box::pin(async move { client.$method($request).await.map(drop) }))
    };
}

fn discover() -> DiscoverPoints {
    let example = |id: u64| VectorExample { example: Some(vector_example::Example::Id(id.into())) };
    let target = TargetVector { target: Some(target_vector::Target::Single(example(1))) };
    let pair = ContextExamplePair { positive: Some(example(2)), negative: Some(example(3)) };
    DiscoverPointsBuilder::new("docs", vec![pair], 1).target(target).build()
}

/// The same over gRPC.
fn grpc() -> [Vec<Ask>; 2] {
    [
        vec![
            ask!(query, QueryPointsBuilder::new("docs").query(Query::new_nearest(vec![1.0, 0.5])).limit(1)),
            ask!(query_batch, {
                let one = QueryPointsBuilder::new("docs").query(Query::new_nearest(vec![1.0, 0.5])).limit(1).build();
                QueryBatchPointsBuilder::new("docs", vec![one])
            }),
            ask!(
                query_groups,
                QueryPointGroupsBuilder::new("docs", "from").query(Query::new_nearest(vec![1.0, 0.5])).limit(1_u64).group_size(1_u64)
            ),
            ask!(search_points, SearchPointsBuilder::new("docs", [1.0, 0.5], 1)),
            ask!(search_batch_points, {
                let one = SearchPointsBuilder::new("docs", [1.0, 0.5], 1).build();
                SearchBatchPointsBuilder::new("docs", vec![one])
            }),
            ask!(search_groups, SearchPointGroupsBuilder::new("docs", [1.0, 0.5], 1, "from", 1)),
            ask!(search_matrix_pairs, SearchMatrixPointsBuilder::new("docs").sample(5_u64).limit(2_u64)),
            ask!(search_matrix_offsets, SearchMatrixPointsBuilder::new("docs").sample(5_u64).limit(2_u64)),
            ask!(recommend, RecommendPointsBuilder::new("docs", 1).add_positive(PointId::from(1))),
            ask!(recommend_batch, {
                let one = RecommendPointsBuilder::new("docs", 1).add_positive(PointId::from(1)).build();
                RecommendBatchPointsBuilder::new("docs", vec![one])
            }),
            ask!(recommend_groups, RecommendPointGroupsBuilder::new("docs", "from", 1, 1).add_positive(PointId::from(1))),
            ask!(discover, discover()),
            ask!(discover_batch, &DiscoverBatchPointsBuilder::new("docs", vec![discover()]).build()),
        ],
        vec![
            ask!(get_points, GetPointsBuilder::new("docs", vec![1.into()])),
            ask!(scroll, ScrollPointsBuilder::new("docs").limit(2)),
            ask!(count, CountPointsBuilder::new("docs").exact(true)),
            ask!(facet, FacetCountsBuilder::new("docs", "from")),
        ],
    ]
}

/// Who was asked since `before`, over this protocol.
fn asked_since(upstream: &Upstream, before: u64, protocol: Protocol) -> Vec<String> {
    let filter = Filter { since: Some(before), protocol: Some(protocol), operation: Some("oints".to_owned()), ..Filter::default() };
    let facets = Filter { operation: Some("facet".to_owned()), ..filter.clone() };
    let log = &upstream.engine().log;
    [filter, facets].iter().flat_map(|filter| log.list(filter)).filter_map(|request| request.collection).collect()
}

fn last(upstream: &Upstream) -> u64 {
    upstream.engine().log.list(&Filter { limit: Some(1), ..Filter::default() }).last().map_or(0, |request| request.seq)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_read_goes_where_its_kind_its_user_and_the_policy_say() {
    let (upstream, pointsman) = house("").await;
    let plain = client(&pointsman);
    let (rest, grpc) = (rest(), grpc());
    let policies = [json!({}), json!({"split": "all"}), json!({"anonymous": "random"}), json!({"split": "all", "anonymous": "random"})];
    for policy in policies {
        give(&pointsman, &policy).await;
        for (bookkeeping, user) in [(false, true), (false, false), (true, true), (true, false)] {
            let leaves = match (bookkeeping, user) {
                (false, true) => true,
                (false, false) => policy["anonymous"] == "random",
                (true, true) => policy["split"] == "all",
                (true, false) => false,
            };
            // Stable is asked by the alias, the candidate by its collection's name.
            let expected = if leaves { "docs_v2" } else { "docs" };
            for (method, path, body) in &rest[usize::from(bookkeeping)] {
                let before = last(&upstream);
                let mut request = pointsman.http.request(method.clone(), pointsman.rest(&format!("/collections/docs/{path}")));
                request = if user { request.header("x-user-id", "user-1") } else { request };
                request = if body.is_null() { request } else { request.json(body) };
                let answer = request.send().await.expect("an answer");
                let (status, variant) = (answer.status(), answer.headers()["x-pointsman-variant"].clone());
                let context = format!("{path} under {policy}, user: {user}");
                assert_eq!(status, 200, "{context}: {}", answer.text().await.expect("text"));
                assert_eq!(variant, if leaves { "candidate" } else { "stable" }, "{context}");
                assert_eq!(asked_since(&upstream, before, Protocol::Rest), [expected], "{context}");
            }
            for (method, ask) in &grpc[usize::from(bookkeeping)] {
                let before = last(&upstream);
                let client = if user { plain.with_header("x-user-id", "user-1") } else { plain.clone() };
                let context = format!("{method} under {policy}, user: {user}");
                ask(client).await.unwrap_or_else(|error| panic!("{context}: {error}"));
                assert_eq!(asked_since(&upstream, before, Protocol::Grpc), [expected], "{context}");
            }
        }
    }
}

/// As frameworks fill a collection: what is there is left alone, what is missing is written. The writes go to stable, so
/// what is there must be asked of stable.
async fn fill(pointsman: &Pointsman, user: Option<&str>, ids: std::ops::Range<u64>) {
    let ask = async |method: Method, path: &str, body: Value| -> Value {
        let request = pointsman.http.request(method, pointsman.rest(path)).json(&body);
        let request = if let Some(user) = user { request.header("x-user-id", user) } else { request };
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("JSON")
    };
    for id in ids {
        for writer in ["first", "second", "third"] {
            let found = ask(Method::POST, "/collections/docs/points", json!({"ids": [id]})).await;
            if found["result"].as_array().expect("a list").is_empty() {
                let point = json!({"points": [{"id": id, "vector": [1, 1], "payload": {"from": writer}}]});
                ask(Method::PUT, "/collections/docs/points?wait=true", point).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_indexer_that_writes_what_is_missing_overwrites_nothing() {
    let (upstream, pointsman) = house("").await;
    let everything = json!({"split": "all", "anonymous": "random"});
    for (from, policy, user) in [(1_000, json!({}), None), (2_000, json!({}), Some("user-1")), (3_000, everything, None)] {
        give(&pointsman, &policy).await;
        fill(&pointsman, user, from..from + 20).await;
        for id in from..from + 20 {
            let kept = get(&pointsman.http, &format!("{}/collections/docs_v1/points/{id}", upstream.rest)).await;
            assert_eq!(kept["result"]["payload"]["from"], "first", "{id} under {policy} as {user:?}");
        }
    }
}

/// Every page over REST, and then over gRPC.
async fn pages(pointsman: &Pointsman, user: Option<&str>) -> Vec<String> {
    let mut origins = Vec::new();
    let mut offset = Value::Null;
    loop {
        let body = json!({"limit": 1, "with_payload": true, "offset": offset});
        let request = pointsman.http.post(pointsman.rest("/collections/docs/points/scroll")).json(&body);
        let request = if let Some(user) = user { request.header("x-user-id", user) } else { request };
        let page: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        origins.push(page["result"]["points"][0]["payload"]["from"].as_str().expect("a point on each page").to_owned());
        offset = page["result"]["next_page_offset"].clone();
        if offset.is_null() {
            break;
        }
    }
    let client = client(pointsman);
    let client = if let Some(user) = user { client.with_header("x-user-id", user) } else { client };
    let mut offset = None;
    loop {
        let mut request = ScrollPointsBuilder::new("docs").limit(1).with_payload(true);
        if let Some(offset) = offset {
            request = request.offset::<PointId>(offset);
        }
        let page = client.scroll(request).await.expect("an answer");
        origins.push(page.result[0].payload["from"].as_str().expect("a text").clone());
        offset = page.next_page_offset;
        if offset.is_none() {
            return origins;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_of_a_scroll_come_from_one_collection() {
    let (_upstream, pointsman) = house("").await;
    // At even weights, dealt page by page, ten pages of one collection would be a chance of one in 512.
    pointsman.split("docs", "docs_v2", 50, 50).await;
    for _ in 0..3 {
        assert_eq!(pages(&pointsman, None).await, ["docs_v1"; 10], "a scroll without a user is stable's");
    }
    let mut seen = std::collections::BTreeSet::new();
    for user in (0..10).map(|user| format!("user-{user}")) {
        let decision = get(&pointsman.http, &pointsman.admin(&format!("/v1/aliases/docs/decision?read=bookkeeping&unit={user}"))).await;
        let collection = decision["collection"].as_str().expect("a name").to_owned();
        assert_eq!(pages(&pointsman, Some(&user)).await, vec![collection.clone(); 10], "{user}");
        seen.insert(collection);
    }
    assert_eq!(seen.len(), 2, "ten users at even weights are on both");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_configuration_says_what_routes_split_that_do_not_say() {
    let (upstream, pointsman) = house("identity: {anonymous: random}\naliases: {split: all}").await;
    give(&pointsman, &json!({})).await;
    let shown = get(&pointsman.http, &pointsman.admin("/v1/routes/docs")).await;
    assert_eq!((&shown["anonymous"], &shown["split"]), (&json!("random"), &json!("all")));
    let decision =
        async |read: &str| get(&pointsman.http, &pointsman.admin(&format!("/v1/aliases/docs/decision?unit=u&read={read}"))).await;
    assert_eq!(decision("bookkeeping").await["variant"], "candidate");
    pointsman.configure(&upstream, "aliases: {split: searches}");
    let url = pointsman.admin("/v1/routes/docs");
    let changed = async {
        while get(&pointsman.http, &url).await["split"] != "searches" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, changed).await.expect("the new configuration is taken in");
    let kept = decision("bookkeeping").await;
    assert_eq!((&kept["variant"], &kept["reason"], &kept["read"]), (&json!("stable"), &json!("not_split"), &json!("bookkeeping")));
    assert_eq!(decision("search").await["variant"], "candidate");
    let anonymous = get(&pointsman.http, &pointsman.admin("/v1/aliases/docs/decision")).await;
    assert_eq!(anonymous["reason"], "anonymous_stable", "the default is stable");
}

/// What `pointsman check` says of this configuration, and the log of a `serve` up to the moment it serves.
async fn told(yaml: &str) -> [String; 2] {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("pointsman.yaml");
    std::fs::write(&file, format!("workers: 1\nstore: {{url: 'memory:'}}\n{yaml}\n")).expect("the folder can be written");
    let command = |name: &str| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_pointsman"));
        command.arg(name).arg("--config").arg(&file).stderr(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true);
        command.args(["--rest-addr", "127.0.0.1:0", "--grpc-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"]);
        command
    };
    let checked = tokio::time::timeout(PATIENCE, command("check").output()).await.expect("it ends").expect("the binary runs");
    assert!(checked.status.success(), "a warning is no fault");
    let mut serving = command("serve").spawn().expect("the binary runs");
    let mut lines = BufReader::new(serving.stderr.take().expect("it is piped")).lines();
    let mut log = String::new();
    while !log.contains("serving") {
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("it starts").expect("its log can be read");
        log.push_str(&line.expect("it serves"));
        log.push('\n');
    }
    serving.kill().await.expect("it runs");
    [String::from_utf8(checked.stderr).expect("text"), log]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_relies_on_the_defaults_is_told_what_they_are() {
    let routes = "routes: {docs: {variants: [{name: stable, weight: 9}, {name: new, collection: docs_v2, weight: 1}]}}";
    for said in told(routes).await {
        assert!(said.contains("requests without a user id go to stable on `docs`"), "{said}");
        assert!(said.contains("Set `identity.anonymous: random` to split them"), "{said}");
        assert!(said.contains("only searches are split on `docs`: retrieve by id, scroll, count and facet go to stable"), "{said}");
    }
    for said in told(&format!("identity: {{anonymous: stable}}\naliases: {{split: searches}}\n{routes}")).await {
        assert!(!said.contains("`docs`"), "{said}");
    }
}
