//! `pointsman completions`: what a shell needs to complete these commands and their flags.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, say};

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs) -> ExitCode {
    // Not straight to standard output: the generator panics when its reader goes away.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "pointsman", &mut script);
    say(format_args!("{}", String::from_utf8_lossy(&script).trim_end()))
}
