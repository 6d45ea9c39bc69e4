//! An alias is changed while the store is lost: before Qdrant is asked, after it, and after it for good.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use pointsman_sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};
use sqlx::{AnyConnection, AssertSqlSafe, Connection};

use crate::config::Config;
use crate::control::documents::{AliasMove, Terms, any_revision};
use crate::control::engine::{Action, Intent, Role};
use crate::control::testing::{caller, config_in, start};
use crate::control::{AliasChange, Caller, Control, ControlError, Parts, clock};
use crate::live::DEFAULT_UPSTREAM;
use crate::qdrant::{AliasFailed, Failure, FailureKind};
use crate::rollout::Timestamp;
use crate::rollout::loss::{Bound, Loss};
use crate::store::{AuditRow, Change, Event, Filter};

/// Longer than anything takes on a busy machine; only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(120);

async fn send(method: reqwest::Method, url: &str, body: &Value) -> Value {
    let answer = reqwest::Client::new().request(method, url).json(body).send().await.expect("the sandbox answers");
    answer.json().await.expect("JSON")
}

/// A Qdrant with `docs -> docs_v1`, and `docs_v2` to move it to.
pub(super) async fn qdrant() -> Sandbox {
    let sandbox = Sandbox::start(SandboxOptions::default()).await.expect("free ports");
    let rest = format!("http://{}", sandbox.rest_addr);
    for name in ["docs_v1", "docs_v2"] {
        let schema = json!({"vectors": {"size": 2, "distance": "Dot"}});
        send(reqwest::Method::PUT, &format!("{rest}/collections/{name}"), &schema).await;
    }
    let alias = json!({"actions": [{"create_alias": {"alias_name": "docs", "collection_name": "docs_v1"}}]});
    send(reqwest::Method::POST, &format!("{rest}/collections/aliases"), &alias).await;
    sandbox
}

/// What `docs` points at.
pub(super) async fn points_at(sandbox: &Sandbox) -> Option<String> {
    let answer = send(reqwest::Method::GET, &format!("http://{}/aliases", sandbox.rest_addr), &Value::Null).await;
    let aliases = answer["result"]["aliases"].as_array().expect("a list");
    let docs = aliases.iter().find(|alias| alias["alias_name"] == "docs")?;
    docs["collection_name"].as_str().map(str::to_owned)
}

pub(super) fn config(sandbox: &Sandbox, folder: &Path) -> Config {
    let mut config = config_in(folder);
    let upstream = config.upstreams.get_mut("default").expect("it is there");
    upstream.rest_url = format!("http://{}", sandbox.rest_addr).parse().expect("a URL");
    upstream.grpc_url = format!("http://{}", sandbox.grpc_addr.expect("it listens for gRPC")).parse().expect("a URL");
    config
}

/// Lets every write to a table fail from now on, as a full disk would; or no longer.
async fn lose(folder: &Path, table: &str, lost: bool) {
    let url = format!("sqlite://{}?mode=rw", folder.join("pointsman.db").display());
    let mut connection = AnyConnection::connect(&url).await.expect("the file is there");
    let statement = if lost {
        format!("CREATE TRIGGER lost BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no room'); END")
    } else {
        "DROP TRIGGER lost".to_owned()
    };
    sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.expect("it is ours");
    connection.close().await.expect("it closes");
}

pub(super) fn to_v2() -> AliasChange {
    AliasChange { collection: "docs_v2".to_owned(), ..AliasChange::default() }
}

pub(super) fn to_v1() -> AliasChange {
    AliasChange { collection: "docs_v1".to_owned(), ..AliasChange::default() }
}

async fn audit(control: &Control) -> Vec<AuditRow> {
    let rows = control.audit(&Filter { limit: 100, ..Filter::default() }).await.expect("the store answers").items;
    rows.into_iter().filter(|row| row.entry.action.starts_with("alias.")).collect()
}

async fn events(control: &Control) -> Vec<Event> {
    let events = control.events(&Filter { limit: 100, ..Filter::default() }).await.expect("the store answers").items;
    events.into_iter().filter(|event| event.kind.starts_with("alias.")).collect()
}

/// Runs what the control plane does by itself, until something is so.
async fn while_steering(background: impl Future<Output = ()>, is_so: impl AsyncFn() -> bool) {
    let met = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = background => panic!("it ends with the test"),
        met = tokio::time::timeout(PATIENCE, met) => met.expect("it is so in time"),
    }
}

#[tokio::test]
async fn nothing_is_asked_of_qdrant_that_could_not_be_written_down() {
    let (sandbox, folder) = (qdrant().await, tempfile::tempdir().expect("a temporary folder"));
    let control = start(config(&sandbox, folder.path())).await.expect("it starts").control;
    lose(folder.path(), "documents", true).await;
    for change in [control.aliases.switch("docs", to_v2(), caller()).await, control.aliases.delete("docs", caller()).await] {
        let refused = change.expect_err("the store is lost");
        assert!(refused.to_string().starts_with("the change was not made: "), "{refused}");
        assert_eq!(points_at(&sandbox).await.as_deref(), Some("docs_v1"));
    }
    lose(folder.path(), "documents", false).await;
    control.aliases.switch("docs", to_v2(), caller()).await.expect("the store is back");
    assert_eq!(points_at(&sandbox).await.as_deref(), Some("docs_v2"));
    assert!(control.engine.state().documents.moves.is_empty(), "what is recorded is no intent any more");
}

/// The process lives on, or ends and is started again.
#[tokio::test]
async fn what_was_moved_and_not_recorded_is_called_that_and_recorded_later() {
    for restarts in [false, true] {
        let (sandbox, folder) = (qdrant().await, tempfile::tempdir().expect("a temporary folder"));
        let first = start(config(&sandbox, folder.path())).await.expect("it starts");
        lose(folder.path(), "audit", true).await;
        let by = Caller { reason: Some("a better model".to_owned()), ..Caller::new("ann", Role::Admin) };
        let error = first.control.aliases.switch("docs", to_v2(), by).await.expect_err("it cannot be recorded");
        assert!(matches!(error, ControlError::Unrecorded { .. }), "{error}");
        assert!(error.to_string().starts_with("`docs` was moved to `docs_v2`, not recorded: "), "{error}");
        assert_eq!(points_at(&sandbox).await.as_deref(), Some("docs_v2"));
        assert!(events(&first.control).await.is_empty() && audit(&first.control).await.is_empty());
        lose(folder.path(), "audit", false).await;

        let Parts { control, background, refresh, shared } = if restarts {
            first.control.engine.store().close().await;
            drop(first);
            start(config(&sandbox, folder.path())).await.expect("it starts again")
        } else {
            first
        };
        Box::pin(while_steering(background, async || control.engine.state().documents.moves.is_empty())).await;
        let rows = audit(&control).await;
        assert_eq!(rows.len(), 1, "{rows:?}");
        let entry = &rows[0].entry;
        assert_eq!((entry.actor.as_str(), entry.action.as_str(), entry.result.as_str()), ("ann", "alias.switch", "ok"));
        assert_eq!((&entry.before, &entry.after), (&Some(json!("docs_v1")), &Some(json!("docs_v2"))));
        assert!(entry.reason.as_deref().is_some_and(|reason| reason.starts_with("a better model (recorded afterwards")), "{entry:?}");
        let events = events(&control).await;
        assert_eq!((events.len(), events[0].kind.as_str(), &events[0].body["collection"]), (1, "alias.switched", &json!("docs_v2")));
        // What the new collection got since is as well known as if the move had been recorded at once.
        let written = json!({"writes": {"default": {"docs_v2": {"acknowledged": 5, "unknown": 0}}}});
        control.engine.store().put_observation("writes", "replica_of_others", &written).await.expect("the store answers");
        let refused = control.aliases.switch("docs", to_v1(), caller()).await.expect_err("five writes would be lost");
        assert!(matches!(&refused, ControlError::LostWrites { loss, .. } if loss.acknowledged == 5), "{refused}");
        drop((refresh, shared));
    }
}

#[tokio::test]
async fn an_intent_that_came_to_nothing_stands_in_no_changes_way() {
    let (sandbox, folder) = (qdrant().await, tempfile::tempdir().expect("a temporary folder"));
    let control = start(config(&sandbox, folder.path())).await.expect("it starts").control;
    for (to, said) in [(Some("docs_v2"), "it was not made"), (None, "it was not made"), (Some("docs_v3"), "it was not made")] {
        let asked = Intent::new(Action::AliasSwitch, "docs", caller());
        control.aliases.intend_move(&asked, [Some("docs_v1"), to], Terms::default()).await.expect("the store answers");
        control.aliases.switch("docs", to_v1(), caller()).await.expect("it is there already");
        let rows = audit(&control).await;
        assert!(rows[0].entry.result.starts_with(said), "{rows:?}");
        assert!(control.engine.state().documents.moves.is_empty());
    }
    let asked = Intent::new(Action::AliasSwitch, "docs", caller());
    control.aliases.intend_move(&asked, [Some("docs_v2"), Some("docs_v3")], Terms::default()).await.expect("the store answers");
    control.aliases.switch("docs", to_v2(), caller()).await.expect("the alias may be moved");
    let rows = audit(&control).await;
    assert!(rows[0].entry.result == "ok" && rows[1].entry.result.contains("it is not known whether it was made"), "{rows:?}");
    assert!(events(&control).await.iter().all(|event| event.body["collection"] == "docs_v2"), "only what was seen is an event");
}

#[tokio::test]
async fn a_loss_that_was_accepted_is_in_the_audit_log_also_where_the_move_is_recorded_later() {
    let (sandbox, folder) = (qdrant().await, tempfile::tempdir().expect("a temporary folder"));
    let control = start(config(&sandbox, folder.path())).await.expect("it starts").control;
    let loss = Loss {
        only_in: vec!["docs_v2".to_owned()],
        missing_in: "docs_v1".to_owned(),
        since: Timestamp::from_millis(0),
        acknowledged: 5,
        unknown: 0,
        bound: Bound::Exact,
    };
    let asked = Intent::new(Action::AliasSwitch, "docs", caller());
    let terms = Terms { lost_writes: Some(loss), ..Terms::default() };
    control.aliases.intend_move(&asked, [Some("docs_v2"), Some("docs_v1")], terms).await.expect("the store answers");
    control.aliases.switch("docs", to_v1(), caller()).await.expect("it is there already");
    let rows = audit(&control).await;
    let after = rows[0].entry.after.as_ref().expect("it was moved");
    assert_eq!(after["accepted_lost_writes"]["acknowledged"], 5, "{rows:?}");
}

/// An answer that was lost leaves a change that Qdrant may still make.
#[tokio::test]
async fn a_move_in_doubt_is_settled_when_it_surely_is_over() {
    let (sandbox, folder) = (qdrant().await, tempfile::tempdir().expect("a temporary folder"));
    let control = start(config(&sandbox, folder.path())).await.expect("it starts").control;
    let client = control.plan().client(DEFAULT_UPSTREAM).expect("its settings are legal");
    let lost = FailureKind::Timeout(Duration::from_secs(5));
    let no = FailureKind::Precondition("no".to_owned());
    for (kind, in_doubt) in [(no, None), (lost, Some(true))] {
        let asked = Intent::new(Action::AliasSwitch, "docs", caller());
        let intended = control.aliases.intend_move(&asked, [Some("docs_v1"), Some("docs_v2")], Terms::default());
        intended.await.expect("the store answers");
        let failure = Box::new(Failure { upstream: "default".to_owned(), operation: "UpdateAliases".to_owned(), kind });
        let failed = AliasFailed::Request { alias: "docs".to_owned(), found: Some("docs_v1".to_owned()), failure };
        control.aliases.done_by_qdrant(&client, "docs", Err::<(), _>(failed)).await.expect_err("it failed");
        assert_eq!(control.engine.state().documents.moves.get("docs").map(|intent| intent.in_doubt), in_doubt);
    }
    let lease = control.engine.store().acquire_or_renew(control.engine.replica(), PATIENCE).await.expect("the store answers");
    let fence = lease.fence().expect("no other replica asks");
    for (seconds, settled) in [(10, false), (61, true)] {
        let intent = control.engine.state().documents.moves["docs"].clone();
        let at = Timestamp::from_millis(clock::now().millis() - seconds * 1_000);
        let older = any_revision("docs", &AliasMove { at, ..intent });
        control.engine.put(Change::unaudited(vec![older])).await.expect("the store answers");
        control.aliases.settle_all(&fence).await;
        assert_eq!(control.engine.state().documents.moves.is_empty(), settled, "after {seconds} s");
    }
}
