//! The simulated users: each asks a question, waits for the answer, thinks, and asks again.
//!
//! A user never has two questions open. So the order of its samples is the order in which it was served, and `counts` can
//! tell whether a user flipped between versions.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Client;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::collections::{ALIAS, FROM, MODEL, VECTOR, Version};

const HITS: usize = 3;
/// Samples on their way to the screen. When it falls behind, users wait: the load stays bounded.
const QUEUE: usize = 1_024;

/// One question, as its user saw it.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) user: usize,
    pub(crate) started: Instant,
    pub(crate) took: Duration,
    pub(crate) question: &'static str,
    /// The answer, or the error that the user saw instead.
    pub(crate) seen: Result<Reply, String>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    /// The version that gave the answer.
    pub(crate) version: Version,
    /// Another version should have, and could not.
    pub(crate) fallback: bool,
    /// The title of the first hit.
    pub(crate) title: String,
}

/// How many users there are, how often they ask, and where.
#[derive(Clone, Debug)]
pub(crate) struct Crowd {
    pub(crate) users: usize,
    /// Questions a second, by all users together.
    pub(crate) rate: u32,
    /// Makes the names of the users, and so who gets which version.
    pub(crate) seed: u32,
    /// The REST port of Pointsman.
    pub(crate) url: String,
}

/// The users at work. They stop when this is dropped.
#[derive(Debug)]
pub(crate) struct Traffic {
    pub(crate) samples: mpsc::Receiver<Sample>,
    closing: watch::Sender<bool>,
    _users: JoinSet<()>,
}

impl Traffic {
    /// The users search on, and what they see is not counted. Returns when the last of them has stopped.
    pub(crate) async fn run_on(&mut self) {
        while self.samples.recv().await.is_some() {}
    }

    /// No user asks another question. `samples` ends when the open ones are answered.
    pub(crate) fn ask_no_more(&self) {
        self.closing.send_replace(true);
    }
}

impl Crowd {
    pub(crate) fn start(&self, client: &Client, questions: &Arc<[&'static str]>) -> Traffic {
        let (sender, samples) = mpsc::channel(QUEUE);
        let pause = Duration::from_secs(1).mul_f64(self.users as f64 / f64::from(self.rate));
        let (closing, stop) = watch::channel(false);
        let mut users = JoinSet::new();
        for number in 0..self.users {
            let user = User {
                number,
                name: format!("user-{:08x}-{number}", self.seed),
                chance: fastrand::Rng::with_seed((u64::from(self.seed) << 32) | number as u64),
                client: client.clone(),
                url: format!("{}/collections/{ALIAS}/points/query", self.url),
                questions: Arc::clone(questions),
                stop: stop.clone(),
            };
            users.spawn(user.live(pause, sender.clone()));
        }
        Traffic { samples, closing, _users: users }
    }
}

struct User {
    number: usize,
    name: String,
    chance: fastrand::Rng,
    client: Client,
    url: String,
    questions: Arc<[&'static str]>,
    stop: watch::Receiver<bool>,
}

impl User {
    async fn live(mut self, pause: Duration, samples: mpsc::Sender<Sample>) {
        // Users come one by one, not all at the same instant.
        let mut thinks = pause.mul_f64(self.chance.f64());
        loop {
            tokio::select! {
                () = tokio::time::sleep(thinks) => {}
                _ = self.stop.changed() => return,
            }
            let question = self.questions[self.chance.usize(..self.questions.len())];
            let started = Instant::now();
            let seen = self.ask(question).await;
            let sample = Sample { user: self.number, started, took: started.elapsed(), question, seen };
            if samples.send(sample).await.is_err() {
                return;
            }
            thinks = pause.mul_f64(0.5 + self.chance.f64());
        }
    }

    async fn ask(&self, question: &str) -> Result<Reply, String> {
        let query = query(question);
        let request = self.client.post(&self.url).header("x-user-id", &self.name).json(&query);
        let response = request.send().await.map_err(|error| format!("no answer: {}", with_causes(&error)))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.text().await.map_err(|error| format!("half an answer: {}", with_causes(&error)))?;
        if status.is_success() { read(&headers, &body) } else { Err(format!("{status}: {body}")) }
    }
}

/// The HTTP client tells the cause of its errors only to those that ask.
fn with_causes(error: &dyn Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

/// The search that an application sends for this question.
pub(crate) fn query(question: &str) -> Value {
    json!({
        "query": { "text": question, "model": MODEL },
        "using": VECTOR,
        "limit": HITS,
        "with_payload": ["title", FROM],
    })
}

fn read(headers: &HeaderMap, body: &str) -> Result<Reply, String> {
    let body: Value = serde_json::from_str(body).map_err(|error| format!("the answer is not JSON: {error}"))?;
    let payload = &body["result"]["points"][0]["payload"];
    let version = payload[FROM].as_str().and_then(Version::of).ok_or("the answer has no hit that says which version it is from")?;
    let title = payload["title"].as_str().ok_or("the first hit has no title")?.to_owned();
    Ok(Reply { version, fallback: headers.contains_key("x-pointsman-fallback"), title })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_which_version_gave_it_and_whether_another_one_should_have() {
        let body = json!({ "result": { "points": [{ "payload": { "title": "Rainbows", "from": "docs_v3" } }] } }).to_string();
        let mut headers = HeaderMap::new();
        let reply = read(&headers, &body).expect("a readable answer");
        assert_eq!((reply.version, reply.fallback, reply.title.as_str()), (Version::Three, false, "Rainbows"));
        headers.insert("x-pointsman-fallback", "status".parse().expect("a legal value"));
        assert!(read(&headers, &body).expect("a readable answer").fallback);
    }

    #[test]
    fn an_answer_without_a_hit_of_a_known_version_is_an_error_the_user_saw() {
        let unknown = json!({ "result": { "points": [{ "payload": { "title": "Rainbows", "from": "other" } }] } }).to_string();
        for body in [r#"{"result":{"points":[]}}"#, r#"{"result":{}}"#, "half a", &unknown] {
            assert!(read(&HeaderMap::new(), body).is_err(), "{body}");
        }
    }
}
