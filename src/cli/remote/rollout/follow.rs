//! Follows a rollout to its end: drawn in place on a terminal, a line for each transition elsewhere.

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::super::Outcome;
use super::super::at;
use super::super::live::{Act, Keyboard, Look, Screen, View, is_there};
use super::super::session::Session;
use super::super::table::harmless;
use super::looks::Looks;
use super::{News, Rollouts};
use crate::cli::interrupt::interrupted;
use crate::cli::{complain, say};

/// What a shell says of a command that Ctrl-C has ended.
const LEFT: u8 = 130;
/// Soon enough for a finger.
const KEYS_EVERY: Duration = Duration::from_millis(50);
/// A command that is not answered by then is not waited for: the view must take keys again.
const PATIENCE: Duration = Duration::from_secs(10);

impl<N: News> Rollouts<N> {
    /// To its end. Success only if it has reached its goal.
    pub(in super::super) async fn follow(&self, session: &Session, said: &str) -> Outcome {
        let id = session.id(self.kind, said).await?;
        if session.is_for_people()
            && is_there()
            && let Ok(screen) = Screen::open(session.style().colours)
        {
            return self.draw(session, &id, screen).await;
        }
        self.tell(session, &id).await
    }

    /// As JSON or YAML it is told whole, whenever it has changed.
    async fn tell(&self, session: &Session, id: &str) -> Outcome {
        let (mut news, mut told) = ((self.news)(), String::new());
        let mut looks = Looks::at(session, self.kind.resource, id, self.beside);
        let mut leaving = pin!(interrupted());
        loop {
            let answer = tokio::select! {
                answer = looks.next() => answer?,
                () = &mut leaving => return Ok(self.left(id)),
            };
            let Some(answer) = answer else { continue };
            let fresh = match session.is_for_people() {
                true => news.lines(&answer.json).iter().all(|line| say(format_args!("{}", harmless(line))) == ExitCode::SUCCESS),
                false if answer.text == told => true,
                false => session.output.print_one_of_many(&answer.text, &answer.json) == ExitCode::SUCCESS,
            };
            if !fresh {
                return Ok(ExitCode::FAILURE);
            }
            if self.kind.is_over(&answer.json) {
                return Ok(self.ended(&answer.json));
            }
            told = answer.text;
        }
    }

    async fn draw(&self, session: &Session, id: &str, screen: Screen) -> Outcome {
        let mut looks = Looks::at(session, self.kind.resource, id, self.beside);
        let mut leaving = pin!(interrupted());
        let mut ticks = tokio::time::interval(KEYS_EVERY);
        let mut seen = Seen { screen, rollout: Value::Null, notice: String::new(), keyboard: Keyboard::default(), view: self.view };
        let mut look = pin!(one(&mut looks));
        loop {
            let act = tokio::select! {
                looked = &mut look => {
                    let (looks, answer) = looked;
                    if let Some(answer) = answer? {
                        seen.rollout = answer.json;
                    }
                    look.set(one(looks));
                    Act::Redraw
                }
                _ = ticks.tick() => seen.pressed(),
                () = &mut leaving => Act::Leave,
            };
            match act {
                Act::Nothing => continue,
                Act::Redraw => {}
                Act::Command(word) => seen.notice = self.pressed(session, id, word).await,
                Act::Leave => {
                    seen.close();
                    return Ok(self.left(id));
                }
            }
            if self.kind.is_over(&seen.rollout) {
                let ended = self.ended(&seen.rollout);
                seen.close();
                return Ok(ended);
            }
            seen.draw();
        }
    }

    /// What came of a key.
    async fn pressed(&self, session: &Session, id: &str, word: &str) -> String {
        let path = at(&["v1", self.kind.resource, id, word]);
        let body = json!({});
        let asked = session.api.change(Method::POST, &path, Some(&body));
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(_)) => format!("{word}: done"),
            Ok(Err(failure)) => format!("{word}: {failure}").lines().map(harmless).collect::<Vec<_>>().join("\n"),
            Err(_) => format!("{word}: not answered within {} s", PATIENCE.as_secs()),
        }
    }

    fn ended(&self, rollout: &Value) -> ExitCode {
        if rollout["state"] == self.goal { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn left(&self, id: &str) -> ExitCode {
        let command = self.kind.word();
        complain(format_args!("{id} is still running; watch it again with:\n  pointsman {command} show {id} --watch"));
        ExitCode::from(LEFT)
    }
}

/// Gives the looks back with the answer, so that the next can be begun.
async fn one<'l, 's>(looks: &'l mut Looks<'s>) -> (&'l mut Looks<'s>, Result<Option<super::super::api::Answer>, super::super::Failure>) {
    let answer = looks.next().await;
    (looks, answer)
}

/// What stands on the screen.
struct Seen {
    screen: Screen,
    rollout: Value,
    notice: String,
    keyboard: Keyboard,
    view: fn(&Value, Look) -> View,
}

impl Seen {
    fn shown(&self) -> View {
        if self.rollout.is_null() {
            return View::default();
        }
        (self.view)(&self.rollout, Look { now: jiff::Timestamp::now().as_millisecond(), width: self.screen.width() })
    }

    fn pressed(&mut self) -> Act {
        // A terminal that has gone away presses nothing: its signal ends the command.
        let Ok(pressed) = self.screen.pressed() else { return Act::Leave };
        if pressed.is_empty() {
            return Act::Nothing;
        }
        let keys = self.shown().keys;
        let mut acts = pressed.into_iter().map(|key| self.keyboard.press(key, &keys));
        acts.find(|act| !matches!(act, Act::Nothing)).unwrap_or(Act::Nothing)
    }

    /// A frame that cannot be drawn is followed by one that can, or by the end of the terminal.
    fn draw(&mut self) {
        let view = self.shown();
        let _ = self.screen.draw(&view, &self.notice, Some(self.keyboard));
    }

    /// The last frame stays, without the keys.
    fn close(mut self) {
        let view = self.shown();
        let _ = self.screen.draw(&view, &self.notice, None);
        let _ = self.screen.close();
    }
}
