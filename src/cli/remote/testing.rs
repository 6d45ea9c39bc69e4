//! What the tests of this room share.

use clap::{Args, CommandFactory, FromArgMatches};

use super::table::Style;

pub(super) const PLAIN: Style = Style { colours: false, now: 1_795_262_460_000, width: usize::MAX };

#[derive(clap::Parser)]
struct Alone<A: Args> {
    #[command(flatten)]
    args: A,
}

/// Parses the flags of one command.
pub(in crate::cli) fn parse<A: Args>(line: &str) -> Result<A, clap::Error> {
    let matches = Alone::<A>::command().try_get_matches_from(std::iter::once("command").chain(line.split_whitespace()))?;
    Ok(Alone::<A>::from_arg_matches(&matches)?.args)
}

pub(in crate::cli) fn parsed<A: Args>(line: &str) -> A {
    parse(line).unwrap_or_else(|error| panic!("{error}"))
}
