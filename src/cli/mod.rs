//! The commands. `main` parses and calls [`Cli::run`]; each command has a file of its own.

mod check;
mod completions;
mod explain;
mod healthcheck;
mod interrupt;
mod output;
mod preflight;
mod progress;
mod remote;
mod replay;
mod serve;
mod serve_args;
mod store;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Fault, Loaded, Purpose};

pub use check::CheckArgs;
pub use completions::asked as asked_by_a_shell;
pub use explain::ExplainArgs;
pub use healthcheck::HealthcheckArgs;
pub use serve_args::ServeArgs;

/// A routing reverse proxy in front of Qdrant: split, switch and test collections under live traffic.
#[derive(Debug, Parser)]
#[command(name = "pointsman", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve: the proxy, its control plane and the admin API
    #[command(after_help = "Example:\n  pointsman serve --config config/pointsman.yaml")]
    Serve(ServeArgs),
    /// Say what is wrong with the configuration, without starting anything
    #[command(after_help = "Example:\n  pointsman check --config config/pointsman.yaml --print")]
    Check(CheckArgs),
    /// Say where a request would go, and why
    #[command(after_help = "Example:\n  pointsman explain docs --unit user-42")]
    Explain(ExplainArgs),
    /// Show how a running Pointsman is and what is going on
    #[command(after_help = "Example:\n  pointsman status")]
    Status(remote::StatusArgs),
    /// Show what has happened, or follow it
    #[command(after_help = "Example:\n  pointsman events --follow --subject docs")]
    Events(remote::EventsArgs),
    /// Show who changed what, and why
    #[command(after_help = "Example:\n  pointsman audit --subject docs --limit 20")]
    Audit(remote::AuditArgs),
    /// Show Qdrant's aliases, or move them
    #[command(after_help = "Example:\n  pointsman alias switch docs docs_v2")]
    Alias(remote::AliasArgs),
    /// Split an alias between collections
    #[command(after_help = "Example:\n  pointsman route set docs stable=90 new=10:docs_v2")]
    Route(remote::RouteArgs),
    /// Move an alias to another collection in stages
    #[command(after_help = "Example:\n  pointsman canary create docs docs_v2 --watch")]
    Canary(remote::CanaryArgs),
    /// Build a new collection and give it an alias
    #[command(after_help = "Example:\n  pointsman deployment create docs collection:docs_v1 --watch")]
    Deployment(remote::DeploymentArgs),
    /// Compare collections on an alias's own users
    #[command(after_help = "Example:\n  pointsman experiment create ranking docs docs_v2 --metric click=binary")]
    Experiment(remote::ExperimentArgs),
    /// Mirror an alias's reads to another collection and compare the answers
    #[command(after_help = "Example:\n  pointsman shadow create docs docs_v2 --watch")]
    Shadow(remote::ShadowArgs),
    /// Record what users ask of an alias, for `replay`
    #[command(after_help = "Example:\n  pointsman capture docs --file golden.jsonl --count 1000 --for 10m")]
    Capture(remote::CaptureArgs),
    /// Ask two collections what was recorded, and compare the answers
    #[command(after_help = "Example:\n  pointsman replay golden.jsonl docs_v1 docs_v2 --minimum-overlap 0.9")]
    Replay(replay::ReplayArgs),
    /// Delete unused collections
    #[command(after_help = "Example:\n  pointsman retire create docs_v1 --grace 24h")]
    Retire(remote::RetireArgs),
    /// Put every alias on stable, at once
    #[command(after_help = "Example:\n  pointsman kill-switch on --reason 'search is slow'")]
    KillSwitch(remote::KillSwitchArgs),
    /// Show the collections and who uses them
    #[command(after_help = "Example:\n  pointsman collections")]
    Collections(remote::CollectionsArgs),
    /// Ask a running Pointsman whether it is ready; for container health checks
    #[command(after_help = "Example:\n  pointsman healthcheck")]
    Healthcheck(HealthcheckArgs),
    /// Export or import everything that lasts
    #[command(after_help = "Example:\n  pointsman store export --out backup.json")]
    Store(store::StoreArgs),
    /// Print the completions for a shell
    #[command(after_help = "Example:\n  pointsman completions bash")]
    Completions(completions::CompletionsArgs),
    /// Print the version
    #[command(after_help = "Example:\n  pointsman version")]
    Version(output::OutputArgs),
}

impl Cli {
    /// Runs the command to its end.
    #[must_use]
    pub fn run(&self) -> ExitCode {
        match &self.command {
            Command::Serve(args) => serve::run(args),
            Command::Check(args) => check::run(args),
            Command::Explain(args) => explain::run(args),
            Command::Status(args) => remote::run(args),
            Command::Events(args) => remote::run(args),
            Command::Audit(args) => remote::run(args),
            Command::Alias(args) => remote::run(args),
            Command::Route(args) => remote::run(args),
            Command::Canary(args) => remote::run(args),
            Command::Deployment(args) => remote::run(args),
            Command::Experiment(args) => remote::run(args),
            Command::Shadow(args) => remote::run(args),
            Command::Capture(args) => remote::run(args),
            Command::Replay(args) => replay::run(args),
            Command::Retire(args) => remote::run(args),
            Command::KillSwitch(args) => remote::run(args),
            Command::Collections(args) => remote::run(args),
            Command::Healthcheck(args) => healthcheck::run(args),
            Command::Store(args) => store::run(args),
            Command::Completions(args) => completions::run(args),
            Command::Version(output) => {
                let version = serde_json::json!({"version": env!("CARGO_PKG_VERSION")});
                output.chosen().print(&version.to_string(), &version, |_| format!("pointsman {}", env!("CARGO_PKG_VERSION")))
            }
        }
    }
}

/// Prints a command's answer. A reader that went away (`pointsman … | head -1`) is not an error worth words.
fn say(answer: std::fmt::Arguments<'_>) -> ExitCode {
    match writeln!(std::io::stdout(), "{answer}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Prints why a command failed.
fn complain(reason: std::fmt::Arguments<'_>) -> ExitCode {
    // Standard error is the last place to say anything; when it is gone the exit code has to do.
    let _ = writeln!(std::io::stderr(), "{reason}");
    ExitCode::FAILURE
}

/// Tells something of a command that goes on.
fn warn(warning: &str) {
    // As above: a reader that went away is not an error worth words.
    let _ = writeln!(std::io::stderr(), "warning: {warning}");
}

/// The configuration that these arguments lead to; faults are printed.
fn configuration(purpose: Purpose, args: &ServeArgs) -> Result<Loaded, ExitCode> {
    Config::load_for(purpose, &args.source()).map_err(|faults| complain(format_args!("{}", listed(&faults))))
}

fn listed(faults: &[Fault]) -> String {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let count = if lines.len() == 1 { "1 fault".to_owned() } else { format!("{} faults", lines.len()) };
    format!("{}\nthe configuration has {count}", lines.join("\n"))
}

#[cfg(test)]
mod tests;
