//! Parses the command line and runs the command, or completes it for a shell.

use std::process::ExitCode;

use clap::Parser;
use pointsman::cli::{Cli, asked_by_a_shell};

/// The system's allocator would be a seventh of the CPU a request costs.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    asked_by_a_shell().unwrap_or_else(|| Cli::parse().run())
}
