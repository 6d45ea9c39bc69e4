//! Every command once, with what it says.

use reqwest::Method;
use serde_json::{Value, json};

use super::House;
use crate::house::{PATIENCE, get, send};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aliases() {
    let house = House::new("").await;
    assert_eq!(house.told("alias list").await, "ALIAS  COLLECTION  ROUTED  ARMS\ndocs   docs_v1     no      -");
    assert_eq!(house.told("alias show docs").await, "alias       docs\ncollection  docs_v1\nrouted      no");
    assert_eq!(house.told("alias check docs docs_v2").await, "docs_v2 can stand in for docs_v1");
    let moved = house.told("alias switch docs docs_v2 --expect docs_v1").await;
    assert_eq!(moved, "docs points at docs_v2, no longer at docs_v1\na name for the next collection: docs_v3");
    let stale = house.refused("alias switch docs docs_v1 --expect docs_v1").await;
    assert!(stale.contains("docs_v2"), "{stale}");
    assert!(house.told("alias create news docs_v1").await.starts_with("news points at docs_v1"));
    house.refused("alias create news docs_v2").await;
    assert!(house.told("alias create news docs_v2 --force").await.starts_with("news points at docs_v2, no longer at docs_v1"));
    assert_eq!(house.told("alias delete news").await, "news is deleted; it pointed at docs_v2");
    assert_eq!(house.refused("alias show news").await, "refused (404): Qdrant has no alias `news`");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn incompatible_collections_are_told_apart_in_every_difference() {
    let house = House::new("").await;
    let wide = json!({"vectors": {"size": 3, "distance": "Cosine"}});
    send(&house.pointsman.http, Method::PUT, &format!("{}/collections/wide", house.upstream.rest), &wide).await;
    let checked = house.run("alias check docs wide").await;
    assert_eq!((checked.code, checked.out.lines().next()), (1, Some("wide cannot stand in for docs_v1")), "{checked:?}");
    for difference in ["size", "distance"] {
        assert!(checked.out.lines().any(|line| line.starts_with("blocking") && line.contains(difference)), "{checked:?}");
    }
    let refused = house.refused("alias switch docs wide").await;
    assert!(refused.ends_with("use --force to have it all the same") && refused.contains("size` was 2 and is 3"), "{refused}");
    assert_eq!(house.run("alias switch docs wide --force").await.code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn routes() {
    let house = House::new("").await;
    assert_eq!(house.told("route list").await, "there are no routes");
    let made = house.told("route set docs stable=90 new=10:docs_v2").await;
    assert!(made.contains("new          10   10 %  docs_v2     -"), "{made}");
    let there = house.refused("route set docs stable=1 new=1:docs_v2").await;
    assert!(there.contains("give --if-match REVISION to change it") && !there.contains("If-Match"), "{there}");
    let revision = get(&house.pointsman.http, &house.pointsman.admin("/v1/routes/docs")).await["revision"].clone();
    let halved = house.told(&format!("route weights docs stable=1 new=1 --if-match {revision}")).await;
    assert!(halved.contains("new           1   50 %  docs_v2"), "{halved}");
    let stale = house.refused(&format!("route weights docs stable=1 new=3 --if-match {revision}")).await;
    assert!(stale.starts_with("refused (412): the route of `docs` is at revision"), "{stale}");
    let faulty = house.refused("route weights docs stable=1").await;
    assert!(faulty.ends_with("\n  weights.new: is missing; every variant needs a weight"), "{faulty}");
    assert!(house.told("route list").await.contains("stable 50 %, new 50 % (docs_v2)"));
    assert_eq!(house.told("route show docs").await, halved);
    std::fs::write(
        house.folder.path().join("route.yaml"),
        "variants: [{name: stable, weight: 3}, {name: new, weight: 1, collection: docs_v2}]",
    )
    .expect("the folder can be written");
    assert!(house.told("route set docs --file route.yaml --if-match *").await.contains("25 %"));
    assert!(house.told("explain docs --unit 42").await.starts_with("docs for unit 42: "));
    assert_eq!(house.told("route delete docs").await, "the route is gone: everybody is on stable");
    assert_eq!(house.refused("route show docs").await, "refused (404): `docs` has no route");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shadows() {
    let house = House::new("").await;
    assert_eq!(house.told("shadow list").await, "there are no shadow comparisons");
    let made = house.told("shadow create docs docs_v2 --percentage 50 --reason trial").await;
    for line in ["alias   docs: stable is compared with docs_v2", "state   running", "share   50 % by request"] {
        assert!(made.lines().any(|said| said == line), "no `{line}` in\n{made}");
    }
    let listed = get(&house.pointsman.http, &house.pointsman.admin("/v1/shadows")).await;
    let id = listed["items"][0]["id"].as_str().expect("it is listed").to_owned();
    let refused = house.refused("shadow create docs docs_v2").await;
    assert!(refused.starts_with("refused (409)") && refused.contains(&id), "{refused}");
    let shown = house.told(&format!("shadow show {id}")).await;
    assert!(shown.contains("nothing has been compared yet") && shown.contains("planned end"), "{shown}");
    assert!(house.told("shadow list").await.contains(&id));
    assert!(house.told(&format!("shadow stop {id}")).await.contains("settling"));
    house.refused(&format!("shadow stop {id}")).await;
    house.refused("shadow show shadow_nobody").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_canary_has_compared() {
    let house = House::new("").await;
    house.told("canary create docs docs_v2 --shadow 10m").await;
    let listed = get(&house.pointsman.http, &house.pointsman.admin("/v1/canaries")).await;
    let id = listed["items"][0]["id"].as_str().expect("it is listed").to_owned();
    let path = house.pointsman.admin(&format!("/v1/canaries/{id}"));
    let begun = async {
        while get(&house.pointsman.http, &path).await["state"] != "shadowing" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, begun).await.expect("it begins in time");
    let shown = house.told(&format!("canary comparison {id}")).await;
    assert!(shown.starts_with(&format!("nothing has been compared yet\n\ncanary    {id}\n")), "{shown}");
    house.refused("canary comparison canary_nobody").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_process_on_one_page() {
    let house = House::new("").await;
    house.pointsman.split("docs", "docs_v2", 90, 10).await;
    let page = house.told("status").await;
    let fact = |name: &str| page.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name} in\n{page}")).trim();
    assert!(page.lines().next().is_some_and(|head| head.starts_with("pointsman ") && head.contains(", ready, up ")), "{page}");
    assert_eq!(fact("kill switch"), "off");
    assert!(fact("aliases").starts_with("1 alias, 2 collections, listed "), "{page}");
    assert!(page.contains("Nothing is under way.") && page.contains("Nothing needs a person.") && page.contains("REPLICA"), "{page}");
    let words = |line: &str| line.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
    assert!(page.lines().any(|line| words(line) == "docs candidate 10 %"), "{page}");
    let created = house.told("canary list").await;
    assert_eq!(created, "there are no canaries");
    let collections = house.told("collections").await;
    assert!(collections.lines().any(|line| line.starts_with("default   docs_v2") && line.ends_with("-        docs    -")), "{collections}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_turned_the_kill_switch_is_in_the_audit_log() {
    let house = House::new("").await;
    let mut on = house.command("kill-switch on --actor boris --reason");
    on.arg("an incident");
    let on = super::said(on).await;
    assert!(on.code == 0 && on.out.starts_with("kill switch  on\nby           boris\nreason       an incident\nsince        "), "{on:?}");
    assert!(house.told("status").await.contains("by boris: an incident"));
    assert!(house.told("kill-switch off").await.starts_with("kill switch  off\nby           anna\n"));
    assert!(house.told("kill-switch status").await.starts_with("kill switch  off\n"));
    let audit = house.told("audit").await;
    let lines: Vec<Vec<&str>> = audit.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["ID", "TIME", "ACTOR", "ACTION", "SUBJECT", "REASON", "RESULT"]);
    let last = &lines[lines.len() - 2..];
    assert!(last[0].contains(&"boris") && last[0].contains(&"kill_switch.on") && last[0].contains(&"ok"), "{audit}");
    assert!(last[1].contains(&"anna") && last[1].contains(&"kill_switch.off"), "{audit}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retirements() {
    let house = House::new("").await;
    assert_eq!(house.told("retire list").await, "there are no retirements");
    let plan = house.told("retire plan docs --keep 1").await;
    assert!(plan.lines().any(|line| line.starts_with("docs_v2     yes    newest")), "{plan}");
    assert!(plan.lines().any(|line| line.starts_with("docs_v1     yes    alias `docs` of upstream `default` points at")), "{plan}");
    assert!(house.told("alias switch docs docs_v2 --retire-old 48h").await.contains("docs_v1 is retired by ret"));
    let listed = get(&house.pointsman.http, &house.pointsman.admin("/v1/retirements")).await;
    let id = listed["items"][0]["id"].as_str().expect("an id").to_owned();
    assert!(house.told("retire list").await.contains(&id));
    assert!(house.told(&format!("retire cancel {id}")).await.contains("state       cancelled"));
    house.refused(&format!("retire cancel {id}")).await;
    let made = house.told("retire create docs_v1 --grace 1h").await;
    assert!(made.contains("state       scheduled") && made.contains("warning     the grace of 1h is shorter"), "{made}");
    assert!(house.refused("retire create docs_v2").await.contains("docs"));
    assert!(house.refused("retire show ret_none").await.starts_with("refused (404)"));
    assert!(house.told(&format!("retire show {id}")).await.contains("grace       2 d"));
}

/// What scripts rely on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_is_exactly_what_the_api_answers() {
    let house = House::new("").await;
    house.pointsman.split("docs", "docs_v2", 90, 10).await;
    house.told("alias create news docs_v2").await;
    house.told("canary create news docs_v1 --start-at 2100-01-01T00:00:00Z").await;
    let canaries = get(&house.pointsman.http, &house.pointsman.admin("/v1/canaries")).await;
    let id = canaries["items"][0]["id"].as_str().expect("an id");
    for (line, path) in [
        ("alias list", "/v1/aliases"),
        ("alias list --limit 1 --after docs", "/v1/aliases?limit=1&after=docs"),
        ("alias show docs", "/v1/aliases/docs"),
        ("alias check docs docs_v2", "/v1/aliases/docs/compatibility?collection=docs_v2"),
        ("route list", "/v1/routes"),
        ("route show docs", "/v1/routes/docs"),
        ("canary list", "/v1/canaries"),
        (&format!("canary show {id}"), &format!("/v1/canaries/{id}")),
        ("retire list", "/v1/retirements"),
        ("kill-switch status", "/v1/kill-switch"),
        ("collections", "/v1/collections"),
        ("audit --limit 2", "/v1/audit?limit=2"),
        ("events --subject news", "/v1/events?subject=news"),
    ] {
        let answer = house.pointsman.http.get(house.pointsman.admin(path)).send().await.expect("an answer").text().await.expect("a text");
        assert_eq!(house.told(&format!("{line} --output json")).await, answer, "{line}");
    }
    let changed: Value = serde_json::from_str(&house.told("route weights docs stable=1 candidate=1 -o json").await).expect("JSON");
    assert_eq!(changed, get(&house.pointsman.http, &house.pointsman.admin("/v1/routes/docs")).await);
    assert_eq!(house.told("route delete docs --output json").await, "", "the answer has no body");
    let refused = house.run("route show docs --output json").await;
    let problem: Value = serde_json::from_str(&refused.out).expect("the problem document");
    assert_eq!((refused.code, &problem["status"]), (1, &json!(404)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shells_can_complete_every_command() {
    let house = House::new("").await;
    for shell in ["bash", "zsh", "fish"] {
        let script = house.told(&format!("completions {shell}")).await;
        assert!(script.contains("COMPLETE") && script.contains("pointsman"), "{shell}: {script}");
    }
    house.told("canary create docs docs_v2 --start-at 2100-01-01T00:00:00Z").await;
    let completed = async |line: &str| {
        let mut asked = house.command("--");
        asked.args(line.split(' ')).env("COMPLETE", "fish");
        super::said(asked).await.out
    };
    for (line, words) in [
        ("pointsman kill", &["kill-switch"][..]),
        ("pointsman canary ", &["approve", "abort", "show"]),
        ("pointsman canary show ", &["docs", "latest", "canary_"]),
        ("pointsman alias switch do", &["docs"]),
        ("pointsman alias switch docs docs_", &["docs_v1", "docs_v2"]),
    ] {
        let offered = completed(line).await;
        assert!(words.iter().all(|word| offered.lines().any(|line| line.starts_with(word))), "{line}: {offered}");
    }
    let mut alone = house.command("-- pointsman canary show do");
    alone.env("COMPLETE", "fish").env("POINTSMAN_ADMIN_URL", "http://127.0.0.1:1");
    let alone = super::said(alone).await;
    assert_eq!((alone.code, alone.out.contains("docs"), alone.err.as_str()), (0, false, ""), "without Pointsman nothing is offered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn yaml_says_what_json_says() {
    let house = House::new("").await;
    house.pointsman.split("docs", "docs_v2", 90, 10).await;
    for line in ["route show docs", "alias list", "kill-switch status", "explain docs --unit 42"] {
        let json: Value = serde_json::from_str(&house.told(&format!("{line} -o json")).await).expect("JSON");
        let yaml = house.told(&format!("{line} -o yaml")).await;
        assert!(!yaml.starts_with('{'), "{yaml}");
        let read: Value = serde_saphyr::from_str(&yaml).expect("YAML");
        assert_eq!(read, json, "{line}");
    }
    let short = house.told("explain docs --unit 42 --json").await;
    assert_eq!(short, house.told("explain docs --unit 42 -o json").await);
}

/// What stands in a pipe is whole; `COLUMNS` says how wide a terminal would be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_fit_eighty_columns() {
    let house = House::new("").await;
    house.pointsman.split("docs", "docs_v2", 90, 10).await;
    house.told("alias create a_long_name_for_an_alias_of_documents docs_v1").await;
    house.told("canary create a_long_name_for_an_alias_of_documents docs_v2 --stage 50%/10m --stage 100%").await;
    house.told("alias create news docs_v1").await;
    house.told("shadow create news docs_v2").await;
    house.told("alias create shop docs_v1").await;
    house.told("experiment create ranking shop docs_v2 --metric click=binary --interleave").await;
    house.told("alias create shelf docs_v1").await;
    house.told("alias create plain docs_v1").await;
    house.told("deployment create shelf external --collection shelf_v2").await;
    for line in [
        "alias list",
        "route list",
        "route show docs",
        "canary list",
        "canary show latest",
        "shadow list",
        "shadow show news",
        "experiment list",
        "experiment show shop",
        "experiment analysis shop",
        "deployment list",
        "deployment show shelf",
        "deployment create plain collection:docs_v1 --dry-run",
        "retire list",
        "retire plan docs --keep 1",
        "collections",
        "events",
        "audit",
    ] {
        let mut narrow = house.command(line);
        narrow.env("COLUMNS", "80");
        let narrow = super::said(narrow).await;
        let widest = narrow.out.lines().map(|line| line.chars().count()).max();
        assert!(narrow.code == 0 && widest <= Some(80), "{line}: {widest:?}\n{}\n{}", narrow.out, narrow.err);
    }
    let listed = house.told("canary list").await;
    assert!(listed.contains("a_long_name_for_an_alias_of_documents"), "{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deployments() {
    let house = House::new("").await;
    assert_eq!(house.told("deployment list").await, "there are no deployments");
    let preview = house.told("deployment create docs collection:docs_v1 --collection docs_v3 --dry-run").await;
    assert!(preview.contains("creating") && preview.contains("PUT /collections/docs_v3"), "{preview}");
    let followed =
        house.told("deployment create docs collection:docs_v1 --collection docs_v3 --watch-for 1s --watch-every 300ms --watch").await;
    assert!(followed.lines().next().is_some_and(|line| line.ends_with("docs to docs_v3")), "{followed}");
    assert!(followed.contains("copying: the collection is there (by controller)") && followed.contains("completed: "), "{followed}");
    let waiting = house.told("deployment create docs external --collection docs_v4").await;
    let id = waiting.split_whitespace().nth(1).expect("an id").to_owned();
    let early = house.refused(&format!("deployment rollback {id}")).await;
    assert!(early.contains("the alias has not moved; cancel it"), "{early}");
    let cancelled = house.told(&format!("deployment cancel {id} --reason enough")).await;
    assert!(cancelled.contains("rolling_back") || cancelled.contains("cancelled"), "{cancelled}");
    assert!(house.told(&format!("deployment show {id}")).await.contains("enough"));
    assert!(house.told("deployment list").await.contains("docs_v3"));
    house.refused(&format!("deployment ready {id}")).await;
    let completed = followed.split(':').next().expect("an id");
    let over = house.refused(&format!("deployment rollback {completed}")).await;
    assert!(over.ends_with("to go back: pointsman alias switch docs docs_v1 --expect docs_v3"), "{over}");
}
