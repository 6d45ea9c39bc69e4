//! Whose reads are dealt: what is new goes by the configuration, what is under way keeps the population it began with.

use serde_json::json;

use crate::config::{Change, Config, Loaded, Period};
use crate::control::documents::{CanaryDocument, ExperimentDocument, Owners, Stored, json as document};
use crate::control::testing::{caller, config, control, list, listing, spec};
use crate::control::{Control, Expected, RouteDocument, clock};
use crate::experiment::{Experiment, ExperimentSpec};
use crate::protocol::Read;
use crate::rollout::loss::Counted;
use crate::rollout::{By, Canary, CanarySpec, CohortNumbers, Effect, Evidence, Measurement, Plan, StageSpec, State};
use crate::routing::{Anonymous, Reason, SplitReads};
use crate::store::{self, Key, Kind, Write};

fn by() -> By {
    By::new("ann", "why not")
}

/// A canary in its first stage, with half of the units.
fn stepping(spec: CanarySpec) -> CanaryDocument {
    let now = clock::now();
    let mut canary = Canary::create("canary_1", Plan::try_from(spec).expect("a legal plan"), now, &by());
    let look = |canary: &mut Canary| {
        let (window, none) = (canary.window(), CohortNumbers::default);
        let measured = Ok(Measurement { window, canary: none(), control: none(), evaluations: Vec::new(), comparison: None });
        canary.tick(now, &Evidence { applied: true, frozen: None, basis: Ok(()), measured, counted: Counted::default(), uncounted: None });
    };
    look(&mut canary);
    let checks = canary.due(now).find(|pending| matches!(pending.effect, Effect::RunChecks { .. })).expect("they come first").number;
    canary.checks_passed(checks, "docs_v1", None);
    look(&mut canary);
    assert_eq!(canary.state(), State::Stepping);
    let mut running = CanaryDocument::new(canary);
    running.freeze(|_| None, || None);
    running
}

fn canary_spec() -> CanarySpec {
    let stages = vec![StageSpec::new(50.0, Period::from_secs(3_600)), StageSpec::new(100.0, Period::from_secs(0))];
    CanarySpec { stages, ..CanarySpec::new("docs", "docs_v2") }
}

fn experiment() -> Experiment {
    let spec = json!({"name": "old", "alias": "docs", "treatment": "docs_v2"});
    let spec: ExperimentSpec = serde_json::from_value(spec).expect("its form");
    let spec = spec.normalized(&std::collections::HashSet::new()).expect("in order");
    Experiment::create("exp_old_1", spec, clock::now(), "ann", "why not")
}

/// As another Pointsman left it in the store.
async fn stored(config: Config, kind: Kind, id: &str, body: serde_json::Value) -> Control {
    let control = control(config).await;
    list(&control, listing(&[("docs", "docs_v1"), ("news", "docs_v1")], &["docs_v1", "docs_v2", "candidate_v2"])).await;
    let owner = (kind != RouteDocument::KIND).then(|| Write::Put {
        key: Owners::key("docs"),
        body: json!(id),
        due_at: None,
        expected: store::Expected::Absent,
    });
    let mut writes = vec![Write::Put { key: Key::new(kind, id), body, due_at: None, expected: store::Expected::Absent }];
    writes.extend(owner);
    control.engine.put(store::Change::unaudited(writes)).await.expect("the store answers");
    control
}

/// Why a user's search, a user's bookkeeping, a search and bookkeeping of no user go where they go.
fn reasons(control: &Control) -> [Reason; 4] {
    [(Read::Search, Some("user-1")), (Read::Bookkeeping, Some("user-1")), (Read::Search, None), (Read::Bookkeeping, None)]
        .map(|(read, unit)| control.aliases.decision("docs", read, unit, None).expect("docs is listed").reason)
}

const NEW: [Reason; 4] = [Reason::Weights, Reason::NotSplit, Reason::AnonymousStable, Reason::AnonymousStable];
/// Bookkeeping of no user is the exception: dealing it request by request was never right.
const BEFORE: [Reason; 4] = [Reason::Weights, Reason::Weights, Reason::AnonymousRandom, Reason::AnonymousStable];

fn everything(mut config: Config) -> Config {
    (config.identity.anonymous, config.aliases.split) = (Some(Anonymous::Random), Some(SplitReads::All));
    config
}

async fn reload(control: &Control, config: Config) {
    let fingerprint = "second".to_owned();
    let change = Change { fingerprint: fingerprint.clone(), outcome: Ok(Loaded { config, file: None, fingerprint }) };
    assert_eq!(control.reload(change).await.rejected, Vec::<String>::new());
}

#[tokio::test]
async fn a_rollout_of_the_version_before_keeps_its_population_to_the_end() {
    let canary = document(&stepping(canary_spec()));
    let experiment = document(&experiment());
    for body in [&canary, &experiment] {
        let text = body.to_string();
        assert!(!text.contains("\"split\":") && !text.contains("\"anonymous\":"), "the version before wrote neither: {text}");
    }
    for (kind, id, body) in [(CanaryDocument::KIND, "canary_1", &canary), (ExperimentDocument::KIND, "exp_old_1", &experiment)] {
        let held = stored(config(), kind.clone(), id, body.clone()).await;
        assert_eq!(reasons(&held), BEFORE, "{id}");
        // A user's bookkeeping goes where the user's searches go.
        for unit in (0..50).map(|unit| format!("user-{unit}")) {
            let [search, bookkeeping] = [Read::Search, Read::Bookkeeping]
                .map(|read| held.aliases.decision("docs", read, Some(&unit), None).expect("docs is listed"));
            assert_eq!(search.variant, bookkeeping.variant, "{unit} in {id}");
        }
        // What the configuration said of requests without a user holds on.
        let mut quiet = config();
        quiet.identity.anonymous = Some(Anonymous::Stable);
        let held = stored(quiet, kind, id, body.clone()).await;
        assert_eq!(reasons(&held), [BEFORE[0], BEFORE[1], Reason::AnonymousStable, BEFORE[3]], "{id}");
    }
}

#[tokio::test]
async fn a_rollout_of_the_version_before_is_shown_as_it_works() {
    let held = stored(config(), CanaryDocument::KIND, "canary_1", document(&stepping(canary_spec()))).await;
    let plan = held.canaries.show("canary_1").expect("it was stored").plan;
    assert_eq!((plan.anonymous, plan.split), (Some(Anonymous::Random), Some(SplitReads::All)));
    let held = stored(config(), ExperimentDocument::KIND, "exp_old_1", document(&experiment())).await;
    let spec = held.experiments.show("exp_old_1").expect("it was stored").spec;
    assert_eq!((spec.anonymous, spec.split), (Some(Anonymous::Random), Some(SplitReads::All)));
}

#[tokio::test]
async fn a_route_follows_the_configuration_unless_it_says_otherwise() {
    let route = RouteDocument::created(spec(&[("stable", 50.0), ("candidate", 50.0)]));
    let control = stored(config(), RouteDocument::KIND, "docs", document(&route)).await;
    assert_eq!(reasons(&control), NEW);
    let shown = control.routes.show("docs").expect("it was stored").spec;
    assert_eq!((shown.anonymous, shown.split), (Some(Anonymous::Stable), Some(SplitReads::Searches)));
    reload(&control, everything(config())).await;
    assert_eq!(reasons(&control), BEFORE);
    let mut said = spec(&[("stable", 50.0), ("candidate", 50.0)]);
    (said.anonymous, said.split) = (Some(Anonymous::Stable), Some(SplitReads::Searches));
    control.routes.put("docs", said, Expected::Any, caller()).await.expect("a legal route");
    assert_eq!(reasons(&control), NEW);
}

#[tokio::test]
async fn a_canary_keeps_what_was_in_force_when_it_was_made() {
    let control = control(config()).await;
    list(&control, listing(&[("docs", "docs_v1"), ("news", "docs_v1")], &["docs_v1", "docs_v2"])).await;
    let made = control.canaries.create(canary_spec(), None, caller()).await.expect("a legal plan");
    reload(&control, everything(config())).await;
    let kept = control.canaries.show(&made.id).expect("it was made").plan;
    assert_eq!((kept.anonymous, kept.split), (Some(Anonymous::Stable), Some(SplitReads::Searches)));
    let news = CanarySpec { alias: "news".to_owned(), ..canary_spec() };
    let later = control.canaries.create(news, None, caller()).await.expect("a legal plan").plan;
    assert_eq!((later.anonymous, later.split), (Some(Anonymous::Random), Some(SplitReads::All)));
}

/// A canary that says what it splits goes by that and not by the configuration.
#[tokio::test]
async fn a_canary_deals_what_its_plan_says() {
    let narrow = CanarySpec { anonymous: Some(Anonymous::Stable), split: Some(SplitReads::Searches), ..canary_spec() };
    let control = stored(everything(config()), CanaryDocument::KIND, "canary_1", document(&stepping(narrow))).await;
    assert_eq!(reasons(&control), NEW);
}
