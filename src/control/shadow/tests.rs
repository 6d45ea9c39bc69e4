//! Shadow comparisons on a real engine: what is in the table, what is added up, and what is refused.

use std::sync::Arc;
use std::time::Duration;

use pointsman_sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};

use super::ShadowView;
use crate::config::{Config, Period};
use crate::control::testing::{caller, config, control, spec};
use crate::control::{Consent, Control, ControlError, Expected, RetirementRequest, clock};
use crate::live::DEFAULT_UPSTREAM;
use crate::metrics::{Against, Compared, Comparisons};
use crate::rollout::shadow::ShadowState;
use crate::rollout::{CanarySpec, Command, ShadowStage};
use crate::stats::ranking::Likeness;
use crate::stats::shadow::{Paired, Summary};
use crate::store::{Fence, Filter};

/// `docs` points at `docs_v1`; beside it `docs_v2` of the same vectors, `wide` of others, and `empty`.
struct House {
    sandbox: Sandbox,
    control: Control,
    fence: Fence,
}

impl House {
    async fn new() -> Self {
        let sandbox = Sandbox::start(SandboxOptions::default()).await.expect("free ports");
        let control = control(of(&sandbox)).await;
        let lease = control.engine.store().acquire_or_renew("controller", Duration::from_secs(600)).await.expect("the store answers");
        let house = Self { sandbox, control, fence: lease.fence().expect("nobody else asks") };
        for (name, vector, points) in
            [("docs_v1", vec![1, 1], 1), ("docs_v2", vec![1, 1], 1), ("wide", vec![1, 1, 1], 1), ("empty", vec![1, 1], 0)]
        {
            house.put(&format!("/collections/{name}"), json!({"vectors": {"size": vector.len(), "distance": "Dot"}})).await;
            let points: Vec<Value> = (0..points).map(|id| json!({"id": id, "vector": vector})).collect();
            if !points.is_empty() {
                house.put(&format!("/collections/{name}/points?wait=true"), json!({"points": points})).await;
            }
        }
        let alias = json!({"actions": [{"create_alias": {"alias_name": "docs", "collection_name": "docs_v1"}}]});
        house.ask(reqwest::Method::POST, "/collections/aliases", alias).await;
        house.relist().await;
        house
    }

    async fn put(&self, path: &str, body: Value) {
        self.ask(reqwest::Method::PUT, path, body).await;
    }

    async fn ask(&self, method: reqwest::Method, path: &str, body: Value) {
        let url = format!("http://{}{path}", self.sandbox.rest_addr);
        let answer = reqwest::Client::new().request(method, url).json(&body).send().await.expect("the sandbox answers");
        assert!(answer.status().is_success(), "{path}: {:?}", answer.text().await);
    }

    async fn relist(&self) {
        let client = self.control.plan().client(DEFAULT_UPSTREAM).expect("it is configured");
        self.control.engine.relist_with(&client).await;
    }

    async fn create(&self, changes: Value) -> Result<ShadowView, ControlError> {
        let mut spec = json!({"alias": "docs", "collection": "docs_v2"});
        for (field, value) in changes.as_object().expect("an object") {
            spec[field] = value.clone();
        }
        self.control.shadows.create(serde_json::from_value(spec).expect("a spec"), None, caller()).await
    }

    async fn begin(&self) -> String {
        self.create(json!({})).await.expect("nothing stands in its way").id
    }

    /// Who is asked the same as `docs`.
    fn mirrored(&self) -> Option<Arc<Comparisons>> {
        self.control.live().table.entry("docs").shadow.as_ref().and_then(|shadow| shadow.target.handle.comparisons.clone())
    }

    fn step(&self, id: &str, after: Period) -> impl Future<Output = Result<(), ControlError>> {
        let mirroring = self.control.shadows.known(id).expect("it was made");
        async move { self.control.shadows.step(&mirroring, &Ok(()), clock::now().plus(after), &self.fence).await }
    }

    async fn comparisons(&self, id: &str) -> u64 {
        self.control.shadows.show(id).await.expect("it was made").report.expect("one alone has a report")["comparisons"]
            .as_u64()
            .expect("a count")
    }

    async fn kinds(&self) -> Vec<String> {
        let events = self.control.engine.store().events(&Filter { subject: None, before: None, limit: 20 }).await.expect("events");
        events.items.into_iter().rev().map(|event| event.kind).collect()
    }
}

fn of(sandbox: &Sandbox) -> Config {
    let mut config = config();
    let upstream = config.upstreams.get_mut("default").expect("it is there");
    upstream.rest_url = format!("http://{}", sandbox.rest_addr).parse().expect("a URL");
    let grpc = sandbox.grpc_addr.expect("it listens for gRPC");
    upstream.grpc_url = format!("http://{grpc}").parse().expect("a URL");
    config
}

/// So many answers that are the same.
fn compare(comparisons: &Comparisons, count: u64) {
    let same = Likeness {
        overlap: 1.0,
        jaccard: 1.0,
        top1: true,
        rbo: 1.0,
        kendall: None,
        spearman: None,
        weighted_tau: None,
        average_precision: 1.0,
        ndcg: 1.0,
        score_drift: None,
    };
    let pairs = vec![Paired { reference_hits: 1, candidate_hits: 1, likeness: Some(same) }];
    for hash in 0..count {
        let lists = Compared::Lists { pairs: pairs.clone(), reference_us: 1_000, candidate_us: 1_000 };
        comparisons.record(Against::Shadow, hash, &lists);
    }
}

fn canary(shadow: bool) -> CanarySpec {
    CanarySpec { shadow: shadow.then(|| ShadowStage::new(Period::from_secs(60))), ..CanarySpec::new("docs", "docs_v2") }
}

#[tokio::test]
async fn what_is_asked_as_well_is_in_the_table_beside_everything_else() {
    let house = House::new().await;
    house
        .control
        .routes
        .put("docs", spec(&[("stable", 1.0), ("candidate", 1.0)]), Expected::Unsaid, caller())
        .await
        .expect("a legal route");
    let id = house.create(json!({"percentage": 12.5, "noise_percentage": 1, "from": "candidate", "by": "unit", "depth": 3})).await;
    let id = id.expect("a shadow occupies no alias").id;
    let live = house.control.live();
    let entry = live.table.entry("docs");
    let shadow = entry.shadow.as_ref().expect("it is mirrored");
    assert!(entry.split.is_some());
    assert_eq!((shadow.slots, shadow.noise, &*shadow.from, shadow.depth, shadow.scores), (125_000, 10_000, "candidate", 3, true));
    assert_eq!((&*shadow.target.collection, shadow.target.rename.as_deref()), ("docs_v2", Some("docs_v2")));
    assert_eq!(shadow.salt.as_str(), format!("shadow:{id}"));
    assert_ne!(shadow.salt, shadow.stats, "what deals units says nothing of their statistics");

    house.control.kill_switch.turn(true, caller()).await.expect("it can be kept");
    assert!(house.mirrored().is_none() && house.control.shadows.show(&id).await.expect("it was made").paused);
    house.control.kill_switch.turn(false, caller()).await.expect("it can be kept");
    assert!(house.mirrored().is_some() && !house.control.shadows.show(&id).await.expect("it was made").paused);
    house.control.shadows.stop(&id, caller()).await.expect("it runs");
    assert!(house.mirrored().is_none());
}

#[tokio::test]
async fn all_replicas_are_added_up_and_the_end_is_frozen() {
    let house = House::new().await;
    let id = house.begin().await;
    let here = house.mirrored().expect("it is mirrored");
    compare(&here, 3);
    house.control.shadows.flush().await.expect("the store answers");
    house.control.forget_counters();
    compare(&house.mirrored().expect("what is compared is not forgotten"), 2);
    let theirs = Summary { shadow: here.snapshot().shadow, ..Summary::default() };
    house
        .control
        .engine
        .store()
        .put_observation(
            &house.control.shadows.known(&id).expect("it was made").scope(),
            "another",
            &crate::control::documents::json(&theirs),
        )
        .await
        .expect("the store answers");
    assert_eq!(house.comparisons(&id).await, 10, "five here up to now, and the same of another");

    house.step(&id, Period::from_secs(3_600)).await.expect("nothing is due");
    assert_eq!(house.control.shadows.show(&id).await.expect("it was made").state, ShadowState::Running);
    house.step(&id, Period::from_secs(86_400)).await.expect("it can be kept");
    let view = house.control.shadows.show(&id).await.expect("it was made");
    assert_eq!(
        (view.state, view.history.last().map(|step| step.reason.as_str())),
        (ShadowState::Settling, Some("its longest duration is over"))
    );
    house.step(&id, Period::from_secs(86_410)).await.expect("it can be kept");
    compare(&here, 5);
    let view = house.control.shadows.show(&id).await.expect("it was made");
    assert_eq!((view.state, house.comparisons(&id).await), (ShadowState::Ended, 10), "frozen");
    assert_eq!(view.report.expect("it is frozen")["measures"][0]["shadow"]["value"], 1.0);
    assert_eq!(house.kinds().await, ["shadow.started", "shadow.ended"]);
    let refused = house.control.shadows.stop(&id, caller()).await;
    assert!(matches!(refused, Err(ControlError::StoppedShadow(_))), "{refused:?}");
    house.control.forget_counters();
    house.control.collect_ended(&house.fence).await.expect("the store answers");
    assert_eq!(house.comparisons(&id).await, 10, "what is frozen needs no counts");
    assert!(
        house
            .control
            .engine
            .store()
            .observations(&house.control.shadows.known(&id).expect("it was made").scope())
            .await
            .expect("the store answers")
            .is_empty()
    );
}

#[tokio::test]
async fn an_alias_has_one_shadow_that_of_a_canary_included() {
    let house = House::new().await;
    let shadowed = |refused: &Result<_, ControlError>, owner: &str| match refused {
        Err(ControlError::Shadowed { owner: found, .. }) => assert_eq!(found, owner),
        other => panic!("it was not refused: {other:?}"),
    };
    let id = house.begin().await;
    let second = house.create(json!({})).await.map(|view| view.id);
    shadowed(&second, &id);
    let refused = house.control.canaries.create(canary(true), None, caller()).await.map(|view| view.id);
    shadowed(&refused, &id);
    let without = house.control.canaries.create(canary(false), None, caller()).await.expect("a shadow occupies no alias");
    house.control.canaries.command(&without.id, Command::Abort, Consent::Withheld, caller()).await.expect("it has not ended");
    house.control.shadows.stop(&id, caller()).await.expect("it runs");

    let with = house.control.canaries.create(canary(true), None, caller()).await.expect("there is no other shadow");
    let third = house.create(json!({})).await.map(|view| view.id);
    shadowed(&third, &with.id);
    assert!(house.mirrored().is_none(), "its comparison has not begun");
    house.control.canaries.command(&with.id, Command::Abort, Consent::Withheld, caller()).await.expect("it has not ended");
    house.begin().await;
}

#[tokio::test]
async fn what_could_answer_nothing_is_refused_with_the_reason() {
    let house = House::new().await;
    let refused = house.create(json!({"alias": "nobody"})).await;
    assert!(matches!(refused, Err(ControlError::UnknownName(_))), "{refused:?}");
    let refused = house.create(json!({"collection": "nowhere"})).await;
    assert!(matches!(refused, Err(ControlError::UnknownName(_))), "{refused:?}");
    let refused = house.create(json!({"collection": "empty"})).await;
    assert!(matches!(&refused, Err(ControlError::Unfit { why, .. }) if why == "is empty"), "{refused:?}");
    let refused = house.create(json!({"collection": "wide"})).await;
    assert!(matches!(&refused, Err(ControlError::Unfit { differences, .. }) if !differences.is_empty()), "{refused:?}");
    let refused = house.create(json!({"percentage": 101, "upstream": "nowhere"})).await;
    assert!(matches!(&refused, Err(ControlError::Invalid(faults)) if faults.len() == 2), "{refused:?}");
    assert!(house.control.shadows.list().is_empty() && house.mirrored().is_none());
}

#[tokio::test]
async fn its_collection_stays_for_as_long_as_it_lives() {
    let house = House::new().await;
    let retire = async || {
        let request = RetirementRequest {
            collection: "docs_v2".to_owned(),
            upstream: None,
            grace: Some(Period::from_secs(60)),
            snapshot: false,
            accept_lost_writes: false,
        };
        house.control.retirements.create(request, None, caller()).await.map(|view| view.retirement.id)
    };
    let scheduled = retire().await.expect("nobody refers to it");
    let id = house.begin().await;
    let cancelled = house.control.retirements.show(&scheduled).expect("it was made").retirement;
    assert_eq!(cancelled.reasons, [format!("the shadow comparison `{id}` leads to it")]);
    assert!(matches!(retire().await, Err(ControlError::InUse { .. })));
    let against = || house.control.live().table.guards.against_deletion("docs_v2");
    assert!(against().is_some_and(|why| why.contains(&id)));

    house.control.shadows.stop(&id, caller()).await.expect("it runs");
    assert!(against().is_some(), "what was mirrored may still be under way");
    house.step(&id, Period::from_secs(10)).await.expect("it can be kept");
    assert!(against().is_none());
    retire().await.expect("nobody refers to it");
}

#[tokio::test]
async fn the_same_key_creates_one() {
    let house = House::new().await;
    let spec = || serde_json::from_value(json!({"alias": "docs", "collection": "docs_v2"})).expect("a spec");
    let create = async || house.control.shadows.create(spec(), Some("key".to_owned()), caller()).await.expect("it is made once").id;
    assert_eq!(create().await, create().await);
    assert_eq!(house.control.shadows.list().len(), 1);
}
