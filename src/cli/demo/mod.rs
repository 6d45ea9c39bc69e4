//! `pointsman demo`: a play in seven acts about moving users to a new version of a collection.
//!
//! Called by `main` through the command table. It starts the sandbox (or borrows a Qdrant), puts Pointsman in front of
//! it and then is nothing but a client: it knows the rest of this program only by its HTTP ports, as any operator would.

mod collections;
mod corpus;
mod error;
mod house;
mod http;
mod picture;
mod processes;
mod route;
mod sampling;
mod screen;
mod script;
mod summary;
mod traffic;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use ratatui_core::style::Stylize;
use ratatui_core::text::Line;
use reqwest::Client;

use self::collections::{ALIAS, MODEL, VECTOR};
use self::corpus::{Article, Question};
use self::house::House;
use self::route::Route;
use self::screen::Screen;
use self::script::{Play, Played};
use self::traffic::Crowd;
use self::watch::Watch;

pub(super) use self::error::DemoError;

use super::interrupt::interrupted;

/// What the shell makes of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;
const FAST_PACE: f64 = 0.1;
const FAST_USERS: u16 = 150;

/// Play a staged rollout on this machine: a sandbox, two versions of a collection, some hundred users
#[derive(Clone, Debug, clap::Args)]
pub(super) struct DemoArgs {
    /// Use this Qdrant instead of the sandbox (nothing is made to fail then)
    #[arg(long, value_name = "URL", requires = "qdrant_grpc_url")]
    pub qdrant_url: Option<String>,
    /// The gRPC address of that Qdrant
    #[arg(long, value_name = "URL", requires = "qdrant_url")]
    pub qdrant_grpc_url: Option<String>,
    /// The sandbox's executable, if it is not beside this one
    #[arg(long, value_name = "PATH", conflicts_with = "qdrant_url")]
    pub sandbox: Option<PathBuf>,
    /// How many users ask questions
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u16).range(20..=5_000))]
    pub users: u16,
    /// Questions a second, by all users together
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(10..=2_000))]
    pub rate: u32,
    /// Repeats the users of an earlier run; drawn by lot if not given
    #[arg(long, value_name = "N")]
    pub seed: Option<u32>,
    /// Play it in seconds rather than in a minute, with fewer users
    #[arg(long)]
    pub fast: bool,
    /// Leave everything running at the end, and say where
    #[arg(long)]
    pub keep: bool,
}

/// Plays the demo. Fails the exit code if a promise was broken: a user saw an error or was moved back, or a share was
/// further off than chance allows.
///
/// # Errors
/// When the demo could not be played: a process did not start, or an API refused what was asked of it.
pub(super) async fn run(args: DemoArgs) -> Result<ExitCode, DemoError> {
    let mut screen = Screen::new();
    let client = http::client()?;
    let articles = corpus::articles();
    screen.say(format!("Starting: {} articles in two versions, then Pointsman in front of them", articles.len()))?;
    let mut house = tokio::select! {
        house = House::find(&args, &client) => house?,
        () = interrupted() => return Ok(ExitCode::from(INTERRUPTED)),
    };
    // With `--keep` the play itself waits for Ctrl-C, and then its verdict counts.
    let done = tokio::select! {
        biased;
        done = furnish_and_play(&args, &mut house, &articles, &client, &mut screen) => done,
        () = interrupted() => Ok(ExitCode::from(INTERRUPTED)),
    };
    let closed = screen.close();
    let done = done.and_then(|code| closed.map(|()| code));
    match (done, house.close().await) {
        (Err(error), Err(left)) => Err(DemoError::LeftBehind { error: Box::new(error), left: Box::new(left) }),
        (done, closed) => closed.and(done),
    }
}

async fn furnish_and_play(
    args: &DemoArgs,
    house: &mut House,
    articles: &[Article],
    client: &Client,
    screen: &mut Screen,
) -> Result<ExitCode, DemoError> {
    let began = Instant::now();
    house.furnish(articles).await?;
    screen.say(format!(
        "Ready after {:.1} s: http://{} in front of {}",
        began.elapsed().as_secs_f64(),
        house.rest,
        house.upstream_url()
    ))?;
    if !house.can_fail() {
        screen.say("The acts in which the new version fails are left out: only a sandbox can be told to fail")?;
    }
    let questions = corpus::questions(articles).into();
    play(args, house, client, &questions, screen).await
}

async fn play(
    args: &DemoArgs,
    house: &House,
    client: &Client,
    questions: &Arc<[Question]>,
    screen: &mut Screen,
) -> Result<ExitCode, DemoError> {
    let seed = args.seed.unwrap_or_else(|| fastrand::u32(..));
    let users = usize::from(if args.fast { args.users.min(FAST_USERS) } else { args.users });
    let crowd = Crowd { users, rate: args.rate, seed, url: format!("http://{}", house.rest) };
    screen.say(format!("{users} users, {} questions a second (the same users again with --seed {seed})", args.rate))?;
    // The route comes first: an answer of an alias without one names no variant.
    let route = Route::create(&house.admin).await?;
    let traffic = crowd.set_off(client, questions);
    let pace = if args.fast { FAST_PACE } else { 1.0 };
    let play = Play::new(house, route, traffic, Arc::clone(questions), Watch::new(users), pace, screen);
    let Played { watch, route, ill } = play.all().await?;
    screen.close()?;
    for line in summary::table(&watch) {
        screen.say(line)?;
    }
    let promises = summary::promises(&watch, ill);
    for promise in &promises {
        screen.say(promise.line())?;
    }
    for error in &watch.errors {
        screen.say(Line::from(format!("  a user saw: {error}")).red())?;
    }
    if args.keep {
        for line in invitation(house, &route) {
            screen.say(line)?;
        }
        interrupted().await;
    }
    let kept = promises.iter().all(|promise| promise.kept);
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What to try on what was left running.
fn invitation(house: &House, route: &Route<'_>) -> Vec<Line<'static>> {
    let (rest, grpc, admin, qdrant) = (house.rest, house.grpc, house.admin.base(), house.upstream_url());
    let query = serde_json::json!({
        "query": { "text": "why is the sky blue", "model": MODEL }, "using": VECTOR, "limit": 3, "with_payload": ["title"],
    });
    let lines = [
        String::new(),
        "Left running until Ctrl-C:".to_owned(),
        format!("  Pointsman  REST http://{rest}   gRPC http://{grpc}   admin {admin}"),
        format!("  Qdrant     REST {qdrant}"),
        String::new(),
        "Ask as a user, and see in the headers which version answered:".to_owned(),
        format!(
            "  curl -si http://{rest}/collections/{ALIAS}/points/query -H 'x-user-id: ada' -H 'content-type: application/json' -d '{query}'"
        ),
        "Take three quarters of the users back (the ETag says which version of the route you mean):".to_owned(),
        format!(
            "  curl -s -X PATCH {admin}/v1/routes/{ALIAS}/weights -H 'if-match: {}' -H 'content-type: application/json' -d '{{\"weights\":{{\"stable\":75,\"candidate\":25}}}}'",
            route.etag()
        ),
        "See where a user belongs, and why:".to_owned(),
        format!("  curl -s '{admin}/v1/aliases/{ALIAS}/decision?unit=ada'"),
        String::new(),
    ];
    lines.map(Line::from).into()
}
