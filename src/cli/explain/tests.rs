use std::sync::Arc;

use clap::{CommandFactory, FromArgMatches};

use super::*;
use crate::admin::{AdminState, router};
use crate::control::testing::{caller, config, control, list, listing, spec};
use crate::control::{Control, Expected};

#[derive(clap::Parser)]
struct Alone {
    #[command(flatten)]
    args: ExplainArgs,
}

fn parse(line: &str) -> Result<ExplainArgs, clap::Error> {
    let matches = Alone::command().try_get_matches_from(std::iter::once("explain").chain(line.split_whitespace()))?;
    Ok(Alone::from_arg_matches(&matches)?.args)
}

fn parsed(line: &str) -> ExplainArgs {
    parse(line).unwrap_or_else(|error| panic!("{error}"))
}

struct NoLog;

impl crate::admin::LogFilter for NoLog {
    fn filter(&self) -> Result<String, String> {
        Err("there is no log here".to_owned())
    }

    fn set_filter(&self, _: &str) -> Result<(), String> {
        Err("there is no log here".to_owned())
    }
}

/// A Pointsman with a route on `docs`, and its admin port's URL.
async fn served() -> (Control, String) {
    let control = control(config()).await;
    list(&control, listing(&[("docs", "docs_v1")], &["docs_v1", "candidate_v2"])).await;
    control.routes.put("docs", spec(&[("stable", 95.0), ("candidate", 5.0)]), Expected::Unsaid, caller()).await.expect("a legal route");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let router = router(AdminState { control: control.clone(), log: Arc::new(NoLog) });
    tokio::spawn(async move { axum::serve(listener, router).await });
    (control, url)
}

#[tokio::test]
async fn a_server_and_the_computation_agree() {
    let (_control, url) = served().await;
    for unit in (0..50).map(|number| format!("user-{number}")) {
        let asked = ask(&parsed(&format!("docs --unit {unit} --admin {url}/"))).await.expect("it answers");
        let computed = compute(&parsed(&format!("docs --unit {unit} --weights stable=95,candidate=5"))).expect("legal weights");
        for field in ["alias", "unit", "salt", "slot", "variant", "reason"] {
            assert_eq!(asked[field], computed[field], "{field} of {unit}");
        }
    }
}

#[tokio::test]
async fn what_the_server_refuses_is_said_in_its_words() {
    let (_control, url) = served().await;
    let refused = ask(&parsed(&format!("no/body --admin {url}"))).await.expect_err("nobody has that name");
    assert_eq!(refused.to_string(), "refused (404): Qdrant has no alias or collection `no/body`");
}

#[test]
fn a_salt_deals_anew() {
    let slot = |line: &str| compute(&parsed(line)).expect("legal weights")["slot"].clone();
    let default = slot("docs --unit u --weights stable=1,b=1");
    assert_eq!(default, slot("docs --unit u --weights stable=1,b=1 --salt route:docs"));
    assert_ne!(default, slot("docs --unit u --weights stable=1,b=1 --salt other"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    for line in ["docs --weights stable=1,b=1", "docs --unit u --salt s", "docs --unit u --weights stable", "docs --unit u --weights b=x"] {
        assert!(parse(line).is_err(), "{line}");
    }
    let faults = compute(&parsed("docs --unit u --weights a=1,b=1")).expect_err("there is no stable");
    assert!(faults.to_string().contains("exactly one variant must be named `stable`"), "{faults}");
}

#[test]
fn words_leave_out_what_is_unknown() {
    let words = in_words(&compute(&parsed("docs --unit u --weights stable=1,b=0")).expect("legal weights"));
    assert!(words.starts_with("docs for unit u: stable\n  reason     weights\n  slot       "), "{words}");
    assert!(!words.contains("revision") && !words.contains("null"), "{words}");
}

#[test]
fn words_say_where_in_a_layer_a_unit_is() {
    let decision = json!({
        "alias": "docs", "unit": "42", "revision": 4, "salt": "experiment:exp_a_1", "slot": 9, "variant": "treatment", "collection": "docs_v2",
        "layer": {"salt": "layer:docs", "slot": 7}, "rollout": "exp_a_1", "cohort": null, "reason": "weights",
    });
    let words = in_words(&decision);
    assert!(words.contains("\n  layer      7 of 1000000 under layer:docs\n  rollout    exp_a_1\n"), "{words}");
}
