//! Experiments that share an alias: what is in the table, and whom the alias belongs to.

use serde_json::json;

use crate::control::documents::{ExperimentDocument, Owners, Stored};
use crate::control::testing::{caller, config, config_in, control, list, listing, spec};
use crate::control::{Control, ControlError, Expected, StopRequest};
use crate::experiment::{Experiment, ExperimentSpec, layer_salt};
use crate::protocol::Read;
use crate::routing::{AliasAction, Reason, Split};
use crate::store::{self, Write};

/// A checked spec on `docs`.
fn wanted(name: &str, from: f64, to: f64) -> ExperimentSpec {
    let arms = json!([
        {"name": format!("{name}_control"), "weight": 0.5},
        {"name": format!("{name}_new"), "weight": 0.5, "collection": format!("{name}_v2")},
    ]);
    let spec = json!({"name": name, "alias": "docs", "arms": arms, "layer": {"from_percentage": from, "to_percentage": to}});
    serde_json::from_value::<ExperimentSpec>(spec).expect("its form").normalized(&std::collections::HashSet::new()).expect("in order")
}

async fn put(control: &Control, writes: Vec<Write>) {
    control.engine.put(store::Change::unaudited(writes)).await.expect("the store answers");
}

/// Experiments that run, as the store would have them; this room's Qdrant cannot be asked about collections.
async fn run(control: &Control, experiments: &[(&str, f64, f64)], owners: serde_json::Value) {
    let begin = |(name, from, to): &(&str, f64, f64)| {
        let id = format!("exp_{name}_1");
        let experiment = Experiment::create(&id, wanted(name, *from, *to), crate::control::clock::now(), "tester", "to see");
        let body = serde_json::to_value(&experiment).expect("it is JSON");
        Write::Put { key: ExperimentDocument::key(&id), body, due_at: None, expected: store::Expected::Absent }
    };
    let mut writes: Vec<Write> = experiments.iter().map(begin).collect();
    writes.push(Write::Put { key: Owners::key("docs"), body: owners, due_at: None, expected: store::Expected::Absent });
    put(control, writes).await;
}

async fn two() -> Control {
    let control = control(config()).await;
    list(&control, listing(&[("docs", "docs_v1")], &["docs_v1", "one_v2", "two_v2"])).await;
    run(&control, &[("one", 0.0, 40.0), ("two", 40.0, 70.0)], json!(["exp_one_1", "exp_two_1"])).await;
    control
}

fn owners(control: &Control) -> Option<String> {
    control.engine.state().documents.owners.get("docs").map(ToString::to_string)
}

#[tokio::test]
async fn a_decision_says_which_experiment_where_in_the_layer_and_which_arm() {
    let control = two().await;
    let salt = layer_salt("docs");
    for unit in (0..200).map(|unit| format!("user-{unit}")) {
        let place = salt.slot(unit.as_bytes());
        let explained = control.aliases.decision("docs", Read::Search, Some(&unit), None).expect("docs is listed");
        let layer = explained.layer.as_ref().expect("it is shared");
        assert_eq!((layer.salt.as_str(), layer.slot), ("layer:docs", place));
        let name = if place < 400_000 { "one" } else { "two" };
        if place >= 700_000 {
            assert_eq!((explained.reason, explained.variant.as_str(), explained.rollout), (Reason::OutsidePart, "stable", None));
            continue;
        }
        let id = format!("exp_{name}_1");
        let slot = crate::experiment::salt(&id).slot(unit.as_bytes());
        let arm = format!("{name}_{}", if slot < 500_000 { "control" } else { "new" });
        assert_eq!((explained.rollout.as_deref(), explained.salt), (Some(id.as_str()), Some(format!("experiment:{id}"))));
        assert_eq!((explained.slot, explained.variant, explained.reason), (Some(slot), arm.clone(), Reason::Weights), "{unit}");
        let [mine, other] = if name == "one" { ["exp_one_1", "exp_two_1"] } else { ["exp_two_1", "exp_one_1"] };
        let assigned = control.experiments.assignment(mine, &unit).expect("it runs");
        assert_eq!((assigned.arm, assigned.layer.map(|layer| layer.slot)), (Some(arm), Some(place)));
        let elsewhere = control.experiments.assignment(other, &unit).expect("it runs");
        assert_eq!((elsewhere.arm, elsewhere.token, elsewhere.reason), (None, None, Reason::OutsidePart));
    }
}

#[tokio::test]
async fn ending_one_leaves_the_other_and_the_last_gives_the_alias_back() {
    let control = two().await;
    control.handovers.stop("exp_one_1", StopRequest::default(), caller()).await.expect("it runs");
    assert_eq!(owners(&control).as_deref(), Some("exp_two_1"));
    let live = control.live();
    let Some(Split::Layer(layer)) = &live.table.entry("docs").split else { panic!("the other runs on") };
    let parts: Vec<_> = layer.parts().iter().map(|part| (part.slots.start, part.slots.end)).collect();
    assert_eq!(parts, [(400_000, 700_000)]);
    assert!(matches!(control.handovers.stop("exp_one_1", StopRequest::default(), caller()).await, Err(ControlError::IllegalExperiment(_))));
    control.handovers.stop("exp_two_1", StopRequest::default(), caller()).await.expect("it runs");
    assert_eq!(owners(&control), None);
    assert!(control.live().table.entry("docs").split.is_none());
    control.routes.put("docs", spec(&[("stable", 1.0), ("candidate", 1.0)]), Expected::Unsaid, caller()).await.expect("it is free");
}

#[tokio::test]
async fn nothing_else_runs_on_a_shared_alias_and_everything_is_guarded() {
    let control = two().await;
    let route = control.routes.put("docs", spec(&[("stable", 1.0), ("candidate", 1.0)]), Expected::Unsaid, caller()).await;
    assert!(matches!(&route, Err(ControlError::Occupied { owner, .. }) if owner == "exp_one_1, exp_two_1"), "{route:?}");
    let canary = control.canaries.create(crate::rollout::CanarySpec::new("docs", "one_v2"), None, caller()).await;
    assert!(matches!(canary, Err(ControlError::Occupied { .. })), "{canary:?}");
    let guards = control.live().table.guards.clone();
    for collection in ["docs_v1", "one_v2", "two_v2"] {
        assert!(guards.against_deletion(collection).is_some(), "{collection}");
    }
    assert!(guards.against(AliasAction::Delete { alias: "docs" }).is_some());
}

#[tokio::test]
async fn room_is_what_the_others_leave() {
    let control = two().await;
    let state = control.engine.state();
    let room = |from, to| state.documents.has_room("docs", &wanted("three", from, to).layer);
    assert!(room(70.0, 100.0).is_ok() && room(80.0, 90.0).is_ok());
    let refused = room(30.0, 75.0).expect_err("both have some of it").to_string();
    let expected = "30-75 % of `docs` overlaps with the experiment `exp_one_1` (0-40 %) and the experiment `exp_two_1` (40-70 %); \
                    free is 70-100 %";
    assert_eq!(refused, expected);
    let whole = two().await;
    run_alone(&whole).await;
    let refused = whole.engine.state().documents.has_room("more", &wanted("three", 0.0, 1.0).layer).expect_err("a canary shares nothing");
    assert!(matches!(&refused, ControlError::Occupied { owner, .. } if owner == "canary_1"), "{refused}");
}

/// What is no experiment has an alias alone.
async fn run_alone(control: &Control) {
    let body = "canary_1".into();
    put(control, vec![Write::Put { key: Owners::key("more"), body, due_at: None, expected: store::Expected::Absent }]).await;
}

/// The form in which one owner is written is that of before there could be several.
#[tokio::test]
async fn an_experiment_from_before_layers_goes_on_alone() {
    let control = control(config()).await;
    list(&control, listing(&[("docs", "docs_v1")], &["docs_v1", "one_v2"])).await;
    run(&control, &[("one", 0.0, 100.0)], json!("exp_one_1")).await;
    let live = control.live();
    let route = live.table.entry("docs").split.as_ref().and_then(Split::route).expect("it has all of the alias");
    assert_eq!(route.salt.as_str(), "experiment:exp_one_1");
    let explained = control.aliases.decision("docs", Read::Search, Some("user-1"), None).expect("docs is listed");
    assert_eq!((explained.layer, explained.rollout.as_deref()), (None, Some("exp_one_1")));
}

/// The owners have been changed by another replica since this one has heard of it: it looks again.
#[tokio::test]
async fn a_part_is_given_back_whoever_came_meanwhile() {
    let control = two().await;
    let late = Write::Put {
        key: Owners::key("docs"),
        body: json!(["exp_one_1", "exp_two_1", "exp_three_1"]),
        due_at: None,
        expected: store::Expected::Any,
    };
    control.engine.store().commit(store::Change::unaudited(vec![late])).await.expect("the store answers");
    control.handovers.stop("exp_one_1", StopRequest::default(), caller()).await.expect("it runs");
    assert_eq!(owners(&control).as_deref(), Some("exp_two_1, exp_three_1"), "nobody was thrown out");
}

#[tokio::test]
async fn sharing_survives_a_restart() {
    let at = tempfile::tempdir().expect("a temporary directory");
    let first = control(config_in(at.path())).await;
    run(&first, &[("one", 0.0, 40.0), ("two", 40.0, 70.0)], json!(["exp_one_1", "exp_two_1"])).await;
    drop(first);
    let again = control(config_in(at.path())).await;
    list(&again, listing(&[("docs", "docs_v1")], &["docs_v1", "one_v2", "two_v2"])).await;
    assert_eq!(owners(&again).as_deref(), Some("exp_one_1, exp_two_1"));
    assert!(
        again.live().table.entry("docs").split.as_ref().is_some_and(|split| split.layer().is_some_and(|layer| layer.parts().len() == 2))
    );
}
