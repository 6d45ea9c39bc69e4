//! The command line of the demo. Read by `main`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::guard::GuardArgs;

/// Show two canaries under live traffic: one fails and rolls itself back, one completes.
///
/// Starts `pointsman-sandbox` and `pointsman`, which must lie beside this program, on free ports of this machine. Exit code 0: every promise
/// was kept. 1: a user saw an error or flipped, or a canary did not end as it should.
#[derive(Debug, Parser)]
#[command(name = "pointsman-demo", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Hidden>,
    #[command(flatten)]
    pub(crate) demo: DemoArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Hidden {
    /// Become a program that ends with its parent
    #[command(hide = true)]
    Guard(GuardArgs),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct DemoArgs {
    /// Play it in about 20 seconds
    #[arg(long)]
    pub(crate) fast: bool,
    /// Leave everything running at the end, users too, and print commands to try
    #[arg(long)]
    pub(crate) keep: bool,
    /// How many users search; the guards need a thousand to be sure within seconds
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(1_000..=5_000))]
    pub(crate) users: u16,
    /// Searches a second, by all users together; 300, or 400 with --fast
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=2_000))]
    pub(crate) rate: Option<u32>,
    /// Repeats the users of an earlier run; drawn at random if not given
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    /// Write what the screen shows to this file, as an animated SVG picture
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// The executable of Pointsman, if it is not beside this one
    #[arg(long, value_name = "PATH")]
    pub(crate) pointsman: Option<PathBuf>,
    /// The executable of the sandbox, if it is not beside this one
    #[arg(long, value_name = "PATH")]
    pub(crate) sandbox: Option<PathBuf>,
}
