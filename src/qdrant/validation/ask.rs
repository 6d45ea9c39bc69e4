//! Asking the queries, one after the other: latencies are part of what is validated.

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::judge::{Answer, FailedExpectation, Hit};
use super::{Embedder, QueryResult, QuerySource, Validation, ValidationQuery};
use crate::qdrant::Client;
use crate::qdrant::schema::Schema;

impl Client {
    /// Asks every query and judges every answer; a query that cannot be asked has failed.
    pub async fn validate(
        &self,
        collection: &str,
        schema: &Schema,
        queries: &[ValidationQuery],
        embedder: Option<&Embedder>,
    ) -> Validation {
        let mut results = Vec::with_capacity(queries.len());
        for (place, query) in queries.iter().enumerate() {
            let name = query.label(place);
            let body = match query.body(embedder).await {
                Ok(body) => body,
                Err(failure) => {
                    results.push(unanswered(name, failure));
                    continue;
                }
            };
            let asked = Instant::now();
            let outcome = self.ask(collection, &body).await;
            results.push(match outcome {
                Ok(hits) => {
                    let answer = Answer { hits, latency: asked.elapsed() };
                    query.expect.judge(name, &answer, schema.direction_of(&body), schema.usual_of(&body))
                }
                Err(reason) => unanswered(name, FailedExpectation::new("answer", reason)),
            });
        }
        Validation::of(results)
    }

    async fn ask(&self, collection: &str, body: &Value) -> Result<Vec<Hit>, String> {
        #[derive(Deserialize)]
        struct Found {
            points: Vec<Hit>,
        }
        let found: Found = self.query(collection, body).await.map_err(|failure| failure.to_string())?;
        Ok(found.points)
    }
}

impl ValidationQuery {
    /// What is sent.
    async fn body(&self, embedder: Option<&Embedder>) -> Result<Value, FailedExpectation> {
        let query = match &self.query {
            QuerySource::Body(body) => return Ok(body.clone()),
            QuerySource::Vector(vector) => vector.clone(),
            QuerySource::Point(id) => json!(id),
            QuerySource::Text(text) => {
                let Some(embedder) = embedder else {
                    let reason = "a text query needs an embedder, and none is configured; give a vector, or configure one";
                    return Err(FailedExpectation::new("answer", reason.to_owned()));
                };
                let embedded = embedder.embed(text).await;
                json!(embedded.map_err(|failed| FailedExpectation::new("answer", failed.to_string()))?)
            }
        };
        let mut body = json!({"query": query, "limit": self.limit, "with_payload": false});
        if let Some(using) = &self.using {
            body["using"] = json!(using);
        }
        if let Some(filter) = &self.filter {
            body["filter"] = filter.clone();
        }
        Ok(body)
    }
}

fn unanswered(name: String, failure: FailedExpectation) -> QueryResult {
    QueryResult { name, passed: false, failures: vec![failure], results: 0, top_score: None, latency_ms: None }
}
