//! The alias that the users search and the three versions of the collection behind it. Called by `house`.
//!
//! All three hold the same articles, so that every question has an answer in each. Each point says which version it is in,
//! so that an answer shows who gave it.

use serde_json::{Value, json};

use crate::corpus::Article;
use crate::error::DemoError;
use crate::http::Api;

pub(crate) const ALIAS: &str = "docs";
/// The name of the sparse vector, in all versions.
pub(crate) const VECTOR: &str = "text";
/// The embedding that Qdrant computes itself.
pub(crate) const MODEL: &str = "qdrant/bm25";
/// The field of a payload that says which version the point is in.
pub(crate) const FROM: &str = "from";

const BATCH: usize = 64;

/// A version of the collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    /// What the alias points to at the beginning.
    One,
    /// The version that fails.
    Two,
    /// The repaired version.
    Three,
}

impl Version {
    pub(crate) const ALL: [Self; 3] = [Self::One, Self::Two, Self::Three];

    pub(crate) fn collection(self) -> &'static str {
        match self {
            Self::One => "docs_v1",
            Self::Two => "docs_v2",
            Self::Three => "docs_v3",
        }
    }

    pub(crate) fn of(collection: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.collection() == collection)
    }
}

/// Creates and fills all versions and points the alias at the first.
pub(crate) async fn prepare(qdrant: &Api, articles: &[Article]) -> Result<(), DemoError> {
    for version in Version::ALL {
        fill(qdrant, version, articles).await?;
    }
    let actions = json!({ "actions": [{ "create_alias": { "alias_name": ALIAS, "collection_name": Version::One.collection() } }] });
    qdrant.post("/collections/aliases", &actions).await?;
    Ok(())
}

/// Where the alias points, by Qdrant's own account.
pub(crate) async fn target(qdrant: &Api) -> Result<Option<Version>, DemoError> {
    let listed: Value = qdrant.get_as("/aliases").await?;
    let aliases = listed["result"]["aliases"].as_array().into_iter().flatten();
    let found = aliases.filter(|alias| alias["alias_name"] == ALIAS).find_map(|alias| alias["collection_name"].as_str());
    Ok(found.and_then(Version::of))
}

async fn fill(qdrant: &Api, version: Version, articles: &[Article]) -> Result<(), DemoError> {
    let name = version.collection();
    let schema = json!({ "vectors": {}, "sparse_vectors": { VECTOR: { "modifier": "idf" } } });
    qdrant.put(&format!("/collections/{name}"), &schema).await?;
    for batch in articles.chunks(BATCH) {
        let points: Vec<Value> = batch.iter().map(|article| point(version, article)).collect();
        qdrant.put(&format!("/collections/{name}/points?wait=true"), &json!({ "points": points })).await?;
    }
    Ok(())
}

fn point(version: Version, article: &Article) -> Value {
    let searched = format!("{}. {} {}", article.title, article.summary, article.text);
    json!({
        "id": article.id,
        "vector": { VECTOR: { "text": searched, "model": MODEL } },
        "payload": { "title": article.title, FROM: version.collection() },
    })
}
