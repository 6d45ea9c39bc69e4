//! Validation queries out of a golden set.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde_json::{Value, json};

use super::super::fields::count;
use crate::cli::complain;
use crate::cli::remote::Failure;
use crate::golden::{self, Asked, Query};

/// The admin API takes no request above 256 KiB, and the rest of a deployment needs some of it.
const MOST_BYTES: usize = 192 << 10;
/// The call that validation makes.
const CALL: &str = "points.query";

/// Adds what `file` has recorded to the validation queries of `body`, and says what it leaves out.
pub(super) fn extend(body: &mut Value, file: &Path) -> Result<(), Failure> {
    let name = file.display();
    let opened = File::open(file).map_err(|error| Failure::Usage(format!("{name} cannot be read: {error}")))?;
    let golden = golden::read(BufReader::new(opened)).map_err(|fault| Failure::Usage(format!("{name}, {fault}")))?;
    let (mut fit, mut too_many, mut other, mut left) = (Vec::new(), 0, 0, MOST_BYTES);
    for (line, query) in &golden.queries {
        let Some(asked) = asked(query) else {
            other += 1;
            continue;
        };
        match left.checked_sub(asked.len()) {
            Some(rest) => {
                left = rest;
                fit.push(
                    question(&golden.header.alias, *line, asked)
                        .map_err(|error| Failure::Usage(format!("{name}, line {line}: {error}")))?,
                );
            }
            None => too_many += 1,
        }
    }
    if other + too_many > 0 {
        let kept = count(fit.len() as u64, "question", "questions");
        complain(format_args!("{name}: {kept} for validation; {other} that are no REST {CALL}, {too_many} that do not fit into a request"));
    }
    match &mut body["validation_queries"] {
        Value::Array(queries) => queries.extend(fit),
        queries => *queries = fit.into(),
    }
    Ok(())
}

fn asked(query: &Query) -> Option<&str> {
    match &query.asked {
        Asked::Rest { body, .. } if query.operation == CALL => Some(body),
        _ => None,
    }
}

fn question(alias: &str, line: usize, body: &str) -> serde_json::Result<Value> {
    let body: Value = serde_json::from_str(body)?;
    // What users ask may well find nothing: it only has to be answered.
    let answered = json!({"min_results": 0, "top_score": null});
    Ok(json!({"name": format!("{alias}, line {line}"), "query": {"body": body}, "expect": answered}))
}

#[cfg(test)]
mod tests {
    use crate::golden::Header;

    use super::*;
    use crate::config::Timestamp;

    /// A file of these lines after the first.
    fn extended(lines: &[String], body: Value) -> Result<Value, Failure> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("golden.jsonl");
        let header = Header { pointsman_capture: 1, alias: "docs".to_owned(), captured_at: Timestamp::from_millis(0), percentage: 1.0 };
        std::fs::write(&file, format!("{}\n{}\n", header.line(), lines.join("\n"))).expect("written");
        let mut body = body;
        extend(&mut body, &file).map(|()| body)
    }

    fn query(operation: &str, body: &str) -> String {
        Query::rest(operation, None, body.as_bytes()).expect("a question").line()
    }

    #[test]
    fn recorded_queries_come_after_those_of_the_plan() {
        let over_grpc = Query { operation: CALL.to_owned(), asked: Asked::Grpc(Vec::new().into()) }.line();
        let lines = [query(CALL, "{\"query\":[0.5],\"limit\":3}"), over_grpc, query("points.search", "{}")];
        let body = extended(&lines, json!({"validation_queries": [{"query": {"point": 7}}]})).expect("a capture");
        let queries = json!([
            {"query": {"point": 7}},
            {"name": "docs, line 2", "query": {"body": {"query": [0.5], "limit": 3}}, "expect": {"min_results": 0, "top_score": null}},
        ]);
        assert_eq!(body["validation_queries"], queries);
        let spec = json!({"alias": "docs", "source": "external", "validation_queries": queries});
        let spec: crate::rollout::deployment::DeploymentSpec = serde_json::from_value(spec).expect("what the API takes");
        assert_eq!(spec.check(false), Vec::new());
    }

    #[test]
    fn no_more_than_fits_into_a_request() {
        let large = query(CALL, &format!("{{\"query\":{:?}}}", vec![0.125; 10_000]));
        let body = extended(&vec![large; 9], json!({})).expect("a capture");
        let kept = body["validation_queries"].as_array().expect("a list");
        assert!((1..9).contains(&kept.len()) && body.to_string().len() <= MOST_BYTES + 1_000, "{} of 9", kept.len());
    }

    #[test]
    fn what_is_no_capture_is_wrong_usage() {
        assert!(matches!(extended(&["{}".to_owned()], json!({})), Err(Failure::Usage(words)) if words.contains("line 2")));
    }
}
