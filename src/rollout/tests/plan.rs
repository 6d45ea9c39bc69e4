//! What a plan may say, and what is said about those that may not.

use serde_json::{Value, json};

use super::bench::{plan, secs, spec};
use crate::config::Period;
use crate::rollout::{CanarySpec, Guard, Level, NoData, Plan, PlanFaults, Rule, StageSpec, Statistic, Timestamp};

fn read(body: Value) -> Result<CanarySpec, String> {
    serde_json::from_value(body).map_err(|error| error.to_string())
}

/// The faults of a canary with these stages, as `field: reason`.
fn faults(stages: &Value) -> Vec<String> {
    let spec = read(json!({ "alias": "docs", "collection": "docs_v2", "stages": stages })).expect("well-formed");
    faults_of(spec)
}

fn faults_of(spec: CanarySpec) -> Vec<String> {
    match Plan::try_from(spec) {
        Ok(_) => Vec::new(),
        Err(PlanFaults(faults)) => faults.iter().map(ToString::to_string).collect(),
    }
}

/// Features 51, 53 and 55, and the decisions of 1P.
#[test]
fn the_smallest_plan_has_the_promised_defaults() {
    let plan = plan(read(json!({ "alias": "docs", "collection": "docs_v2" })).expect("well-formed"));
    let stages: Vec<_> = plan.stages().iter().map(|stage| (stage.share.percentage(), stage.duration)).collect();
    let minutes = |minutes: u64| Period::from_secs(minutes * 60);
    assert_eq!(stages, [(5.0, minutes(30)), (25.0, minutes(60)), (50.0, minutes(120)), (100.0, minutes(0))]);
    assert!(plan.spec().auto_rollback);
    assert_eq!(plan.spec().no_data, NoData::Hold);
    assert_eq!(plan.spec().check_interval, secs(15));
    assert_eq!(plan.spec().retire_old, Some(minutes(24 * 60)));
    assert_eq!(
        plan.guards(0),
        [
            Guard::new(Rule::ErrorRate { max: 0.05, margin: Some(0.01) }),
            Guard::new(Rule::ClientErrors { margin: 0.02, max_increase: 0.2 }),
            Guard::new(Rule::Latency { statistic: Statistic::P95, max_ms: 200.0, relative_margin: Some(0.25) }),
        ]
    );
    assert_eq!(*plan.spec(), CanarySpec::new("docs", "docs_v2"));
}

/// Features 2C-26: the documented last stage is legal.
#[test]
fn a_last_stage_of_no_length_is_legal() {
    assert_eq!(faults(&json!([{ "percentage": 10, "duration_minutes": 0.5 }, { "percentage": 100, "duration_minutes": 0 }])), [""; 0]);
}

#[test]
fn every_faulty_percentage_is_named_with_its_stage() {
    let faults = faults(&json!([
        { "duration": "1m" },
        { "percentage": 150, "duration": "1m" },
        { "percentage": -1, "duration": "1m" },
        { "percentage": 0, "duration": "1m" },
        { "percentage": 0.00001, "duration": "1m" },
        { "percentage": 1.00005, "duration": "1m" },
        { "percentage": 30, "duration": "1m" },
        { "percentage": 20, "duration": "1m" },
        { "percentage": 20, "duration": "1m" },
    ]));
    assert_eq!(
        faults,
        [
            "stages[0].percentage: is missing",
            "stages[1].percentage: must be above 0 and at most 100, not 150",
            "stages[2].percentage: must be above 0 and at most 100, not -1",
            "stages[3].percentage: must be above 0 and at most 100, not 0",
            "stages[4].percentage: must be a multiple of 0.0001, not 0.00001",
            "stages[5].percentage: must be a multiple of 0.0001, not 1.00005",
            "stages[7].percentage: must be above that of the stage before, 30",
            "stages[8].percentage: must be above that of the stage before, 20",
            "stages[8].percentage: the last stage must be 100, not 20",
        ]
    );
}

#[test]
fn nan_is_a_fault_and_not_a_share() {
    let stages = vec![StageSpec::new(f64::NAN, secs(60)), StageSpec { duration_minutes: Some(f64::NAN), ..StageSpec::default() }];
    let faults = faults_of(CanarySpec { stages, ..spec() });
    assert_eq!(
        faults,
        [
            "stages[0].percentage: must be above 0 and at most 100, not NaN",
            "stages[1].percentage: is missing",
            "stages[1].duration_minutes: must be a finite number, zero or above, not NaN",
        ]
    );
}

/// Features 2C-27: a list that does not end at 100 would run for ever.
#[test]
fn a_plan_that_ends_before_100_or_has_no_stage_is_refused() {
    assert_eq!(faults(&json!([{ "percentage": 10, "duration": "1m" }])), ["stages[0].percentage: the last stage must be 100, not 10"]);
    assert_eq!(faults(&json!([])), ["stages: a canary needs 1 to 100 stages, this one has 0"]);
}

#[test]
fn every_faulty_duration_is_named_with_its_stage() {
    let faults = faults(&json!([
        { "percentage": 1 },
        { "percentage": 2, "duration": "1m", "duration_minutes": 1 },
        { "percentage": 3, "duration": "0s" },
        { "percentage": 4, "duration_minutes": -5 },
        { "percentage": 5, "duration": "400d" },
        { "percentage": 100, "duration": "0s" },
    ]));
    assert_eq!(
        faults,
        [
            "stages[0].duration: is missing",
            "stages[1].duration: is given twice, also as `duration_minutes`",
            "stages[2].duration: must be above zero; only the last stage may go on at once",
            "stages[3].duration_minutes: must be a finite number, zero or above, not -5",
            "stages[4].duration: must be at most 366d, not 400d",
        ]
    );
}

#[test]
fn a_canary_that_watches_nothing_is_refused() {
    let reason =
        "stages[0].duration: a canary that watches nothing is an alias switch: give its only stage a duration, or switch the alias";
    assert_eq!(faults(&json!([{ "percentage": 100, "duration": "0s" }])), [reason]);
    assert_eq!(faults(&json!([{ "percentage": 100, "duration": "1m" }])), [""; 0]);
}

#[test]
fn every_faulty_guard_is_named_with_its_place() {
    let spec = read(json!({
        "alias": "docs", "collection": "docs_v2",
        "guards": [
            { "kind": "error_rate", "max": 5 },
            { "kind": "latency", "statistic": "p99", "max_ms": 0, "relative_margin": -1 },
            { "kind": "prometheus", "query": " " },
            { "kind": "error_rate", "max": 0.1, "margin": 2 },
            { "kind": "prometheus", "query": "up{a=\"{{alias}}\", b=\"{{user}}\"}", "max": 1, "looks": 0, "name": "up" },
        ],
        "stages": [{ "percentage": 100, "duration": "1m", "guards": [{ "kind": "empty_results", "max": 1.5 }] }],
    }));
    assert_eq!(
        faults_of(spec.expect("well-formed")),
        [
            "stages[0].guards[0].max: must be a fraction from 0 to 1, not 1.5",
            "guards[0].max: must be a fraction from 0 to 1, not 5",
            "guards[1].max_ms: must be a finite number above zero, not 0",
            "guards[1].relative_margin: must be a finite number, zero or above, not -1",
            "guards[2].query: is empty",
            "guards[2]: needs `max` or `min`: without a limit it can neither pass nor fail",
            "guards[3].name: `error_rate` appears twice; give the guards names",
            "guards[3].margin: must be a fraction from 0 to 1, not 2",
            "guards[4].query: has no meaning for `{{user}}`; there are `{{alias}}` and `{{collection}}`",
            "guards[4].looks: must be 1 to 1000, not 0",
        ]
    );
}

#[test]
fn every_other_field_has_its_limits() {
    let spec = read(json!({
        "alias": "", "collection": "a/b", "upstream": "", "minimum_requests": 0, "check_interval": "0s", "deadline": "0s", "watch": "1000d",
        "freeze": [{ "kind": "once", "from": "2026-12-24T00:00:00Z", "until": "2026-12-24T00:00:00Z" },
                   { "kind": "weekly", "days": [], "from": "17:00", "until": "09:00" }],
    }));
    let faults = faults_of(spec.expect("well-formed"));
    let fields: Vec<_> = faults.iter().filter_map(|fault| fault.split(": ").next()).collect();
    let expected =
        ["alias", "collection", "upstream", "deadline", "check_interval", "watch", "minimum_requests", "freeze[0].until", "freeze[1].days"];
    assert_eq!(fields, expected);
}

#[test]
fn unknown_fields_are_refused_everywhere() {
    let with = |field: &str, value: Value| {
        let mut body = json!({ "alias": "docs", "collection": "docs_v2" });
        body[field] = value;
        read(body).expect_err("refused")
    };
    assert!(with("stage", json!([])).contains("unknown field `stage`"));
    assert!(with("stages", json!([{ "percent": 5 }])).contains("unknown field `percent`"));
    assert!(with("guards", json!([{ "kind": "error_rate", "max": 0.1, "maximum": 1 }])).contains("unknown field `maximum`"));
    assert!(with("guards", json!([{ "kind": "uptime" }])).contains("unknown variant `uptime`"));
    assert!(with("no_data", json!("pass")).contains("unknown variant `pass`"), "no data is never a pass");
    assert!(with("warm_up", json!("-5m")).contains("-5m"));
    assert!(with("freeze", json!([{ "kind": "weekly", "days": ["fri"], "from": "25:00", "until": "09:00" }])).contains("25:00"));
}

#[test]
fn guards_have_a_name_and_a_level() {
    let body = json!([{ "kind": "latency", "statistic": "p99", "max_ms": 300, "level": "signal" },
                      { "kind": "prometheus", "query": "up", "min": 1, "name": "alive", "level": "dry_run" }]);
    let guards: Vec<Guard> = serde_json::from_value(body.clone()).expect("well-formed");
    assert_eq!((guards[0].name(), guards[0].level), ("latency_p99", Level::Signal));
    assert_eq!((guards[1].name(), guards[1].level), ("alive", Level::DryRun));
    let again: Vec<Guard> = serde_json::from_value(serde_json::to_value(&guards).expect("JSON")).expect("read again");
    assert_eq!(again, guards);
}

#[test]
fn moments_are_read_as_people_write_them_and_as_they_are_stored() {
    let moments: Vec<Timestamp> = serde_json::from_value(json!(["2026-11-23T09:00:00Z", 1_795_424_400_000_u64])).expect("well-formed");
    assert_eq!(moments[0], moments[1]);
    assert_eq!(serde_json::to_value(moments[0]).expect("JSON"), json!(1_795_424_400_000_u64));
    assert_eq!(moments[0].to_string(), "2026-11-23T09:00:00Z");
    assert!(serde_json::from_value::<Timestamp>(json!("tomorrow")).is_err());
}

/// Later releases may have other defaults; a plan under way keeps those it began with.
#[test]
fn a_stored_plan_has_its_defaults_written_out_and_comes_back_the_same() {
    let plan = plan(CanarySpec::new("docs", "docs_v2"));
    let stored = serde_json::to_value(&plan).expect("JSON");
    for field in ["stages", "guards", "warm_up", "minimum_requests", "minimum_units", "check_interval", "watch", "retire_old"] {
        assert!(stored.get(field).is_some(), "{field} is not written out");
    }
    assert_eq!(serde_json::from_value::<Plan>(stored).expect("read again"), plan);
}

#[test]
fn freezes_follow_the_calendar_in_utc() {
    let frozen = |window: Value, moment: &str| {
        let spec = read(json!({ "alias": "docs", "collection": "docs_v2", "freeze": [window] })).expect("well-formed");
        let now: Timestamp = serde_json::from_value(json!(moment)).expect("a moment");
        plan(spec).frozen(now).is_some()
    };
    let weekend = json!({ "kind": "weekly", "days": ["fri", "sat", "sun"], "from": "17:00", "until": "09:00" });
    // The 27th of November 2026 is a Friday.
    let cases = [
        ("2026-11-27T16:59:59Z", false),
        ("2026-11-27T17:00:00Z", true),
        ("2026-11-28T08:59:59Z", true),
        ("2026-11-28T12:00:00Z", false),
        ("2026-11-30T08:00:00Z", true),
        ("2026-11-30T09:00:00Z", false),
        ("2026-11-30T18:00:00Z", false),
    ];
    for (moment, expected) in cases {
        assert_eq!(frozen(weekend.clone(), moment), expected, "{moment}");
    }
    let all_day = json!({ "kind": "weekly", "days": ["sat"], "from": "00:00", "until": "24:00" });
    assert!(frozen(all_day.clone(), "2026-11-28T23:59:59Z") && !frozen(all_day, "2026-11-29T00:00:00Z"));
    let once = json!({ "kind": "once", "from": "2026-12-24T00:00:00Z", "until": "2026-12-27T00:00:00Z" });
    assert!(frozen(once.clone(), "2026-12-26T23:59:59Z") && !frozen(once, "2026-12-27T00:00:00Z"));
}
