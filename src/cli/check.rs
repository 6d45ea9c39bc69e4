//! `pointsman check`: every fault of the configuration, with its key, its reason and its place.

use std::process::ExitCode;

use clap::Args;

use super::{ServeArgs, complain, configuration, say, warn};
use crate::config::{Purpose, unsaid};

/// Takes the flags of `serve`, so that it judges exactly what `serve` would run.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    source: ServeArgs,
    /// Print the configuration in force, with defaults filled in and keys masked
    #[arg(long)]
    print: bool,
}

impl CheckArgs {
    pub(super) fn source(&self) -> &ServeArgs {
        &self.source
    }
}

pub(super) fn run(args: &CheckArgs) -> ExitCode {
    let loaded = match configuration(Purpose::Serve, args.source()) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    for warning in unsaid(&loaded.config, &loaded.config.routes.iter()) {
        warn(&warning);
    }
    if !args.print {
        return say(format_args!("the configuration is valid"));
    }
    match serde_saphyr::to_string(&loaded.config) {
        Ok(yaml) => say(format_args!("{}", yaml.trim_end())),
        Err(error) => complain(format_args!("the configuration is valid but cannot be printed: {error}")),
    }
}
