//! `pointsman check`: every fault of the configuration, with its key, its reason and its place; with `--connect` also whether
//! everything that the configuration names can be reached.

mod connect;
mod report;

use std::process::ExitCode;

use clap::Args;

use self::report::Report;
use super::output::OutputArgs;
use super::{ServeArgs, preflight};
use crate::config::{Period, unsaid};

/// Takes the flags of `serve`, so that it judges exactly what `serve` would run.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    source: ServeArgs,
    /// Print the configuration in force, with defaults filled in and keys masked
    #[arg(long)]
    print: bool,
    /// Try everything once that the configuration names: Qdrant, certificates, the store, services, webhooks, the ports
    #[arg(long)]
    connect: bool,
    /// How long each of these may take
    #[arg(long, value_name = "TIME", default_value = "5s", requires = "connect")]
    timeout: Period,
    #[command(flatten)]
    output: OutputArgs,
}

impl CheckArgs {
    #[cfg(test)]
    pub(super) fn source(&self) -> &ServeArgs {
        &self.source
    }
}

pub(super) fn run(args: &CheckArgs) -> ExitCode {
    let mut report = Report::default();
    match preflight::load(&args.source) {
        Err(faults) => report.faults = faults,
        Ok(loaded) => {
            let config = &loaded.config;
            report.warnings = preflight::warnings(config);
            report.warnings.extend(unsaid(config, &config.routes.iter()));
            if args.connect {
                report.connections = Some(connect::run(config, args.timeout.get()));
            }
            report.configuration = args.print.then_some(loaded.config);
        }
    }
    report.show(args.output.chosen())
}
