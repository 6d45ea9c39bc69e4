//! The two versions of the collection and the alias that applications use.
//!
//! Version 1 searches title and summary with BM25 as it comes. Version 2 searches the whole text as well, and tells BM25
//! how long these texts are: the default of 256 words would treat every one of them as short.

use serde_json::{Value, json};

use super::corpus::Article;
use super::error::DemoError;
use super::http::Api;

pub(super) const ALIAS: &str = "articles";
pub(super) const OLD: &str = "articles_v1";
pub(super) const NEW: &str = "articles_v2";
/// The name of the sparse vector, in both versions.
pub(super) const VECTOR: &str = "text";
/// The embedding that Qdrant computes itself.
pub(super) const MODEL: &str = "qdrant/bm25";

const BATCH: usize = 64;

/// Creates and fills both versions and points the alias at the old one.
pub(super) async fn prepare(qdrant: &Api, articles: &[Article]) -> Result<(), DemoError> {
    fill(qdrant, OLD, articles, |article| document(&format!("{}. {}", article.title, article.summary), &json!({}))).await?;
    let average = articles.iter().map(words).sum::<usize>() / articles.len();
    let options = json!({ "k": 1.5, "b": 0.6, "avg_len": average, "language": "english" });
    fill(qdrant, NEW, articles, |article| document(&format!("{}. {} {}", article.title, article.summary, article.text), &options)).await?;
    let actions = json!({ "actions": [{ "create_alias": { "alias_name": ALIAS, "collection_name": OLD } }] });
    qdrant.post("/collections/aliases", &actions).await?;
    Ok(())
}

/// Takes both versions away again, and with them the alias.
pub(super) async fn remove(qdrant: &Api) -> Result<(), DemoError> {
    for name in [OLD, NEW] {
        qdrant.delete(&format!("/collections/{name}")).await?;
    }
    Ok(())
}

/// The demo overwrites nothing, and removes nothing that it did not make.
pub(super) async fn refuse_if_occupied(qdrant: &Api) -> Result<(), DemoError> {
    let collections = qdrant.get("/collections").await?.body;
    let aliases = qdrant.get("/aliases").await?.body;
    let taken = names(&collections["result"]["collections"], "name")
        .chain(names(&aliases["result"]["aliases"], "alias_name"))
        .find(|name| [ALIAS, OLD, NEW].contains(name));
    match taken {
        Some(name) => Err(DemoError::Occupied { name: name.to_owned(), url: qdrant.base().to_owned() }),
        None => Ok(()),
    }
}

fn names<'a>(list: &'a Value, key: &'static str) -> impl Iterator<Item = &'a str> {
    list.as_array().into_iter().flatten().filter_map(move |entry| entry[key].as_str())
}

async fn fill(qdrant: &Api, name: &str, articles: &[Article], embed: impl Fn(&Article) -> Value) -> Result<(), DemoError> {
    let schema = json!({ "vectors": {}, "sparse_vectors": { VECTOR: { "modifier": "idf" } } });
    qdrant.put(&format!("/collections/{name}"), &schema).await?;
    for batch in articles.chunks(BATCH) {
        let points: Vec<Value> = batch.iter().map(|article| point(article, &embed(article))).collect();
        qdrant.put(&format!("/collections/{name}/points?wait=true"), &json!({ "points": points })).await?;
    }
    Ok(())
}

fn point(article: &Article, vector: &Value) -> Value {
    json!({
        "id": article.id,
        "vector": { VECTOR: vector },
        "payload": { "title": article.title, "topic": article.topic, "summary": article.summary },
    })
}

fn document(text: &str, options: &Value) -> Value {
    json!({ "text": text, "model": MODEL, "options": options })
}

fn words(article: &Article) -> usize {
    [&article.title, &article.summary, &article.text].into_iter().map(|part| part.split_whitespace().count()).sum()
}
