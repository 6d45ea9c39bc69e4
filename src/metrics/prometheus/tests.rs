use super::*;
use crate::metrics::{Chosen, Completed, Dropped, FallbackCause, Outcome};
use crate::protocol::{Class, Protocol};

const GAUGES: Gauges<'_> = Gauges {
    version: "1.2.3",
    ready: true,
    table_revision: 7,
    aliases: 2,
    routes: 1,
    listing_age_seconds: Some(1.5),
    alias_switches: 3,
    weights: Vec::new(),
    listing_failures: 3,
    store_up: true,
    store_revision: 12,
    kill_switch: false,
    canaries: Vec::new(),
    deployments: Vec::new(),
    shadows: Vec::new(),
    experiments: Vec::new(),
    retirements: RetirementGauges { pending: Vec::new(), overdue_seconds: 0.0 },
    webhooks: Vec::new(),
};

fn completed(first_byte_us: u64, total_us: u64) -> Completed {
    Completed {
        protocol: Protocol::Grpc,
        class: Class::Read,
        outcome: Outcome::Ok,
        first_byte_us: Some(first_byte_us),
        total_us,
        request_bytes: 10,
        response_bytes: 20,
        chosen: Chosen::Anonymous,
    }
}

fn counted(alias: &str) -> Registry {
    let registry = Registry::new(2, 10);
    let handles = registry.handles(Some(alias), "candidate", "default", Some("docs_v2"));
    for worker in 0..2 {
        handles.series.shard(worker).begin();
        handles.series.shard(worker).end(&completed(1000, 3000));
        registry.workers()[worker].begin();
    }
    handles.series.shard(0).fallback(FallbackCause::Missing);
    handles.series.shard(1).begin();
    handles.series.shard(1).end(&Completed { chosen: Chosen::Forced, class: Class::Admin, response_bytes: 0, ..completed(1, 1) });
    handles.usage.begin(1);
    registry
}

fn line<'a>(text: &'a str, start: &str) -> &'a str {
    text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no line starts with {start} in\n{text}"))
}

#[test]
fn workers_are_summed_into_one_series() {
    let text = render(&counted("docs"), &GAUGES).expect("the families are complete");
    let labels = r#"alias="docs",variant="candidate""#;
    assert_eq!(
        line(&text, "pointsman_requests_total{"),
        format!(r#"pointsman_requests_total{{{labels},protocol="grpc",class="read",outcome="ok"}} 2"#)
    );
    assert_eq!(line(&text, "pointsman_anonymous_requests_total{"), format!("pointsman_anonymous_requests_total{{{labels}}} 2"));
    assert_eq!(line(&text, "pointsman_forced_requests_total{"), format!("pointsman_forced_requests_total{{{labels}}} 1"));
    assert_eq!(line(&text, "pointsman_response_bytes_total{"), format!("pointsman_response_bytes_total{{{labels}}} 40"));
    assert_eq!(line(&text, "pointsman_fallbacks_total{"), format!(r#"pointsman_fallbacks_total{{{labels},cause="missing"}} 1"#));
    assert_eq!(line(&text, "pointsman_in_flight{"), format!("pointsman_in_flight{{{labels}}} 0"));
    assert_eq!(
        line(&text, "pointsman_collection_in_flight{"),
        r#"pointsman_collection_in_flight{upstream="default",collection="docs_v2"} 1"#
    );
    assert_eq!(line(&text, "pointsman_requests_in_flight{"), r#"pointsman_requests_in_flight{worker="0"} 1"#);
    assert_eq!(line(&text, "pointsman_table_revision"), "pointsman_table_revision 7");
    assert_eq!(line(&text, "pointsman_alias_listing_age_seconds"), "pointsman_alias_listing_age_seconds 1.5");
    assert_eq!(line(&text, "pointsman_build_info"), r#"pointsman_build_info{version="1.2.3"} 1"#);
    assert!(text.contains("\nprocess_resident_memory_bytes "));
}

#[test]
fn histograms_are_cumulative_and_exact() {
    let text = render(&counted("docs"), &GAUGES).expect("the families are complete");
    let at = |le: &str| {
        let bucket = format!(r#"pointsman_request_duration_seconds_bucket{{alias="docs",variant="candidate",class="read",le="{le}"}} "#);
        line(&text, &bucket)[bucket.len()..].to_owned()
    };
    assert_eq!(at("0.000128"), "0");
    assert_eq!(at("0.002048"), "0");
    assert_eq!(at("0.003072"), "2");
    assert_eq!(at("67.108864"), "2");
    assert_eq!(at("+Inf"), "2");
    assert!(text.contains(r#"pointsman_request_duration_seconds_sum{alias="docs",variant="candidate",class="read"} 0.006"#));
}

#[test]
fn exported_bounds_are_bounds_of_the_internal_histogram() {
    for bound in latency::bounds() {
        let histogram = crate::metrics::Histogram::default();
        histogram.observe(bound - 1);
        histogram.observe(bound);
        let mut snapshot = crate::metrics::Snapshot::default();
        snapshot.add(&histogram);
        assert_eq!(snapshot.below(bound), 1, "{bound} us lies inside a bucket");
    }
    assert_eq!(latency::bounds().count(), 30);
    assert!(latency::bounds().is_sorted());
}

#[test]
fn names_cannot_break_out_of_their_label() {
    let text = render(&counted("a\"} 1\nevil{x=\"\\"), &GAUGES).expect("the families are complete");
    assert!(text.lines().all(|line| !line.starts_with("evil")), "a name became a line of its own");
    assert!(line(&text, "pointsman_in_flight{").contains(r#"alias="a\"} 1\nevil{x=\"\\""#));
}

#[test]
fn experiments_have_their_state_their_units_and_their_alarm() {
    let arms = [("control", 510.0), ("new", 490.0)].map(|(arm, units)| ArmGauge { arm: arm.to_owned(), units }).to_vec();
    let counted = ExperimentGauge {
        alias: "docs".to_owned(),
        id: "exp_1".to_owned(),
        state: "running",
        seconds_in_state: 2.5,
        arms,
        mismatch: Some(true),
    };
    let fresh = ExperimentGauge { id: "exp_2".to_owned(), state: "scheduled", arms: Vec::new(), mismatch: None, ..counted.clone() };
    let text = render(&Registry::new(1, 10), &Gauges { experiments: vec![counted, fresh], ..GAUGES }).expect("the families are complete");
    let labels = r#"alias="docs",experiment="exp_1""#;
    for (name, more, value) in [
        ("state", r#",state="running""#, "1"),
        ("seconds_in_state", "", "2.5"),
        ("units", r#",arm="new""#, "490"),
        ("sample_ratio_mismatch", "", "1"),
    ] {
        let wanted = format!("pointsman_experiment_{name}{{{labels}{more}}} {value}");
        assert!(text.lines().any(|line| line == wanted), "{wanted}\n{text}");
    }
    assert_eq!(text.matches(r#"experiment="exp_2""#).count(), 2, "nothing is said of units that were not counted");
}

#[test]
fn what_has_not_happened_is_left_out() {
    let nothing = Gauges { listing_age_seconds: None, ..GAUGES };
    let text = render(&Registry::new(1, 10), &nothing).expect("empty families are dropped");
    assert!(!text.contains("pointsman_requests_total"));
    assert!(!text.contains("pointsman_alias_listing_age_seconds"));
}

#[test]
fn a_canary_shows_its_stage_share_state_and_verdicts() {
    let canary = CanaryGauge {
        alias: "docs".to_owned(),
        id: "canary_1".to_owned(),
        state: "stepping",
        stage: 1,
        percentage: 0.5,
        seconds_in_state: 2.5,
        verdicts: vec![GuardGauge { guard: "error_rate".to_owned(), verdict: -1.0 }],
    };
    let text = render(&Registry::new(1, 10), &Gauges { canaries: vec![canary], ..GAUGES }).expect("it renders");
    for line in [
        r#"pointsman_canary_stage{alias="docs",canary="canary_1"} 1"#,
        r#"pointsman_canary_share_percent{alias="docs",canary="canary_1"} 0.5"#,
        r#"pointsman_canary_state{alias="docs",canary="canary_1",state="stepping"} 1"#,
        r#"pointsman_canary_seconds_in_state{alias="docs",canary="canary_1"} 2.5"#,
        r#"pointsman_canary_guard_verdict{alias="docs",canary="canary_1",guard="error_rate"} -1"#,
    ] {
        assert!(text.contains(line), "no `{line}` in\n{text}");
    }
}

#[test]
fn a_deployment_shows_its_state_and_how_far_its_copy_is() {
    let building =
        |id: &str, copy| DeploymentGauge { alias: "docs".to_owned(), id: id.to_owned(), state: "copying", seconds_in_state: 1.5, copy };
    let deployments = vec![building("deployment_1", Some((5, 9))), building("deployment_2", None)];
    let text = render(&Registry::new(1, 10), &Gauges { deployments, ..GAUGES }).expect("it renders");
    for line in [
        r#"pointsman_deployment_state{alias="docs",deployment="deployment_1",state="copying"} 1"#,
        r#"pointsman_deployment_seconds_in_state{alias="docs",deployment="deployment_2"} 1.5"#,
        r#"pointsman_deployment_points_copied{alias="docs",deployment="deployment_1"} 5"#,
        r#"pointsman_deployment_points{alias="docs",deployment="deployment_1"} 9"#,
    ] {
        assert!(text.contains(line), "no `{line}` in\n{text}");
    }
    assert!(!text.contains(r#"points{alias="docs",deployment="deployment_2"}"#), "nothing is known of its copy:\n{text}");
}

#[test]
fn the_weights_of_a_route_and_moves_of_aliases_are_shown() {
    let weights = vec![WeightGauge { alias: "docs".to_owned(), variant: "candidate".to_owned(), percent: 12.5 }];
    let text = render(&Registry::new(1, 10), &Gauges { weights, ..GAUGES }).expect("it renders");
    for line in [r#"pointsman_route_weight_percent{alias="docs",variant="candidate"} 12.5"#, "pointsman_alias_switches_total 3"] {
        assert!(text.contains(line), "no `{line}` in\n{text}");
    }
}

#[test]
fn a_shadow_comparison_shows_its_state() {
    let shadow = ShadowGauge { alias: "docs".to_owned(), id: "shadow_1".to_owned(), state: "settling", seconds_in_state: 2.5 };
    let text = render(&Registry::new(1, 10), &Gauges { shadows: vec![shadow], ..GAUGES }).expect("it renders");
    for line in [
        r#"pointsman_shadow_state{alias="docs",shadow="shadow_1",state="settling"} 1"#,
        r#"pointsman_shadow_seconds_in_state{alias="docs",shadow="shadow_1"} 2.5"#,
    ] {
        assert!(text.contains(line), "no `{line}` in\n{text}");
    }
}

#[test]
fn an_alias_with_a_shadow_shows_what_was_mirrored_and_what_was_not() {
    let registry = Registry::new(1, 10);
    let comparisons = registry.comparisons("shadow/1", "docs");
    comparisons.mirrored(0);
    comparisons.dropped(0, Dropped::QueueFull);
    let text = render(&registry, &GAUGES).expect("it renders");
    for line in [
        r#"pointsman_shadow_mirrored_total{alias="docs"} 1"#,
        r#"pointsman_shadow_dropped_total{alias="docs",reason="queue_full"} 1"#,
        r#"pointsman_shadow_comparisons_total{alias="docs"} 0"#,
        r#"pointsman_shadow_failed_total{alias="docs"} 0"#,
    ] {
        assert!(text.contains(line), "no `{line}` in\n{text}");
    }
}

#[test]
fn a_webhook_shows_what_it_is_owed_and_what_was_delivered() {
    let mut hook = WebhookGauge { pending: 3, oldest_seconds: 1.5, ..WebhookGauge::of("chat") };
    hook.deliveries.insert(DeliveryResult::GivenUp, 2);
    let text = render(&Registry::new(1, 10), &Gauges { webhooks: vec![hook], ..GAUGES }).expect("it renders");
    for line in [
        r#"pointsman_outbox_pending{webhook="chat"} 3"#,
        r#"pointsman_outbox_oldest_age_seconds{webhook="chat"} 1.5"#,
        r#"pointsman_webhook_deliveries_total{webhook="chat",result="delivered"} 0"#,
        r#"pointsman_webhook_deliveries_total{webhook="chat",result="given_up"} 2"#,
    ] {
        assert!(text.contains(line), "no `{line}` in\n{text}");
    }
}

#[test]
fn retirements_are_counted_by_state() {
    let retirements = RetirementGauges { pending: vec![("scheduled", 2), ("blocked", 0)], overdue_seconds: 1.5 };
    let text = render(&Registry::new(1, 10), &Gauges { retirements, ..GAUGES }).expect("it renders");
    for line in [
        r#"pointsman_retirements_pending{state="scheduled"} 2"#,
        r#"pointsman_retirements_pending{state="blocked"} 0"#,
        "pointsman_retirement_overdue_seconds 1.5",
    ] {
        assert!(text.contains(line), "no `{line}` in\n{text}");
    }
}
