//! Lines are read back as they were written, and an invalid line is named.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn header() -> Header {
    Header { pointsman_capture: VERSION, alias: "docs".to_owned(), captured_at: Timestamp::from_millis(1_000), percentage: 12.5 }
}

fn golden(lines: &[String]) -> Result<Golden, Fault> {
    read(lines.join("\n").as_bytes())
}

fn query() -> Query {
    Query::rest("points.query", Some("timeout=5".to_owned()), br#"{"query": [0.10, -1e-7], "limit": 3}"#).expect("a question")
}

#[test]
fn a_file_is_its_lines() {
    let message = Query { operation: "points.search".to_owned(), asked: Asked::Grpc(b"\x12\x04abcd".as_slice().into()) };
    let ended = Progress { recorded: 2, ended: Some(Ended::Count), ..Progress::default() };
    let going_on = Progress { recorded: 1, ..Progress::default() };
    let lines = [header().line(), query().line(), going_on.line(), String::new(), message.line(), ended.line()];
    let read = golden(&lines).expect("a capture");
    assert_eq!(read, Golden { header: header(), queries: vec![(2, query()), (5, message)], ended: Some(ended) });
    assert_eq!(
        lines[1], r#"{"operation":"points.query","protocol":"rest","query":"timeout=5","body":{"query":[0.10,-1e-7],"limit":3}}"#,
        "digit by digit, on one line"
    );
    assert_eq!(lines[4], r#"{"operation":"points.search","protocol":"grpc","message":"EgRhYmNk"}"#);
}

#[test]
fn one_that_was_broken_off_is_a_capture_all_the_same() {
    let read = golden(&[header().line(), query().line()]).expect("a capture");
    assert!(read.queries.len() == 1 && read.ended.is_none());
}

#[test]
fn what_is_none_says_which_line_it_is() {
    let header = header().line();
    let last = Progress { ended: Some(Ended::Time), ..Progress::default() }.line();
    let question = |fields: serde_json::Value| {
        let mut line = json!({"operation": "points.query"});
        fields.as_object().expect("an object").iter().for_each(|(name, value)| line[name] = value.clone());
        line.to_string()
    };
    for (lines, wanted) in [
        (vec![], "line 1: is not of a capture"),
        (vec![query().line()], "line 1: is not of a capture"),
        (vec!["id,vector".to_owned()], "line 1: is not of a capture"),
        (vec![header.replace(":1,", ":2,")], "line 1: is of version 2"),
        (vec![header.clone(), header.clone()], "line 2: is a second first line"),
        (vec![header.clone(), last, query().line()], "line 3: comes after the last line"),
        (vec![header.clone(), query().line()[..40].to_owned()], "line 2: is not JSON"),
        (vec![header.clone(), question(json!({"protocol": "rest", "body": [1]}))], "line 2: `body` must be an object"),
        (vec![header.clone(), question(json!({"protocol": "rest"}))], "line 2: a question over REST has `body`"),
        (
            vec![header.clone(), question(json!({"protocol": "grpc", "message": "AA==", "query": "timeout=1"}))],
            "line 2: a question over gRPC",
        ),
        (vec![header.clone(), question(json!({"protocol": "grpc", "message": "?"}))], "line 2: `message` is not base64"),
        (vec![header.clone(), question(json!({"protocol": "rest", "body": {}, "unit": "u"}))], "line 2: is not JSON: unknown field `unit`"),
        (vec![header, question(json!({"protocol": "rest", "body": {}, "query": "user=7"}))], "line 2: `query` may have the parameters"),
    ] {
        let fault = golden(&lines).expect_err(wanted).to_string();
        assert!(fault.starts_with(wanted), "`{fault}` does not begin with `{wanted}`");
    }
}

proptest! {
    /// Only whitespace is removed from a body, whatever its strings contain.
    #[test]
    fn a_body_is_kept_digit_by_digit(text in ".*", number in any::<f64>(), blanks in "[ \t\r\n]{0,3}") {
        let text = serde_json::to_string(&text).expect("JSON");
        let loose = format!("{blanks}{{{blanks}{text}{blanks}:{blanks}[{number:e}{blanks},{blanks}{text}]}}");
        prop_assume!(number.is_finite());
        let query = Query::rest("points.query", None, loose.as_bytes()).expect("a question");
        let body = format!("{{{text}:[{number:e},{text}]}}");
        prop_assert_eq!(&query.asked, &Asked::Rest { parameters: None, body });
        prop_assert_eq!(Query::parse(&query.line()).expect("its own line"), query);
    }
}
