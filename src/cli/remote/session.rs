//! The flags that all commands of this room share, and what comes of them.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::api::Answer;
use super::failure::Failure;
use super::reference::{self, Kind};
use super::table::Style;
use super::{AdminArgs, Api, Outcome};
use crate::cli::complain;
use crate::cli::output::{Output, OutputArgs};
use crate::config::Secret;
use ratatui_crossterm::crossterm;

#[derive(Debug, Args)]
pub(in crate::cli) struct RemoteArgs {
    #[command(flatten)]
    admin: AdminArgs,
    /// The bearer token that changes need where admin.token is set [default: that of the configuration, unless --admin is given]
    #[arg(long, global = true, env = "POINTSMAN_ADMIN_TOKEN", hide_env_values = true, value_parser = secret)]
    token: Option<Secret>,
    /// Who asks, for the audit log [default: the user who runs the command]
    #[arg(long, global = true, value_name = "NAME")]
    actor: Option<String>,
    /// Why, for the audit log
    #[arg(long, global = true, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

/// What a command works with.
#[derive(Debug)]
pub(in crate::cli) struct Session {
    pub(super) api: Api,
    pub(super) output: Output,
}

impl RemoteArgs {
    pub(super) fn session(&self) -> Result<Session, Failure> {
        let address = self.admin.address()?;
        let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
        let api = Api::new(&address.url)?.with_author(self.actor.as_ref().or(user.as_ref()), self.reason.as_ref())?;
        let api = match self.token.as_ref().or(address.token.as_ref()) {
            Some(token) => api.with_token(token)?,
            None => api,
        };
        Ok(Session { api, output: self.output.chosen() })
    }

    /// In words on standard error; to those who want JSON or YAML the problem document too.
    pub(super) fn told(&self, failure: &Failure) -> ExitCode {
        let output = self.output.chosen();
        if let Failure::Refused(refusal) = failure
            && !output.is_for_people()
        {
            output.print(&refusal.text, &refusal.problem, |_| String::new());
        }
        failure.told()
    }
}

impl Session {
    /// Prints an answer, which is the end of most commands.
    pub(super) fn show(&self, answer: &Answer, words: impl FnOnce(&Value, Style) -> String) -> Outcome {
        Ok(self.output.print(&answer.text, &answer.json, |json| words(json, self.style())))
    }

    /// Whether words are wanted.
    pub(super) fn is_for_people(&self) -> bool {
        self.output.is_for_people()
    }

    /// The id that the argument of a command stands for.
    pub(super) async fn id(&self, kind: &Kind, said: &str) -> Result<String, Failure> {
        reference::resolve(&self.api, kind, said).await
    }

    pub(super) fn style(&self) -> Style {
        style()
    }
}

/// Colours are for people who look, and want them (<https://no-color.org>).
pub(in crate::cli) fn style() -> Style {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let watched = std::io::stdout().is_terminal();
    Style { colours: watched && !unwanted, now: jiff::Timestamp::now().as_millisecond(), width: width(watched) }
}

/// Into a pipe names are written whole, unless `COLUMNS` says how much room there is.
fn width(watched: bool) -> usize {
    let terminal = || crossterm::terminal::size().ok().map(|(columns, _)| usize::from(columns));
    let said = || std::env::var("COLUMNS").ok()?.parse().ok();
    let width = if watched { terminal().or_else(said) } else { said() };
    width.filter(|columns| *columns > 0).unwrap_or(usize::MAX)
}

/// How often in a row somebody who follows along is not heard before giving up: long enough for a restart.
const MISSES: u32 = 60;

/// What a command that follows along makes of Pointsman being away for a while.
#[derive(Debug, Default)]
pub(super) struct Patience {
    missed: u32,
}

impl Patience {
    /// The answer; none if there was none but the next attempt may have one.
    pub(super) fn hear<T>(&mut self, heard: Result<T, Failure>) -> Result<Option<T>, Failure> {
        match heard {
            Err(failure @ Failure::Unreachable { .. }) if self.missed < MISSES => {
                if self.missed == 0 {
                    complain(format_args!("{failure}; still trying"));
                }
                self.missed += 1;
                Ok(None)
            }
            heard => {
                self.missed = 0;
                heard.map(Some)
            }
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the signature clap asks for")]
pub(in crate::cli) fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}
