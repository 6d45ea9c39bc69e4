//! A recorded query contains nothing of the user, and a replayed query equals the original.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use proptest::prelude::*;
use prost::Message;
use qdrant_client::qdrant::{
    Condition, DiscoverBatchPoints, DiscoverPoints, Filter, Query as VectorQuery, QueryBatchPoints, QueryPoints, QueryPointsBuilder, Range,
    RecommendBatchPoints, RecommendPoints, SearchBatchPoints, SearchPoints,
};
use serde_json::json;

use super::exchange::Wire;
use super::record::{Unfit, recorded};
use super::replay::{asking, check};
use super::wire;
use crate::config::Config;
use crate::control::Plan;
use crate::golden::{Asked, Query};
use crate::live::{Question, Settings};
use crate::protocol::Protocol;
use crate::protocol::names::nameless;
use crate::routing::Carrier;

const PATH: &str = "/collections/docs/points/query";

/// Settings with a carrier of each kind.
fn settings() -> Settings {
    let mut settings = Plan::of(&Config::default(), None).expect("the default configuration").settings;
    settings.identity.carriers = vec![
        Carrier::Header(HeaderName::from_static("x-user-id")),
        Carrier::Cookie("sid".into()),
        Carrier::Query("user".into()),
        Carrier::JwtClaim("sub".into()),
        Carrier::NameSuffix("@@".into()),
    ];
    settings
}

fn rest(target: &str, headers: HeaderMap, body: &str) -> Question {
    Question {
        protocol: Protocol::Rest,
        method: Method::POST,
        uri: target.parse::<Uri>().expect("a target"),
        headers,
        body: [Bytes::copy_from_slice(body.as_bytes())].into_iter().collect(),
        asked: std::time::SystemTime::UNIX_EPOCH,
    }
}

fn grpc(method: &'static str, message: &[u8]) -> Question {
    let length = u32::try_from(message.len()).expect("small").to_be_bytes();
    let frame = [&[0], &length[..], message].concat();
    Question {
        protocol: Protocol::Grpc,
        uri: Uri::from_static(method),
        body: [Bytes::from(frame)].into_iter().collect(),
        ..rest(PATH, HeaderMap::new(), "")
    }
}

fn line(question: &Question) -> Result<String, Unfit> {
    recorded(question, &settings()).map(|query| query.line())
}

#[test]
fn a_line_is_the_question_and_nothing_else() {
    let headers = HeaderMap::from_iter([
        (HeaderName::from_static("x-user-id"), HeaderValue::from_static("anna")),
        (HeaderName::from_static("api-key"), HeaderValue::from_static("sesame")),
    ]);
    let target = "/collections/docs@@anna/points/query?user=anna&timeout=5&wait=true&consistency=majority";
    let body = "{\n  \"query\": [0.25, 1e-3],\n  \"filter\": {\"must\": [{\"key\": \"lang\", \"match\": {\"value\": \"en\"}}]}\n}";
    assert_eq!(
        line(&rest(target, headers, body)).expect("a search"),
        r#"{"operation":"points.query","protocol":"rest","query":"timeout=5&consistency=majority","body":{"query":[0.25,1e-3],"filter":{"must":[{"key":"lang","match":{"value":"en"}}]}}}"#
    );
}

#[test]
fn a_parameter_that_carries_the_unit_is_left_out_whatever_it_is_called() {
    let mut settings = settings();
    settings.identity.carriers = vec![Carrier::Query("timeout".into())];
    let question = rest("/collections/docs/points/query?timeout=777777&consistency=2", HeaderMap::new(), "{}");
    let query = recorded(&question, &settings).expect("a search");
    assert_eq!(query.asked, Asked::Rest { parameters: Some("consistency=2".to_owned()), body: "{}".to_owned() });
}

#[test]
fn what_is_no_search_or_no_json_has_no_line() {
    for (target, body) in [("/collections/docs/points/scroll", "{}"), ("/nowhere", "{}"), (PATH, ""), (PATH, "[1]"), (PATH, "{\"query\":")]
    {
        assert_eq!(line(&rest(target, HeaderMap::new(), body)), Err(Unfit::Unreadable), "{target} {body}");
    }
    assert_eq!(line(&grpc("/qdrant.Points/Query", b"\x0a\x7f")), Err(Unfit::Unreadable));
    assert_eq!(line(&grpc("/qdrant.Points/Count", b"")), Err(Unfit::Unreadable));
}

#[test]
fn a_question_that_says_whom_it_is_for_is_withheld() {
    let filter =
        |value: serde_json::Value| json!({"query": [0.5], "filter": {"must": [{"key": "tenant", "match": {"value": value}}]}}).to_string();
    let of = |unit: &str, body: &str| {
        let headers = HeaderMap::from_iter([(HeaderName::from_static("x-user-id"), HeaderValue::from_str(unit).expect("a header"))]);
        line(&rest(PATH, headers, body))
    };
    assert_eq!(of("tenant-42", &filter(json!("tenant-42"))), Err(Unfit::Withheld));
    assert_eq!(of("tenant-42", &filter(json!("all of tenant-42's"))), Err(Unfit::Withheld));
    assert_eq!(of("42", &filter(json!(42))), Err(Unfit::Withheld));
    assert_eq!(of("42", &filter(json!("42"))), Err(Unfit::Withheld));
    assert!(of("42", &filter(json!("1942"))).is_ok(), "a short id is in many a text");
    assert!(of("tenant-7", &filter(json!("tenant-42"))).is_ok());
    let condition = Condition::matches("tenant", "tenant-42".to_owned());
    let query = QueryPointsBuilder::new("docs@@tenant-42").query(VectorQuery::from(vec![0.5_f32])).filter(Filter::must([condition]));
    assert_eq!(line(&grpc("/qdrant.Points/Query", &query.build().encode_to_vec())), Err(Unfit::Withheld));
}

/// An id may stand in a filter as a text, an integer or a float, and be of any length.
#[test]
fn a_number_that_is_the_unit_is_withheld_over_both_protocols() {
    let of = |unit: &str, condition: Condition| {
        let headers = HeaderMap::from_iter([(HeaderName::from_static("x-user-id"), HeaderValue::from_str(unit).expect("a header"))]);
        let query = QueryPointsBuilder::new("docs").query(VectorQuery::from(vec![0.5_f32])).filter(Filter::must([condition]));
        recorded(&Question { headers, ..grpc("/qdrant.Points/Query", &query.build().encode_to_vec()) }, &settings()).map(|_| ())
    };
    let range = |value: f64| Condition::range("tenant", Range { gte: Some(value), ..Range::default() });
    assert_eq!(of("4711123", Condition::matches("tenant", 4_711_123_i64)), Err(Unfit::Withheld));
    assert_eq!(of("-5", Condition::matches("tenant", -5_i64)), Err(Unfit::Withheld));
    assert_eq!(of("9007199254740993", Condition::matches("tenant", 9_007_199_254_740_993_i64)), Err(Unfit::Withheld));
    assert_eq!(of("4711123", range(4_711_123.0)), Err(Unfit::Withheld));
    assert_eq!(of("42.5", range(42.5)), Err(Unfit::Withheld));
    assert_eq!(of("u1", Condition::matches("tenant", "u1".to_owned())), Err(Unfit::Withheld));
    assert_eq!(of("77", Condition::has_id([77])), Err(Unfit::Withheld));
    assert_eq!(of("4711123", Condition::matches("tenant", 4_711_124_i64)), Ok(()));
    assert_eq!(of("u1", Condition::matches("tenant", "u12".to_owned())), Ok(()), "a short id is in many a text");
    for (unit, value) in [("4711123", json!(4_711_123.0)), ("-5", json!(-5)), ("42.5", json!(42.5))] {
        let headers = HeaderMap::from_iter([(HeaderName::from_static("x-user-id"), HeaderValue::from_str(unit).expect("a header"))]);
        let body = json!({"query": [0.5], "filter": {"must": [{"key": "tenant", "range": {"gte": value}}]}}).to_string();
        assert_eq!(line(&rest(PATH, headers, &body)), Err(Unfit::Withheld), "{unit}");
    }
}

#[test]
fn a_message_loses_its_name_and_the_questions_of_a_batch_get_one_that_is_nobodys() {
    let named = "docs@@anna".to_owned();
    let query = QueryPoints { collection_name: named.clone(), limit: Some(3), ..QueryPoints::default() };
    let search = SearchPoints { collection_name: named.clone(), limit: 3, ..SearchPoints::default() };
    let recommend = RecommendPoints { collection_name: named.clone(), limit: 3, ..RecommendPoints::default() };
    let discover = DiscoverPoints { collection_name: named.clone(), limit: 3, ..DiscoverPoints::default() };
    let batches = [
        QueryBatchPoints {
            collection_name: named.clone(),
            query_points: vec![query.clone(); 2],
            timeout: Some(5),
            ..QueryBatchPoints::default()
        }
        .encode_to_vec(),
        SearchBatchPoints { collection_name: named.clone(), search_points: vec![search], ..SearchBatchPoints::default() }.encode_to_vec(),
        RecommendBatchPoints { collection_name: named.clone(), recommend_points: vec![recommend], ..RecommendBatchPoints::default() }
            .encode_to_vec(),
        DiscoverBatchPoints { collection_name: named, discover_points: vec![discover], ..DiscoverBatchPoints::default() }.encode_to_vec(),
    ];
    for batch in batches {
        let bare = nameless(batch.into(), true).expect("a message");
        assert!(!bare.windows(4).any(|window| window == b"anna"), "{bare:?}");
    }
    let batch = QueryBatchPoints { query_points: vec![query.clone()], timeout: Some(5), ..QueryBatchPoints::default() };
    let bare = QueryBatchPoints::decode(nameless(batch.encode_to_vec().into(), true).expect("a message")).expect("still one");
    let nobodys = QueryPoints { collection_name: "collection".to_owned(), ..query };
    assert_eq!(bare, QueryBatchPoints { query_points: vec![nobodys], ..batch });
}

#[test]
fn what_is_asked_again_is_what_was_asked_of_another_collection() {
    let query = QueryPointsBuilder::new("docs@@anna").query(VectorQuery::from(vec![0.5_f32, 0.25])).limit(3).build();
    let recorded = recorded(&grpc("/qdrant.Points/Query", &query.encode_to_vec()), &settings()).expect("a search");
    check(&recorded).expect("it can be asked");
    let again = asking(&recorded).expect("it can be asked");
    let message = wire::message(&again, Some("docs_v2"), 1 << 20).expect("a name to put");
    let plain = wire::unframed(&HeaderMap::new(), &[message], 1 << 20).expect("one frame");
    let expected = QueryPoints { collection_name: "docs_v2".to_owned(), ..query };
    assert_eq!(QueryPoints::decode(plain).expect("protobuf"), expected);

    let recorded = Query::rest("points.search_batch", Some("timeout=5".to_owned()), b"{\"searches\":[]}").expect("a question");
    let again = asking(&recorded).expect("it can be asked");
    assert_eq!(again.uri, "/collections/collection/points/search/batch?timeout=5");
    let wire = Wire::of(&again).expect("an operation");
    assert_eq!((wire.operation.name, &again.uri.path()[wire.name.expect("a name")]), ("points.search_batch", "collection"));
    assert_ne!(
        again.fingerprint(),
        asking(&Query::rest("points.search_batch", None, b"{}").expect("a question")).expect("it can be asked").fingerprint()
    );
}

/// The places where a request may carry the user id.
#[derive(Clone, Copy, Debug)]
enum Place {
    Header,
    Cookie,
    Query,
    Claim,
    Suffix,
}

fn put(unit: &str, place: Place) -> (String, HeaderMap) {
    let header = |name: &'static str, value: String| {
        HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_str(&value).expect("a header"))])
    };
    match place {
        Place::Header => (PATH.to_owned(), header("x-user-id", unit.to_owned())),
        Place::Cookie => (PATH.to_owned(), header("cookie", format!("theme=dark; sid={unit}"))),
        Place::Query => (format!("{PATH}?timeout=5&user={unit}"), HeaderMap::new()),
        Place::Claim => {
            let token = format!("x.{}.y", URL_SAFE_NO_PAD.encode(json!({"sub": unit}).to_string()));
            (PATH.to_owned(), header("authorization", format!("Bearer {token}")))
        }
        Place::Suffix => (PATH.replace("docs", &format!("docs@@{unit}")), HeaderMap::new()),
    }
}

proptest! {
    /// Wherever the user id is carried, and wherever else in the query it occurs: there is no line, or a line without it.
    #[test]
    fn no_line_says_whom_it_was_for(
        unit in "[a-zA-Z0-9_-]{4,24}",
        place in prop_oneof![Just(Place::Header), Just(Place::Cookie), Just(Place::Query), Just(Place::Claim), Just(Place::Suffix)],
        inside in any::<bool>(),
        around in "[ -~]{0,6}",
        vector in prop::collection::vec(-1.0_f32..1.0, 1..8),
    ) {
        let (target, headers) = put(&unit, place);
        let value = if inside { format!("{around}{unit}{around}") } else { "en".to_owned() };
        let body = json!({"query": vector, "filter": {"must": [{"key": "lang", "match": {"value": value}}]}}).to_string();
        let asked = line(&rest(&target, headers.clone(), &body));
        let condition = Condition::matches("lang", value);
        let name = if matches!(place, Place::Suffix) { format!("docs@@{unit}") } else { "docs".to_owned() };
        let message = QueryPointsBuilder::new(name).query(VectorQuery::from(vector)).filter(Filter::must([condition])).build().encode_to_vec();
        let framed = Question { headers, ..grpc("/qdrant.Points/Query", &message) };
        // gRPC has no parameters.
        let asked_over_grpc = (!matches!(place, Place::Query)).then(|| recorded(&framed, &settings()));
        if inside {
            prop_assert_eq!(asked, Err(Unfit::Withheld));
            prop_assert!(asked_over_grpc.is_none_or(|asked| asked == Err(Unfit::Withheld)));
        } else if let Ok(asked) = asked {
            // The format's own words do not count, even for a user with the id `rest`.
            let said = asked.contains(&unit) && !rest_line_without(&body).contains(&unit);
            prop_assert!(!said, "{asked}");
            if let Some(Ok(Query { asked: Asked::Grpc(message), .. })) = asked_over_grpc {
                prop_assert!(!message.windows(unit.len()).any(|window| window == unit.as_bytes()));
            }
        }
    }
}

/// The line of the same query without a user id.
fn rest_line_without(body: &str) -> String {
    line(&rest(&format!("{PATH}?timeout=5"), HeaderMap::new(), body)).expect("a search")
}
