//! The guard of a child process: a program that ends when the demo ends, even when the demo is killed.
//!
//! `processes` starts this executable again with the hidden command `guard`. The guard asks the kernel to kill it when its
//! parent dies and then becomes the program, which keeps that wish. The detour needs no code between fork and exec.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

/// The program to become, and the process whose end is its end.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct GuardArgs {
    #[arg(long, value_name = "PID")]
    pub(crate) parent: u32,
    #[arg(value_name = "PROGRAM")]
    pub(crate) program: PathBuf,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<OsString>,
}

/// Becomes the program; returns only if that failed.
pub(crate) fn become_program(args: &GuardArgs) -> io::Result<Infallible> {
    #[cfg(target_os = "linux")]
    die_with(args.parent)?;
    Err(Command::new(&args.program).args(&args.arguments).exec())
}

#[cfg(target_os = "linux")]
fn die_with(parent: u32) -> io::Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};

    set_parent_process_death_signal(Some(Signal::KILL))?;
    // A parent that died before the line above sends no signal any more.
    let present = getppid().map(|pid| pid.as_raw_nonzero().get());
    if present.and_then(|pid| u32::try_from(pid).ok()) == Some(parent) {
        return Ok(());
    }
    Err(io::Error::other("the demo that started this process has ended"))
}
