//! The table of endpoints. The router and the OpenAPI document are both built from it, so no path is served that is not described.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::http::Method;

use super::api::{Endpoint, Right, Tag, delete, get, patch, post, put};
use super::lane::LaneName::{Feedback, Overviews, Reports, Scrapes};
use super::problem::Kind::{
    self, Busy, Conflict, Invalid, LostWrites, NoRoute, NotReady, Stale, Unavailable, Unconditional, UnknownId, UnknownName, UnknownPath,
    Unrecorded, Upstream,
};
use super::{
    aliases, canaries, captures, collections, deployments, events, experiments, health, history, kill_switch, log_level, openapi,
    retirements, routes, shadows, status, token_key, webhooks,
};

/// What a change of a route may answer.
const ROUTE: &[Kind] = &[Conflict, Invalid, NoRoute, Stale, Unavailable, Unconditional];
/// What a change of an alias in Qdrant may answer.
const ALIAS: &[Kind] = &[Conflict, Invalid, LostWrites, UnknownName, Unavailable, Unrecorded, Upstream];
/// What the creation of a rollout may answer.
const CREATION: &[Kind] = &[Conflict, LostWrites, UnknownName, Unavailable, Upstream];
/// What a command to a rollout may answer.
const COMMAND: &[Kind] = &[Conflict, LostWrites, Unavailable, UnknownId, UnknownPath, Upstream];

/// The table: one entry for each method of a path.
pub(super) fn endpoints() -> Vec<Endpoint> {
    [process(), routes_and_switch(), aliases_and_collections(), rollouts(), experiments_and_feedback(), shadows_and_captures(), rest()]
        .into_iter()
        .flatten()
        .collect()
}

/// Which token opens an endpoint; none where there is no such endpoint.
pub(super) fn right(path: &str, method: &Method) -> Option<Right> {
    static RIGHTS: LazyLock<HashMap<(&str, Method), Right>> =
        LazyLock::new(|| endpoints().into_iter().map(|endpoint| ((endpoint.path, endpoint.method), endpoint.right)).collect());
    RIGHTS.get(&(path, method.clone())).copied()
}

fn process() -> Vec<Endpoint> {
    let tag = Tag::Process;
    vec![
        get("/livez", health::livez).named("livez", tag, "Say whether the process runs"),
        get("/readyz", health::readyz).named("readyz", tag, "Say whether to send this process traffic").fails(&[NotReady]),
        get("/metrics", status::metrics).named("metrics", tag, "Show the metrics for Prometheus").lane(Scrapes),
        get("/openapi.json", openapi::document).named("openapi", tag, "Show this document"),
        get("/log-level", log_level::show).named("getLogLevel", tag, "Show the log filter"),
        put("/log-level", log_level::set).named("setLogLevel", tag, "Change the log filter until the next restart or reload"),
        get("/v1/status", status::show).named("status", tag, "Show the whole process on one page").lane(Overviews),
    ]
}

fn routes_and_switch() -> Vec<Endpoint> {
    let tag = Tag::Routes;
    vec![
        get("/v1/routes", routes::list).named("listRoutes", tag, "List the routes").lane(Overviews),
        get("/v1/routes/{alias}", routes::show).named("getRoute", tag, "Show a route").fails(&[NoRoute]),
        put("/v1/routes/{alias}", routes::put).named("putRoute", tag, "Create a route, or replace it with If-Match").fails(ROUTE),
        delete("/v1/routes/{alias}", routes::delete).named("deleteRoute", tag, "Delete a route: stable answers all reads").fails(ROUTE),
        patch("/v1/routes/{alias}/weights", routes::patch_weights).named("patchWeights", tag, "Change the weights of a route").fails(ROUTE),
        get("/v1/kill-switch", kill_switch::show).named("getKillSwitch", tag, "Show the kill switch"),
        put("/v1/kill-switch", kill_switch::turn)
            .named("turnKillSwitch", tag, "Send every alias to stable, or let routes work again")
            .fails(&[Unavailable]),
    ]
}

fn aliases_and_collections() -> Vec<Endpoint> {
    let tag = Tag::Aliases;
    vec![
        get("/v1/aliases", aliases::list).named("listAliases", tag, "List Qdrant's aliases").lane(Overviews),
        get("/v1/aliases/{alias}", aliases::show).named("getAlias", tag, "Show an alias").fails(&[UnknownName]),
        put("/v1/aliases/{alias}", aliases::put).named("putAlias", tag, "Create an alias; `force` moves one that is there").fails(ALIAS),
        delete("/v1/aliases/{alias}", aliases::delete).named("deleteAlias", tag, "Delete an alias; the collection stays").fails(ALIAS),
        get("/v1/aliases/{alias}/compatibility", aliases::compatibility)
            .named("compareCollections", tag, "Compare the collection of an alias with another one")
            .fails(&[Invalid, UnknownName, Upstream]),
        get("/v1/aliases/{alias}/decision", aliases::decision)
            .named("decide", tag, "Show where a read of an alias goes, and why")
            .fails(&[UnknownName]),
        post("/v1/aliases/{alias}/switch", aliases::switch)
            .named("switchAlias", tag, "Move an alias to another collection, or create it")
            .fails(ALIAS),
        get("/v1/collections", collections::list).named("listCollections", tag, "List the collections and what uses them").lane(Overviews),
    ]
}

fn rollouts() -> Vec<Endpoint> {
    vec![
        get("/v1/canaries", canaries::list).named("listCanaries", Tag::Canaries, "List the canaries, by age").lane(Overviews),
        post("/v1/canaries", canaries::create).named("createCanary", Tag::Canaries, "Start a canary").fails(CREATION),
        get("/v1/canaries/{id}", canaries::show).named("getCanary", Tag::Canaries, "Show a canary").fails(&[UnknownId]),
        get("/v1/canaries/{id}/comparison", canaries::comparison)
            .named("getCanaryComparison", Tag::Canaries, "Show what the comparison before the first stage has found")
            .fails(&[UnknownId, Unavailable])
            .lane(Reports),
        post("/v1/canaries/{id}/{command}", canaries::command).named("commandCanary", Tag::Canaries, "Steer a canary").fails(COMMAND),
        get("/v1/deployments", deployments::list)
            .named("listDeployments", Tag::Deployments, "List the deployments, by age")
            .lane(Overviews),
        post("/v1/deployments", deployments::create)
            .named("createDeployment", Tag::Deployments, "Start a deployment, or show its steps with `dry_run`")
            .fails(CREATION),
        get("/v1/deployments/{id}", deployments::show).named("getDeployment", Tag::Deployments, "Show a deployment").fails(&[UnknownId]),
        post("/v1/deployments/{id}/{command}", deployments::command)
            .named("commandDeployment", Tag::Deployments, "Steer a deployment")
            .fails(COMMAND),
    ]
}

fn experiments_and_feedback() -> Vec<Endpoint> {
    let tag = Tag::Experiments;
    vec![
        get("/v1/experiments", experiments::list).named("listExperiments", tag, "List the experiments, by age").lane(Overviews),
        post("/v1/experiments", experiments::create).named("createExperiment", tag, "Start an experiment").fails(CREATION),
        post("/v1/experiments/plan", experiments::plan).named("planExperiment", tag, "Compute how many units it takes").lane(Reports),
        get("/v1/experiments/{id}", experiments::show).named("getExperiment", tag, "Show an experiment").fails(&[UnknownId]),
        patch("/v1/experiments/{id}", experiments::change).named("changeExperiment", tag, "Change the split or the exposure").fails(&[
            Conflict,
            Stale,
            UnknownId,
            Unavailable,
        ]),
        post("/v1/experiments/{id}/stop", experiments::stop)
            .named("stopExperiment", tag, "Send the traffic back; `promote` hands over the alias")
            .fails(&[Conflict, LostWrites, UnknownId, UnknownName, Unavailable, Unrecorded, Upstream]),
        get("/v1/experiments/{id}/assignment", experiments::assignment)
            .named("getAssignment", tag, "Show the arm of a unit, without counting it")
            .fails(&[Conflict, UnknownId]),
        post("/v1/experiments/{id}/assignment", experiments::assign)
            .named("assign", tag, "Assign a unit to its arm, and count it")
            .fails(&[Conflict, UnknownId, Unavailable])
            .for_applications(),
        get("/v1/experiments/{id}/analysis", experiments::analysis)
            .named("getAnalysis", tag, "Show what may be concluded")
            .fails(&[Conflict, Invalid, UnknownId, Unavailable])
            .lane(Reports),
        post("/v1/experiments/{id}/feedback", experiments::feedback)
            .named("feedback", tag, "Report one value or many")
            .fails(&[Conflict, UnknownId])
            .lane(Feedback)
            .for_applications(),
        post("/v1/feedback", experiments::feedback_by_token)
            .named("feedbackByToken", tag, "Report values by the tokens of answers")
            .fails(&[Conflict, UnknownId])
            .lane(Feedback)
            .for_applications(),
        post("/v1/token-key/rotate", token_key::rotate)
            .named("rotateTokenKey", tag, "Sign decision tokens with another key")
            .fails(&[Stale, Unavailable]),
    ]
}

fn shadows_and_captures() -> Vec<Endpoint> {
    let tag = Tag::Shadows;
    vec![
        get("/v1/shadows", shadows::list).named("listShadows", tag, "List the shadow comparisons, without reports").lane(Overviews),
        post("/v1/shadows", shadows::create).named("createShadow", tag, "Mirror reads and compare the answers").fails(CREATION),
        get("/v1/shadows/{id}", shadows::show)
            .named("getShadow", tag, "Show a shadow comparison with its report")
            .fails(&[UnknownId, Unavailable])
            .lane(Reports),
        post("/v1/shadows/{id}/stop", shadows::stop).named("stopShadow", tag, "Stop mirroring; the report stays").fails(&[
            Conflict,
            UnknownId,
            Unavailable,
        ]),
        post("/v1/captures", captures::create).named("createCapture", tag, "Record what users search for").fails(&[
            Busy,
            Conflict,
            UnknownName,
            Unavailable,
        ]),
    ]
}

fn rest() -> Vec<Endpoint> {
    vec![
        get("/v1/retirements", retirements::list).named("listRetirements", Tag::Retirements, "List the retirements").lane(Overviews),
        post("/v1/retirements", retirements::create)
            .named("createRetirement", Tag::Retirements, "Schedule the deletion of a collection")
            .fails(CREATION),
        post("/v1/retirements/plan", retirements::plan)
            .named("planRetirements", Tag::Retirements, "Find the collections of a family that are too many")
            .fails(CREATION),
        get("/v1/retirements/{id}", retirements::show).named("getRetirement", Tag::Retirements, "Show a retirement").fails(&[UnknownId]),
        post("/v1/retirements/{id}/cancel", retirements::cancel)
            .named("cancelRetirement", Tag::Retirements, "Cancel a retirement before its deletion")
            .fails(&[Conflict, UnknownId, Unavailable]),
        get("/v1/audit", history::audit)
            .named("listAudit", Tag::Events, "List who did what, refused changes too")
            .fails(&[Unavailable])
            .lane(Overviews),
        get("/v1/events", events::events)
            .named("listEvents", Tag::Events, "List what has happened, or stream it")
            .fails(&[Busy, Unavailable]),
        get("/v1/webhooks", webhooks::list).named("listWebhooks", Tag::Events, "List the webhooks").fails(&[Unavailable]),
        post("/v1/webhooks/{name}/test", webhooks::test)
            .named("testWebhook", Tag::Events, "Send a test event to a webhook")
            .fails(&[UnknownId]),
    ]
}
