//! Looks at a rollout that is followed: one every second, and less often at what takes a computation.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::api::Answer;
use super::super::session::{Patience, Session};
use super::super::{Failure, at};

const EVERY: Duration = Duration::from_secs(1);
/// An analysis counts everything that was seen.
const BESIDE_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Looks<'s> {
    session: &'s Session,
    path: String,
    beside: Option<(&'static str, String)>,
    patience: Patience,
    known: Option<(Instant, Value)>,
    first: bool,
}

impl<'s> Looks<'s> {
    pub(super) fn at(session: &'s Session, resource: &str, id: &str, beside: Option<&'static str>) -> Self {
        let beside = beside.filter(|_| session.is_for_people()).map(|name| (name, at(&["v1", resource, id, name])));
        Self { session, path: at(&["v1", resource, id]), beside, patience: Patience::default(), known: None, first: true }
    }

    /// The rollout when the next look is due; none where Pointsman could not be asked but may be soon.
    pub(super) async fn next(&mut self) -> Result<Option<Answer>, Failure> {
        if !std::mem::take(&mut self.first) {
            tokio::time::sleep(EVERY).await;
        }
        let answer = self.session.api.get(&self.path, &[]).await;
        let Some(mut answer) = self.patience.hear(answer)? else { return Ok(None) };
        if let Some((name, path)) = &self.beside {
            if self.known.as_ref().is_none_or(|(since, _)| since.elapsed() >= BESIDE_EVERY) {
                // Before there is anything to analyse it is refused.
                let beside = self.session.api.get(path, &[]).await.map_or(Value::Null, |answer| answer.json);
                self.known = Some((Instant::now(), beside));
            }
            answer.json[*name] = self.known.as_ref().map(|(_, beside)| beside.clone()).unwrap_or_default();
        }
        Ok(Some(answer))
    }
}
