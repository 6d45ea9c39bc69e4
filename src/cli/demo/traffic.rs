//! The simulated users: each asks one question after another, waits for the answer, thinks, and asks again.
//!
//! A user never has two questions open, so that the order of its samples is the order in which it was served; `watch`
//! needs that to say whether anybody was ever moved back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Client;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::collections::{ALIAS, MODEL, VECTOR};
use super::corpus::Question;

/// Answers a user looks at before giving up.
const LOOKS_AT: usize = 3;
/// Samples on their way to the screen. When it falls behind, users wait: the load stays bounded.
const QUEUE: usize = 1_024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    Stable,
    Candidate,
}

impl Variant {
    pub(super) const ALL: [Self; 2] = [Self::Stable, Self::Candidate];

    /// As the route names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Candidate => "candidate",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variant| variant.name() == name)
    }
}

/// One question, as its user saw it.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) user: usize,
    pub(super) started: Instant,
    pub(super) took: Duration,
    pub(super) question: usize,
    /// The answer, or what the user saw instead.
    pub(super) seen: Result<Reply, String>,
}

#[derive(Debug)]
pub(super) struct Reply {
    /// Whose turn it was to answer.
    pub(super) variant: Variant,
    /// It could not, and the stable variant answered in its place.
    pub(super) rescued: bool,
    /// The right article was among the first few.
    pub(super) found: bool,
    /// The title of the first article.
    pub(super) first: Option<String>,
}

/// Who asks, how often and where.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    pub(super) users: usize,
    /// Questions a second, by all users together.
    pub(super) rate: u32,
    /// Makes the names of the users, and so who gets which variant.
    pub(super) seed: u32,
    pub(super) url: String,
}

/// The users at work; they go home when this is dropped.
#[derive(Debug)]
pub(super) struct Traffic {
    pub(super) samples: mpsc::Receiver<Sample>,
    _users: JoinSet<()>,
}

impl Crowd {
    pub(super) fn set_off(&self, client: &Client, questions: &Arc<[Question]>) -> Traffic {
        let (sender, samples) = mpsc::channel(QUEUE);
        let pause = Duration::from_secs(1).mul_f64(self.users as f64 / f64::from(self.rate));
        let mut users = JoinSet::new();
        for number in 0..self.users {
            let user = User {
                number,
                name: format!("user-{:08x}-{number}", self.seed),
                chance: fastrand::Rng::with_seed((u64::from(self.seed) << 32) | number as u64),
                client: client.clone(),
                url: format!("{}/collections/{ALIAS}/points/query", self.url),
                questions: Arc::clone(questions),
            };
            users.spawn(user.live(pause, sender.clone()));
        }
        Traffic { samples, _users: users }
    }
}

struct User {
    number: usize,
    name: String,
    chance: fastrand::Rng,
    client: Client,
    url: String,
    questions: Arc<[Question]>,
}

impl User {
    async fn live(mut self, pause: Duration, samples: mpsc::Sender<Sample>) {
        // Users come one by one, not all at the same instant.
        let mut thinks = pause.mul_f64(self.chance.f64());
        loop {
            tokio::time::sleep(thinks).await;
            let question = self.chance.usize(..self.questions.len());
            let started = Instant::now();
            let seen = self.ask(&self.questions[question]).await;
            let sample = Sample { user: self.number, started, took: started.elapsed(), question, seen };
            if samples.send(sample).await.is_err() {
                return;
            }
            thinks = pause.mul_f64(0.5 + self.chance.f64());
        }
    }

    async fn ask(&self, question: &Question) -> Result<Reply, String> {
        let query = json!({
            "query": { "text": question.text, "model": MODEL },
            "using": VECTOR,
            "limit": LOOKS_AT,
            "with_payload": ["title"],
        });
        let request = self.client.post(&self.url).header("x-user-id", &self.name).json(&query);
        let response = request.send().await.map_err(|error| format!("no answer: {error}"))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.text().await.map_err(|error| format!("half an answer: {error}"))?;
        if !status.is_success() {
            return Err(format!("{status}: {body}"));
        }
        read(&headers, &body, question)
    }
}

fn read(headers: &HeaderMap, body: &str, question: &Question) -> Result<Reply, String> {
    let named = headers.get("x-pointsman-variant").and_then(|value| value.to_str().ok()).and_then(Variant::named);
    let answered_by = named.ok_or("the answer does not say which variant gave it")?;
    let body: Value = serde_json::from_str(body).map_err(|error| format!("the answer is not JSON: {error}"))?;
    let points = body["result"]["points"].as_array().ok_or("the answer has no `result.points`")?;
    // Only the candidate is ever answered for by the other one.
    let rescued = headers.contains_key("x-pointsman-fallback");
    Ok(Reply {
        variant: if rescued { Variant::Candidate } else { answered_by },
        rescued,
        found: points.iter().any(|point| point["id"].as_u64() == Some(question.answer)),
        first: points.first().and_then(|point| point["payload"]["title"].as_str()).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: Question = Question { text: "why is the sky blue", answer: 7 };

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (reqwest::header::HeaderName::from_static(name), value.parse().expect("a legal value"))).collect()
    }

    fn body() -> String {
        json!({ "result": { "points": [{ "id": 3, "payload": { "title": "Rainbows" } }, { "id": 7, "payload": {} }] } }).to_string()
    }

    #[test]
    fn an_answer_given_by_stable_for_a_failing_candidate_still_belongs_to_the_candidate() {
        let headers = headers(&[("x-pointsman-variant", "stable"), ("x-pointsman-fallback", "upstream_error")]);
        let reply = read(&headers, &body(), &QUESTION).expect("a readable answer");
        assert_eq!((reply.variant, reply.rescued, reply.found), (Variant::Candidate, true, true));
        assert_eq!(reply.first.as_deref(), Some("Rainbows"));
    }

    #[test]
    fn an_answer_that_names_no_known_variant_is_an_error_the_user_saw() {
        for pairs in [&[][..], &[("x-pointsman-variant", "other")][..]] {
            assert!(read(&headers(pairs), &body(), &QUESTION).is_err());
        }
    }

    #[test]
    fn the_right_article_must_be_among_the_points() {
        let headers = headers(&[("x-pointsman-variant", "candidate")]);
        let elsewhere = Question { text: QUESTION.text, answer: 8 };
        assert!(!read(&headers, &body(), &elsewhere).expect("a readable answer").found);
        assert!(read(&headers, r#"{"result":{}}"#, &QUESTION).is_err());
    }
}
