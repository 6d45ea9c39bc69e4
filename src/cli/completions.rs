//! Completion in a shell: `pointsman completions` prints what a shell needs to ask this program, and [`asked`] answers when
//! the shell does. Commands and flags come from the command line itself, names and ids from the Pointsman that runs.

use std::path::Path;
use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_complete::env::{CompleteEnv, Shells};

use super::{Cli, complain, say};

/// By this a shell says that it asks.
const VARIABLE: &str = "COMPLETE";

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs) -> ExitCode {
    let (name, shells) = (args.shell.to_string(), Shells::builtins());
    let Some(shell) = shells.completer(&name) else { return complain(format_args!("{name} cannot be served")) };
    // Not straight to standard output: a reader that goes away is no fault.
    let mut script = Vec::new();
    match shell.write_registration(VARIABLE, "pointsman", "pointsman", &this_program(), &mut script) {
        Ok(()) => say(format_args!("{}", String::from_utf8_lossy(&script).trim_end())),
        Err(error) => complain(format_args!("the completions cannot be written: {error}")),
    }
}

/// As it was called, so that an update is found; a path that is relative would be found from one folder only.
fn this_program() -> String {
    let called = std::env::args_os().next().unwrap_or_default();
    let path = Path::new(&called);
    let whole = if path.components().count() > 1 { std::path::absolute(path).ok() } else { None };
    whole.as_deref().unwrap_or(path).to_string_lossy().into_owned()
}

/// Answers a shell; none where it is not a shell that runs this program.
#[must_use]
pub fn asked() -> Option<ExitCode> {
    let folder = std::env::current_dir().ok();
    match CompleteEnv::with_factory(Cli::command).var(VARIABLE).try_complete(std::env::args_os(), folder.as_deref()) {
        Ok(false) => None,
        Ok(true) => Some(ExitCode::SUCCESS),
        // In the middle of a command line there is no place for words.
        Err(_) => Some(ExitCode::FAILURE),
    }
}
