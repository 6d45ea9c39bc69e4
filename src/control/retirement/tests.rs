//! Retirements on a real engine, round by round, and what replicas say of themselves.

use std::time::Duration;

use pointsman_sandbox::requests::Filter;
use pointsman_sandbox::{Sandbox, SandboxOptions};

use super::{FamilyRequest, RetirementRequest};
use crate::config::{Config, DEFAULT_UPSTREAM, Period};
use crate::control::clock;
use crate::control::documents::Departure;
use crate::control::testing::{caller, config, control, spec};
use crate::control::{Control, ControlError, Expected};
use crate::metrics::Written;
use crate::rollout::retirement::State;
use crate::routing::STABLE;
use crate::store::{Fence, ReplicaReport};

/// An upstream with `candidate_v1`, `candidate_v2` and `candidate_v3`, of which `live` points at the last.
struct House {
    sandbox: Sandbox,
    control: Control,
    fence: Fence,
    rest: String,
}

const ALIASES: &str = "/collections/aliases";

impl House {
    async fn new() -> Self {
        Self::with(Period::default()).await
    }

    async fn with(quiet: Period) -> Self {
        let sandbox = Sandbox::start(SandboxOptions::default()).await.expect("free ports");
        let rest = format!("http://{}", sandbox.rest_addr);
        let control = control(of(&sandbox, quiet)).await;
        let lease = control.engine.store().acquire_or_renew("controller", Duration::from_secs(600)).await.expect("the store answers");
        let house = Self { sandbox, control, fence: lease.fence().expect("nobody else asks"), rest };
        for name in ["candidate_v1", "candidate_v2", "candidate_v3"] {
            house.put(&format!("/collections/{name}"), r#"{"vectors": {"size": 2, "distance": "Dot"}}"#).await;
        }
        house.alias("live", "candidate_v3").await;
        house
    }

    async fn put(&self, path: &str, body: &'static str) {
        let answer = reqwest::Client::new().put(format!("{}{path}", self.rest)).body(body).header("content-type", "application/json");
        let answer = answer.send().await.expect("the sandbox answers");
        assert!(answer.status().is_success(), "{path}: {:?}", answer.text().await);
    }

    async fn alias(&self, alias: &str, collection: &str) {
        let body = serde_json::json!({"actions": [{"create_alias": {"alias_name": alias, "collection_name": collection}}]});
        let answer = reqwest::Client::new().post(format!("{}{ALIASES}", self.rest)).json(&body).send().await.expect("the sandbox answers");
        assert!(answer.status().is_success(), "{:?}", answer.text().await);
    }

    async fn retire(&self, collection: &str, snapshot: bool) -> Result<String, ControlError> {
        let request = RetirementRequest {
            collection: collection.to_owned(),
            upstream: None,
            grace: Some(Period::default()),
            snapshot,
            accept_lost_writes: false,
        };
        self.control.retirements.create(request, None, caller()).await.map(|view| view.retirement.id)
    }

    /// One round, and what it made of a retirement.
    async fn round(&self, id: &str) -> (State, Vec<String>) {
        self.control.retirements.round_now(&self.fence).await;
        let retirement = self.control.retirements.show(id).expect("it was made").retirement;
        (retirement.state, retirement.reasons)
    }

    fn deletions(&self) -> usize {
        self.sandbox.log.count(&Filter { operation: Some("DELETE /collections/{".to_owned()), ..Filter::default() })
    }

    async fn exists(&self, collection: &str) -> bool {
        reqwest::get(format!("{}/collections/{collection}", self.rest)).await.expect("the sandbox answers").status().is_success()
    }

    async fn heartbeat(&self, body: serde_json::Value) {
        let report = ReplicaReport { id: "replica_2".to_owned(), version: "1".to_owned(), applied_revision: 1, body };
        self.control.engine.store().heartbeat(&report).await.expect("the store answers");
    }
}

fn of(sandbox: &Sandbox, quiet: Period) -> Config {
    let mut config = config();
    config.retirement.quiet = quiet;
    let upstream = config.upstreams.get_mut("default").expect("it is there");
    upstream.rest_url = format!("http://{}", sandbox.rest_addr).parse().expect("a URL");
    let grpc = sandbox.grpc_addr.expect("it listens for gRPC");
    upstream.grpc_url = format!("http://{grpc}").parse().expect("a URL");
    config
}

#[tokio::test]
async fn a_collection_nobody_uses_is_deleted_with_one_request_when_due() {
    let house = House::new().await;
    let id = house.retire("candidate_v1", false).await.expect("nobody refers to it");
    assert_eq!(house.round(&id).await, (State::Done, Vec::new()));
    assert!(!house.exists("candidate_v1").await && house.exists("candidate_v2").await);
    assert_eq!(house.deletions(), 1);
    assert_eq!(house.round(&id).await.0, State::Done, "the end is the end");
    let events =
        house.control.engine.store().events(&crate::store::Filter { subject: None, before: None, limit: 10 }).await.expect("events");
    let kinds: Vec<&str> = events.items.iter().rev().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["retirement.scheduled", "retirement.deleting", "retirement.done"]);
}

#[tokio::test]
async fn a_snapshot_is_taken_first_where_one_is_wanted() {
    let house = House::new().await;
    let id = house.retire("candidate_v1", true).await.expect("nobody refers to it");
    assert_eq!(house.round(&id).await.0, State::Done);
    let name = house.control.retirements.show(&id).expect("it was made").retirement.snapshot_name.expect("one was taken");
    assert!(name.starts_with("candidate_v1"), "{name}");
}

/// I11: an alias has left it, and it was written since.
#[tokio::test]
async fn what_a_collection_alone_has_is_deleted_by_name_only() {
    let house = House::new().await;
    let counted = house.control.losses.counted().await.expect("the store answers");
    let left = Departure::now("live", "candidate_v1", "candidate_v3", &counted, clock::now());
    house.control.engine.keep(left.writes()).await.expect("the store answers");
    let id = house.retire("candidate_v1", false).await.expect("it has nothing yet that others lack");
    let usage = house.control.registry().handles(None, STABLE, DEFAULT_UPSTREAM, Some("candidate_v1")).usage;
    usage.wrote(0, Written::Acknowledged);
    let (state, reasons) = house.round(&id).await;
    let said = reasons.join("; ");
    assert!(state == State::Blocked && said.contains("1 acknowledged write ") && said.contains("--accept-lost-writes"), "{said}");
    assert!(house.exists("candidate_v1").await && house.deletions() == 0);
    house.control.retirements.cancel(&id, caller()).await.expect("it is only blocked");

    assert!(matches!(house.retire("candidate_v1", false).await, Err(ControlError::LostWrites { .. })));
    let family = FamilyRequest {
        family: Some("candidate".to_owned()),
        alias: None,
        keep_newest: 1,
        upstream: None,
        apply: true,
        grace: Some(Period::default()),
        snapshot: false,
    };
    let plan = house.control.retirements.plan(family, caller()).await.expect("it can be planned");
    let scheduled: Vec<&str> = plan.scheduled.iter().map(|view| view.retirement.collection.as_str()).collect();
    assert_eq!(scheduled, ["candidate_v2"], "by name, and not by family");

    let by_name = RetirementRequest {
        collection: "candidate_v1".to_owned(),
        upstream: None,
        grace: Some(Period::default()),
        snapshot: false,
        accept_lost_writes: true,
    };
    let made = house.control.retirements.create(by_name, None, caller()).await.expect("it is accepted");
    assert_eq!(house.round(&made.retirement.id).await.0, State::Done);
}

#[tokio::test]
async fn the_same_key_schedules_one() {
    let house = House::new().await;
    let request = |collection: &str| RetirementRequest {
        collection: collection.to_owned(),
        upstream: None,
        grace: None,
        snapshot: false,
        accept_lost_writes: false,
    };
    let create = async |collection| house.control.retirements.create(request(collection), Some("key".to_owned()), caller()).await;
    let first = create("candidate_v1").await.expect("nothing leads to it").retirement.id;
    assert_eq!(create("candidate_v1").await.expect("it was made before").retirement.id, first);
    assert!(create("candidate_v2").await.is_err(), "another request may not take the same key");
    assert_eq!(house.control.retirements.list().len(), 1);
}

#[tokio::test]
async fn an_alias_made_behind_our_back_cancels() {
    let house = House::new().await;
    let id = house.retire("candidate_v1", false).await.expect("nobody refers to it");
    house.alias("docs", "candidate_v1").await;
    let (state, reasons) = house.round(&id).await;
    assert_eq!((state, reasons.as_slice()), (State::Cancelled, ["alias `docs` points at it".to_owned()].as_slice()));
    assert!(house.exists("candidate_v1").await);
    assert_eq!(house.deletions(), 0);
}

#[tokio::test]
async fn a_route_cancels_in_its_own_commit_and_a_deletion_under_way_refuses_the_route() {
    let house = House::new().await;
    let id = house.retire("candidate_v2", false).await.expect("nobody refers to it");
    let route = || spec(&[("stable", 50.0), ("candidate", 50.0)]);
    house.control.routes.put("live", route(), Expected::Unsaid, caller()).await.expect("a legal route");
    let cancelled = house.control.retirements.show(&id).expect("it was made").retirement;
    assert_eq!((cancelled.state, cancelled.reasons[0].as_str()), (State::Cancelled, "the route of `live` leads to it"));
    assert!(matches!(house.retire("candidate_v2", false).await, Err(ControlError::InUse { .. })));

    house.control.routes.delete("live", Expected::Any, caller()).await.expect("it is there");
    let id = house.retire("candidate_v2", false).await.expect("nobody refers to it any more");
    let before = house.control.retirements.document(&id).expect("it was made");
    let mut announced = before.clone();
    announced.advance(before.created, State::Deleting);
    assert!(house.control.retirements.replace(&before, &announced, &house.fence).await.expect("the lease is held"));
    let refused = house.control.routes.put("live", route(), Expected::Unsaid, caller()).await;
    assert!(matches!(refused, Err(ControlError::BeingDeleted { .. })), "{refused:?}");
    assert!(matches!(house.control.retirements.cancel(&id, caller()).await, Err(ControlError::NotCancellable { .. })));
    assert_eq!(house.round(&id).await.0, State::Done, "what was announced goes on after a restart");
}

#[tokio::test]
async fn what_is_in_use_or_was_of_late_stays() {
    let house = House::with(Period::from_secs(3_600)).await;
    let id = house.retire("candidate_v1", false).await.expect("nobody refers to it");
    let handles = house.control.registry().handles(None, "stable", "default", Some("candidate_v1"));
    handles.usage.begin(0);
    let (state, reasons) = house.round(&id).await;
    assert_eq!(state, State::Blocked);
    assert!(reasons[0].contains("1 requests are inside it at this replica") && reasons[1].contains("out of use for 1h"), "{reasons:?}");
    assert_eq!(house.deletions(), 0);
}

#[tokio::test]
async fn a_replica_that_does_not_say_what_it_uses_blocks() {
    let house = House::new().await;
    let id = house.retire("candidate_v1", false).await.expect("nobody refers to it");
    house.heartbeat(serde_json::json!({})).await;
    let (state, reasons) = house.round(&id).await;
    assert_eq!(state, State::Blocked);
    assert!(reasons.iter().any(|reason| reason.contains("in_flight")), "{reasons:?}");

    let busy = house.retire("candidate_v2", false).await.expect("nobody refers to it");
    let mut report = crate::control::documents::json(&house.control.retirements.usage_report());
    report["in_flight"]["default/candidate_v2"] = 3.into();
    house.heartbeat(report).await;
    let (state, reasons) = house.round(&busy).await;
    assert_eq!((state, reasons.as_slice()), (State::Blocked, ["3 requests are inside it at replica `replica_2`".to_owned()].as_slice()));
    assert_eq!(house.deletions(), 0);
}

#[tokio::test]
async fn without_a_listing_nothing_is_deleted() {
    let house = House::new().await;
    let id = house.retire("candidate_v1", false).await.expect("nobody refers to it");
    let mut lost = of(&house.sandbox, Period::default());
    let upstream = lost.upstreams.get_mut("default").expect("it is there");
    upstream.grpc_url = "http://127.0.0.1:1".parse().expect("a URL");
    // One protocol would be enough.
    upstream.rest_url = upstream.grpc_url.clone();
    let change = crate::config::Change { fingerprint: "second".to_owned(), outcome: Ok(crate::control::testing::loaded(lost)) };
    assert!(house.control.reload(change).await.rejected.is_empty());
    let (state, reasons) = house.round(&id).await;
    assert_eq!(state, State::Blocked);
    assert!(reasons.iter().any(|reason| reason.contains("whether the collection exists is not known")), "{reasons:?}");
    assert!(house.exists("candidate_v1").await);
    assert_eq!(house.deletions(), 0);
}

#[tokio::test]
async fn a_controller_that_lost_its_lease_deletes_nothing() {
    let house = House::new().await;
    let id = house.retire("candidate_v1", false).await.expect("nobody refers to it");
    let lost = Fence { replica: "controller".to_owned(), epoch: house.fence.epoch + 1 };
    house.control.retirements.round_now(&lost).await;
    assert_eq!(house.control.retirements.show(&id).expect("it was made").retirement.state, State::Scheduled);
    assert_eq!(house.deletions(), 0);
}

#[tokio::test]
async fn what_cannot_be_retired_is_refused_and_what_is_early_waits() {
    let house = House::new().await;
    assert!(matches!(house.retire("candidate_v3", false).await, Err(ControlError::InUse { .. })), "an alias points at it");
    assert!(matches!(house.retire("live", false).await, Err(ControlError::Invalid(_))), "it is an alias");
    assert!(matches!(house.retire("nothing", false).await, Err(ControlError::UnknownName(_))));
    let request = RetirementRequest {
        collection: "candidate_v1".to_owned(),
        upstream: None,
        grace: None,
        snapshot: false,
        accept_lost_writes: false,
    };
    let made = house.control.retirements.create(request, None, caller()).await.expect("nobody refers to it");
    assert_eq!((made.retirement.grace_ms, made.warnings.len()), (86_400_000, 0));
    assert!(matches!(house.retire("candidate_v1", false).await, Err(ControlError::InUse { .. })), "one at a time");
    assert_eq!(house.round(&made.retirement.id).await.0, State::Scheduled);
    house.control.retirements.cancel(&made.retirement.id, caller()).await.expect("it can be cancelled");
    assert!(matches!(house.control.retirements.cancel(&made.retirement.id, caller()).await, Err(ControlError::NotCancellable { .. })));
    assert!(matches!(house.control.retirements.cancel("ret_0", caller()).await, Err(ControlError::NotFound { .. })));
}

#[tokio::test]
async fn a_family_keeps_its_newest_and_those_in_use() {
    let house = House::new().await;
    house.alias("old", "candidate_v1").await;
    let request = |apply| FamilyRequest {
        family: None,
        alias: Some("live".to_owned()),
        keep_newest: 1,
        upstream: None,
        apply,
        grace: Some(Period::default()),
        snapshot: false,
    };
    let plan = house.control.retirements.plan(request(false), caller()).await.expect("the family has an order");
    let too_many: Vec<&str> =
        plan.retention.members.iter().filter(|member| member.kept.is_none()).map(|member| member.collection.as_str()).collect();
    assert_eq!((plan.retention.family.as_str(), too_many.as_slice()), ("candidate", ["candidate_v2"].as_slice()));
    assert!(plan.scheduled.is_empty() && house.control.retirements.list().is_empty(), "a plan changes nothing");
    let applied = house.control.retirements.plan(request(true), caller()).await.expect("the family has an order");
    assert_eq!(applied.scheduled[0].retirement.collection, "candidate_v2");
    assert!(applied.scheduled[0].warnings[0].contains("shorter than the usual 1d"));
}
