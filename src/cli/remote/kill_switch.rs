//! `pointsman kill-switch`: every alias on stable, at once.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::fields::words;
use super::moment::ago;
use super::session::{RemoteArgs, Session};
use super::table::{Cell, Style, Table};
use super::{Ask, Outcome};

const PATH: &str = "/v1/kill-switch";

#[derive(Debug, Args)]
pub(in crate::cli) struct KillSwitchArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Put every alias on stable, whatever routes and canaries say
    #[command(after_help = "Example:\n  pointsman kill-switch on --reason 'search is slow'")]
    On,
    /// Let routes work again; each canary waits to be resumed
    #[command(after_help = "Example:\n  pointsman kill-switch off")]
    Off,
    /// Whether it is on, since when, and why
    #[command(after_help = "Example:\n  pointsman kill-switch status")]
    Status,
}

impl Ask for KillSwitchArgs {
    fn remote(&self) -> &RemoteArgs {
        &self.remote
    }

    async fn ask(&self, session: &Session) -> Outcome {
        let answer = match self.action {
            Action::On => session.api.change(Method::PUT, PATH, Some(&json!({"on": true}))).await?,
            Action::Off => session.api.change(Method::PUT, PATH, Some(&json!({"on": false}))).await?,
            Action::Status => session.api.get(PATH, &[]).await?,
        };
        session.show(&answer, |switch, style| {
            let mut facts = Table::facts();
            facts.fact("kill switch", state(switch));
            for (name, value) in [("by", &switch["actor"]), ("reason", &switch["reason"])] {
                facts.fact(name, Cell::of(value));
            }
            facts.fact("since", Cell::text(ago(&switch["since"], style.now)));
            facts.render(style)
        })
    }
}

fn state(switch: &Value) -> Cell {
    Cell::state(if switch["on"] == true { "on" } else { "off" })
}

/// For the page of `status`.
pub(super) fn in_short(switch: &Value, style: Style) -> Cell {
    if switch["on"] != true {
        return state(switch);
    }
    let [actor, reason] = ["actor", "reason"].map(|field| words(&switch[field]));
    Cell::state(format!("on, {}, by {actor}: {reason}", ago(&switch["since"], style.now)))
}
