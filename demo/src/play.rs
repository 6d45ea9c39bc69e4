//! The three acts: what is done, what is looked at in between, and for how long. Called by `main`.

use std::time::{Duration, Instant, SystemTime};

use crate::acts::{self, Act};
use crate::canary::{Canary, Following, Pace};
use crate::collections::{self, Version};
use crate::counts::Counts;
use crate::error::DemoError;
use crate::frame::View;
use crate::house::House;
use crate::screen::Screen;
use crate::story::{Story, instant};
use crate::traffic::{Sample, Traffic};

const FRAME: Duration = Duration::from_millis(100);
/// A question stays on the screen long enough to be read.
const QUESTION_STAYS: Duration = Duration::from_millis(1_200);
/// A canary that has not ended by then has broken its promise.
const PATIENCE: Duration = Duration::from_secs(90);
/// The share of the failing version's answers that are errors.
const BROKEN: f64 = 0.5;

/// How long each part lasts at least.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    calm: Duration,
    /// The failing version works for so long.
    healthy: Duration,
    /// To look at what has happened.
    pause: Duration,
    first: Pace,
    second: Pace,
}

impl Times {
    pub(crate) fn usual() -> Self {
        let seconds = Duration::from_secs;
        let first = Pace { stage: seconds(30), last_stage: seconds(0), watch: seconds(1) };
        let second = Pace { stage: seconds(9), last_stage: seconds(6), watch: seconds(5) };
        Self { calm: seconds(7), healthy: seconds(7), pause: seconds(7), first, second }
    }

    pub(crate) fn fast() -> Self {
        let milliseconds = Duration::from_millis;
        let second = Pace { stage: milliseconds(2_500), last_stage: milliseconds(1_000), watch: milliseconds(1_000) };
        let short = milliseconds(1_000);
        Self { calm: short, healthy: milliseconds(1_500), pause: short, second, ..Self::usual() }
    }
}

/// What has come of it.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) counts: Counts,
    pub(crate) lasted: Duration,
    /// The canary to the failing version, as it was last seen, and how long after its first error it went back.
    pub(crate) first: Canary,
    pub(crate) went_back_after: Option<Duration>,
    pub(crate) second: Canary,
    /// Where the alias points at the end.
    pub(crate) target: Option<Version>,
}

/// The stage during the play.
pub(crate) struct Play<'a> {
    house: &'a House,
    traffic: &'a mut Traffic,
    times: Times,
    screen: &'a mut Screen,
    counts: Counts,
    story: Story,
    act: Act,
    canary: Option<Following>,
    began: Instant,
    question: String,
    asked: Option<Instant>,
}

impl<'a> Play<'a> {
    pub(crate) fn new(house: &'a House, traffic: &'a mut Traffic, users: usize, times: Times, screen: &'a mut Screen) -> Self {
        Self {
            house,
            traffic,
            times,
            screen,
            counts: Counts::new(users),
            story: Story::new(SystemTime::now()),
            act: acts::searching(users),
            canary: None,
            began: Instant::now(),
            question: String::new(),
            asked: None,
        }
    }

    pub(crate) async fn all(mut self) -> Result<Played, DemoError> {
        self.story.tell("users search; all are served by docs_v1");
        self.wait(self.times.calm).await?;
        let (first, went_back_after) = self.failing().await?;
        let second = self.healthy().await?;
        self.last_answers().await?;
        let target = collections::target(&self.house.qdrant).await?;
        Ok(Played { counts: self.counts, lasted: self.began.elapsed(), first, went_back_after, second, target })
    }

    async fn failing(&mut self) -> Result<(Canary, Option<Duration>), DemoError> {
        self.act = acts::still_healthy();
        self.start(Version::Two, self.times.first).await?;
        self.look_until(|canary| canary.state != "scheduled" && canary.state != "initializing").await?;
        self.wait(self.times.healthy).await?;
        self.house.break_down(Version::Two, BROKEN).await?;
        let broken = SystemTime::now();
        self.story.tell("the demo makes every second answer of docs_v2 an error");
        self.act = acts::failing();
        let canary = self.look_until(Canary::has_ended).await?;
        let after = canary.step_to("rolling_back").and_then(|step| instant(step).duration_since(broken).ok());
        self.act = match after {
            Some(after) => acts::rolled_back(after),
            None => acts::not_rolled_back(&canary.state),
        };
        self.wait(self.times.pause).await?;
        Ok((canary, after))
    }

    async fn healthy(&mut self) -> Result<Canary, DemoError> {
        self.act = acts::growing();
        self.start(Version::Three, self.times.second).await?;
        self.look_until(|canary| canary.has_ended() || canary.state == "watching").await?;
        self.act = acts::watching();
        let canary = self.look_until(Canary::has_ended).await?;
        self.act = acts::ended(&canary.state);
        self.wait(self.times.pause).await?;
        Ok(canary)
    }

    async fn start(&mut self, to: Version, pace: Pace) -> Result<(), DemoError> {
        let asked = Instant::now();
        self.counts.begin_rollout(asked);
        let canary = Canary::create(&self.house.admin, to, pace).await?;
        self.story.tell(format!("an operator starts a canary of `docs` to {}", to.collection()));
        self.canary = Some(canary.follow(&self.house.admin, asked));
        Ok(())
    }

    async fn wait(&mut self, time: Duration) -> Result<(), DemoError> {
        let until = Instant::now() + time;
        self.play_until(|_| Instant::now() >= until).await
    }

    /// Until the canary looks like this, or patience ends.
    async fn look_until(&mut self, done: impl Fn(&Canary) -> bool) -> Result<Canary, DemoError> {
        let patience = Instant::now() + PATIENCE;
        self.play_until(|canary| Instant::now() >= patience || canary.is_none_or(&done)).await?;
        let canary = self.canary.as_ref().map(|following| following.looks.borrow().canary.clone());
        Ok(canary.expect("a canary was started before it is looked at"))
    }

    /// Lets the users work and shows it.
    async fn play_until(&mut self, done: impl Fn(Option<&Canary>) -> bool) -> Result<(), DemoError> {
        let mut frames = tokio::time::interval(FRAME);
        loop {
            tokio::select! {
                Some(sample) = self.traffic.samples.recv() => self.note(&sample),
                _ = frames.tick() => {
                    self.look();
                    self.show()?;
                    let look = self.canary.as_ref().map(|following| following.looks.borrow());
                    if done(look.as_ref().map(|look| &look.canary)) {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Every search that was begun is answered and counted.
    async fn last_answers(&mut self) -> Result<(), DemoError> {
        self.traffic.ask_no_more();
        while let Some(sample) = self.traffic.samples.recv().await {
            self.note(&sample);
        }
        self.counts.judge_flips(Instant::now());
        self.show()
    }

    fn note(&mut self, sample: &Sample) {
        self.counts.record(sample);
        if self.asked.is_some_and(|asked| asked.elapsed() < QUESTION_STAYS) {
            return;
        }
        let answer = match &sample.seen {
            Ok(reply) => format!("{} ({})", reply.title, reply.version.collection()),
            Err(error) => error.clone(),
        };
        self.question = format!("{}? {answer}", sample.question);
        self.asked = Some(Instant::now());
    }

    fn look(&mut self) {
        let Some(following) = &self.canary else { return };
        let look = following.looks.borrow();
        self.story.follow(&look.canary);
        if look.canary.is_forward() {
            self.counts.judge_flips(look.asked);
        }
    }

    fn show(&mut self) -> Result<(), DemoError> {
        let now = self.counts.now(Instant::now());
        let look = self.canary.as_ref().map(|following| following.looks.borrow());
        self.screen.show(&View {
            elapsed: self.began.elapsed(),
            act: &self.act,
            canary: look.as_ref().map(|look| &look.canary),
            counts: &self.counts,
            now,
            story: &self.story.entries,
            question: &self.question,
        })
    }
}
