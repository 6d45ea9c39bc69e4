//! Aliases, with all that is odd about them.

use serde_json::{Value, json};

use crate::support::Server;

async fn change(server: &Server, actions: Value) -> (u16, Value) {
    let body = json!({ "actions": actions });
    let (status, answer) = server.call("POST", "/collections/aliases", body).await;
    (status.as_u16(), answer)
}

fn create(alias: &str, collection: &str) -> Value {
    json!({"create_alias": {"alias_name": alias, "collection_name": collection}})
}

async fn target(server: &Server, alias: &str) -> Option<String> {
    let all = server.get("/aliases").await;
    let found = all["aliases"].as_array().expect("a list").iter().find(|one| one["alias_name"] == alias)?;
    found["collection_name"].as_str().map(str::to_owned)
}

async fn two_collections() -> Server {
    let server = Server::start().await;
    server.create("one").await;
    server.create("two").await;
    server
}

#[tokio::test]
async fn an_alias_reads_and_writes_its_collection_but_is_not_listed_as_one() {
    let server = two_collections().await;
    assert_eq!(change(&server, json!([create("al", "one")])).await.0, 200);
    let point = json!({"points": [{"id": 1, "vector": [1, 2]}]});
    server.ok("PUT", "/collections/al/points?wait=true", point).await;
    let count = server.ok("POST", "/collections/one/points/count", json!({})).await;
    assert_eq!(count["count"], 1);
    assert_eq!(server.get("/collections/al/exists").await["exists"], true);
    assert_eq!(server.get("/collections").await["collections"], json!([{"name": "one"}, {"name": "two"}]));
    // The name is compared literally here, and nowhere else.
    assert_eq!(server.get("/collections/al/aliases").await["aliases"], json!([]));
    assert_eq!(server.get("/collections/one/aliases").await["aliases"], json!([{"alias_name": "al", "collection_name": "one"}]));
}

#[tokio::test]
async fn creating_an_alias_again_moves_it() {
    let server = two_collections().await;
    change(&server, json!([create("al", "one")])).await;
    assert_eq!(change(&server, json!([create("al", "two")])).await.0, 200);
    assert_eq!(target(&server, "al").await.as_deref(), Some("two"));
}

#[tokio::test]
async fn a_failing_action_leaves_the_earlier_ones_done() {
    let server = two_collections().await;
    let (status, answer) = change(&server, json!([create("al", "one"), create("bl", "missing"), create("cl", "two")])).await;
    assert_eq!(status, 404);
    assert_eq!(answer["status"]["error"], "Not found: Collection `missing` doesn't exist!");
    assert_eq!(target(&server, "al").await.as_deref(), Some("one"));
    assert_eq!(target(&server, "cl").await, None);
}

#[tokio::test]
async fn aliases_point_at_collections_only_and_not_from_their_names() {
    let server = two_collections().await;
    change(&server, json!([create("al", "one")])).await;
    assert_eq!(change(&server, json!([create("bl", "al")])).await.0, 404);
    let (status, answer) = change(&server, json!([create("two", "one")])).await;
    assert_eq!(status, 409);
    assert_eq!(answer["status"]["error"], "Wrong input: Collection `two` already exists!");
}

#[tokio::test]
async fn renaming_overwrites_and_may_shadow_a_collection() {
    let server = two_collections().await;
    let rename = |old: &str, new: &str| json!([{"rename_alias": {"old_alias_name": old, "new_alias_name": new}}]);
    let (status, answer) = change(&server, rename("al", "bl")).await;
    assert_eq!(status, 404);
    assert_eq!(answer["status"]["error"], "Not found: Alias al does not exists!");

    change(&server, json!([create("al", "one"), create("bl", "two")])).await;
    assert_eq!(change(&server, rename("al", "bl")).await.0, 200);
    assert_eq!(target(&server, "bl").await.as_deref(), Some("one"));
    assert_eq!(target(&server, "al").await, None);

    let point = json!({"points": [{"id": 1, "vector": [1, 2]}]});
    server.ok("PUT", "/collections/one/points?wait=true", point).await;
    assert_eq!(change(&server, rename("bl", "two")).await.0, 200);
    let count = server.ok("POST", "/collections/two/points/count", json!({})).await;
    assert_eq!(count["count"], 1, "the alias `two` comes before the collection `two`");
}

#[tokio::test]
async fn deleting_what_is_not_there_succeeds() {
    let server = two_collections().await;
    assert_eq!(change(&server, json!([{"delete_alias": {"alias_name": "nobody"}}])).await.0, 200);
    assert_eq!(server.ok("DELETE", "/collections/nobody", Value::Null).await, false);
}

#[tokio::test]
async fn a_collection_takes_its_aliases_along_and_an_alias_cannot_delete_it() {
    let server = two_collections().await;
    change(&server, json!([create("al", "one"), create("bl", "two")])).await;
    assert_eq!(server.ok("DELETE", "/collections/al", Value::Null).await, false);
    assert_eq!(server.get("/collections/one/exists").await["exists"], true);
    assert_eq!(server.ok("DELETE", "/collections/one", Value::Null).await, true);
    assert_eq!(server.get("/aliases").await["aliases"], json!([{"alias_name": "bl", "collection_name": "two"}]));
}

#[tokio::test]
async fn no_collection_can_take_the_name_of_an_alias() {
    let server = two_collections().await;
    change(&server, json!([create("al", "one")])).await;
    let body = json!({"vectors": {"size": 2, "distance": "Dot"}});
    let (status, text) = server.fails("PUT", "/collections/al", body).await;
    assert_eq!(status, 400);
    assert!(text.contains("Alias with the same name already exists"), "{text}");
}
