//! Parses the command line and runs the command.

use std::process::ExitCode;

use clap::Parser;
use pointsman::cli::Cli;

/// The system's allocator would be a seventh of the CPU a request costs.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    Cli::parse().run()
}
