//! The acts: what is changed, what is watched in between, and for how long.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui_core::style::Stylize;
use ratatui_core::text::Line;

use super::corpus::Question;
use super::error::DemoError;
use super::house::House;
use super::picture::Picture;
use super::route::Route;
use super::screen::Screen;
use super::traffic::{Sample, Traffic, Variant};
use super::watch::{Act, Watch};

/// The candidate's share, step by step, in per cent.
const RAMP: [u32; 5] = [0, 5, 25, 50, 100];
/// The share of the new version's answers that fail while it is ill.
const ILL: f64 = 0.5;
const FRAME: Duration = Duration::from_millis(100);
/// How long past its end an act waits for users that have not been answered yet.
const PATIENCE: Duration = Duration::from_secs(20);
/// Somebody's question stays on the screen long enough to be read.
const REMARK_STAYS: Duration = Duration::from_millis(1_200);

enum Change {
    Weight(u32),
    Ill,
    Healed,
}

struct Scene {
    title: &'static str,
    change: Change,
    seconds: f64,
}

const SCENES: [Scene; 7] = [
    Scene { title: "Everybody on the old version", change: Change::Weight(0), seconds: 6.0 },
    Scene { title: "Five in a hundred go first", change: Change::Weight(5), seconds: 8.0 },
    Scene { title: "A quarter of the users", change: Change::Weight(25), seconds: 8.0 },
    Scene { title: "Half of its answers are errors", change: Change::Ill, seconds: 9.0 },
    Scene { title: "It has recovered", change: Change::Healed, seconds: 6.0 },
    Scene { title: "Half of the users", change: Change::Weight(50), seconds: 8.0 },
    Scene { title: "Everybody on the new version", change: Change::Weight(100), seconds: 8.0 },
];

/// The stage during the play.
pub(super) struct Play<'a, 's> {
    house: &'a House,
    route: Route<'a>,
    traffic: Traffic,
    questions: Arc<[Question]>,
    watch: Watch,
    /// All times are multiplied by this.
    pace: f64,
    screen: &'s mut Screen,
    started: Instant,
    /// What somebody asked lately, and when it was put on the screen.
    remark: String,
    remarked: Option<Instant>,
}

/// What the play leaves behind.
pub(super) struct Played<'a> {
    pub(super) watch: Watch,
    pub(super) route: Route<'a>,
    /// The act in which the new version failed.
    pub(super) ill: Option<usize>,
}

impl<'a, 's> Play<'a, 's> {
    pub(super) fn new(
        house: &'a House,
        route: Route<'a>,
        traffic: Traffic,
        questions: Arc<[Question]>,
        watch: Watch,
        pace: f64,
        screen: &'s mut Screen,
    ) -> Self {
        let (started, remark, remarked) = (Instant::now(), String::new(), None);
        Self { house, route, traffic, questions, watch, pace, screen, started, remark, remarked }
    }

    pub(super) async fn all(mut self) -> Result<Played<'a>, DemoError> {
        let can_fail = self.house.can_fail();
        let scenes: Vec<&Scene> = SCENES.iter().filter(|scene| can_fail || matches!(scene.change, Change::Weight(_))).collect();
        let mut weight = 0;
        for (index, scene) in scenes.iter().enumerate() {
            match scene.change {
                Change::Weight(percent) => {
                    self.route.set(percent).await?;
                    weight = percent;
                }
                Change::Ill => self.house.fall_ill(ILL).await?,
                Change::Healed => self.house.heal().await?,
            }
            self.watch.begin(scene.title, weight, Instant::now());
            self.observe(index + 1, scenes.len(), Duration::from_secs_f64(scene.seconds * self.pace)).await?;
            if let Some(act) = self.watch.acts.last() {
                self.screen.say(told(act))?;
            }
        }
        let ill = scenes.iter().position(|scene| matches!(scene.change, Change::Ill));
        Ok(Played { watch: self.watch, route: self.route, ill })
    }

    /// Lets the users work, until the act has lasted and every one of them has been served in it.
    async fn observe(&mut self, number: usize, of: usize, lasts: Duration) -> Result<(), DemoError> {
        let began = Instant::now();
        let mut frames = tokio::time::interval(FRAME);
        loop {
            tokio::select! {
                Some(sample) = self.traffic.samples.recv() => {
                    self.note(&sample);
                    self.watch.record(&sample);
                }
                _ = frames.tick() => {
                    self.show(number, of)?;
                    let silent = self.watch.silent();
                    if began.elapsed() >= lasts && silent == 0 {
                        return Ok(());
                    }
                    if began.elapsed() >= lasts + PATIENCE {
                        let (users, seconds) = (self.watch.users.len(), (lasts + PATIENCE).as_secs());
                        return Err(DemoError::Silent { silent, users, seconds });
                    }
                }
            }
        }
    }

    /// Keeps one question of many for the last line of the view.
    fn note(&mut self, sample: &Sample) {
        if self.remarked.is_some_and(|at| at.elapsed() < REMARK_STAYS) {
            return;
        }
        let question = &self.questions[sample.question];
        let answer = match &sample.seen {
            Ok(reply) => format!("“{}”  ({})", reply.first.as_deref().unwrap_or("nothing found"), reply.variant.name()),
            Err(error) => error.clone(),
        };
        self.remark = format!("“{}”  →  {answer}", question.text);
        self.remarked = Some(Instant::now());
    }

    fn show(&mut self, number: usize, of: usize) -> Result<(), DemoError> {
        let now = self.watch.now(Instant::now());
        let Some(act) = self.watch.acts.last() else { return Ok(()) };
        self.screen.show(&Picture {
            elapsed: self.started.elapsed(),
            number,
            of,
            act,
            ramp: &RAMP,
            users: &self.watch.users,
            now,
            rescued: self.watch.rescued(),
            saw_error: self.watch.saw_error(),
            flipped_back: self.watch.flipped_back(),
            remark: &self.remark,
        })
    }
}

/// One act in one line, when it is over.
fn told(act: &Act) -> Line<'static> {
    let [stable, candidate] = act.users;
    let rescued = act.tallies[Variant::Candidate as usize].rescued;
    let mut text = format!("{}: {candidate} of {} users", act.title, stable + candidate);
    if rescued > 0 {
        text += &format!("; answered by stable instead: {rescued}, errors that reached a user: {}", act.seen_errors);
    }
    let fine = act.share_is_fair() && act.seen_errors == 0;
    let mark = if fine { "✓ ".green() } else { "✗ ".red() };
    Line::from(vec![mark, format!("{:>3} %  ", act.weight).dark_gray(), text.into()])
}
