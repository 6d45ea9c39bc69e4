//! A capture is in the table exactly as long as a permitted reader reads it.

use serde_json::json;

use super::*;
use crate::config::{Config, ShadowConfig};
use crate::control::Control;
use crate::control::testing::{caller, config, control, list, listing};
use crate::store::Filter;

fn allowed() -> Config {
    let config = config();
    Config { shadow: ShadowConfig { capture: true, ..config.shadow.clone() }, ..config }
}

fn spec(fields: &serde_json::Value) -> CaptureSpec {
    let mut spec = json!({"alias": "docs"});
    fields.as_object().expect("an object").iter().for_each(|(name, value)| spec[name] = value.clone());
    serde_json::from_value(spec).expect("a spec")
}

async fn listed(config: Config) -> Control {
    let control = control(config).await;
    list(&control, listing(&[("docs", "docs_v1")], &["docs_v1"])).await;
    control
}

async fn begin(control: &Control) -> Result<Capturing, ControlError> {
    control.captures.begin(spec(&json!({"percentage": 25})), caller()).await
}

fn recording(control: &Control) -> usize {
    let live = control.live();
    let captures = &live.table.entry("docs").captures;
    captures.iter().for_each(|index| assert_eq!(*live.captures[*index].alias, *"docs"));
    captures.len()
}

#[tokio::test]
async fn it_is_refused_unless_the_configuration_allows_it() {
    let control = listed(config()).await;
    let refused = begin(&control).await.expect_err("it is off").to_string();
    assert!(refused.contains("`shadow.capture: true`"), "{refused}");
    let audit = control.audit(&Filter { limit: 10, ..Filter::default() }).await.expect("a log").items;
    assert!(audit[0].entry.action == "capture" && audit[0].entry.result == refused, "{:?}", audit[0]);
}

#[tokio::test]
async fn it_lives_as_long_as_its_reader_and_so_many_at_a_time() {
    let control = listed(allowed()).await;
    let mut under_way = Vec::new();
    for so_far in 1..=MAX_CAPTURES {
        under_way.push(begin(&control).await.expect("there is room"));
        assert_eq!(recording(&control), so_far);
    }
    assert_eq!(control.live().captures[0].slots, 250_000);
    assert!(matches!(begin(&control).await, Err(ControlError::TooManyCaptures(MAX_CAPTURES))));
    under_way.truncate(1);
    while recording(&control) > 1 {
        tokio::task::yield_now().await;
    }
    begin(&control).await.expect("there is room again");
    let audit = control.audit(&Filter { limit: 10, ..Filter::default() }).await.expect("a log").items;
    let entry = &audit[0].entry;
    assert_eq!((entry.actor.as_str(), entry.subject.as_str(), entry.result.as_str()), ("test", "docs", "ok"));
    assert_eq!(entry.after.as_ref().expect("the spec")["count"], 1_000);
}

#[tokio::test]
async fn the_kill_switch_stops_it_and_names_are_listed_first() {
    let control = listed(allowed()).await;
    let unknown = control.captures.begin(spec(&json!({"alias": "nothing"})), caller()).await;
    assert!(matches!(unknown, Err(ControlError::UnknownName(name)) if name.name == "nothing"));
    let _capturing = begin(&control).await.expect("it is listed");
    control.kill_switch.turn(true, caller()).await.expect("it is turned");
    assert_eq!(recording(&control), 0);
    control.kill_switch.turn(false, caller()).await.expect("it is turned");
    assert_eq!(recording(&control), 1);
}

#[test]
fn faults_name_their_field() {
    for (fields, field) in [
        (json!({"alias": "a/b"}), "alias"),
        (json!({"percentage": 0}), "percentage"),
        (json!({"percentage": 101}), "percentage"),
        (json!({"count": 0}), "count"),
        (json!({"count": 100_001}), "count"),
        (json!({"max_duration": "0s"}), "max_duration"),
        (json!({"max_duration": "25h"}), "max_duration"),
    ] {
        let faults = spec(&fields).check();
        assert!(faults.len() == 1 && faults[0].field == field, "{fields}: {faults:?}");
    }
}

/// A connection whose reader stands still says nothing of it.
#[tokio::test]
async fn a_reader_that_neither_reads_nor_leaves_keeps_no_place() {
    let control = listed(allowed()).await;
    let spec = spec(&json!({"max_duration": "1ms"}));
    let stands_still = control.captures.begin(spec, caller()).await.expect("there is room");
    while recording(&control) > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(stands_still);
}
