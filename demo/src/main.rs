//! `pointsman-demo`: two canaries under live traffic, one that rolls itself back and one that completes.
//!
//! It starts the sandbox and Pointsman and then is nothing but a client: it knows them by their HTTP ports alone, as any
//! operator and any application would.

mod acts;
mod args;
mod canary;
mod collections;
mod corpus;
mod counts;
mod error;
mod frame;
mod guard;
mod house;
mod http;
mod play;
mod processes;
mod quiet;
mod record;
mod screen;
mod signals;
mod story;
mod summary;
mod svg;
mod text;
mod traffic;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use reqwest::Client;

use self::args::{Cli, DemoArgs, Hidden};
use self::error::DemoError;
use self::house::House;
use self::play::{Play, Times};
use self::record::Recorder;
use self::screen::Screen;
use self::signals::Ending;
use self::traffic::{Crowd, Traffic};

/// Searches a second. More of them make the guards sure sooner.
const USUAL_RATE: u32 = 300;
const FAST_RATE: u32 = 400;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Some(Hidden::Guard(args)) => {
            guard::become_program(args).map(|never| match never {}).map_err(DemoError::io(format!("starting {}", args.program.display())))
        }
        None => demo(&cli.demo),
    };
    done.unwrap_or_else(|error| {
        // Standard error is the last place to say anything; when it is gone the exit code has to do.
        let _ = writeln!(std::io::stderr(), "the demo could not be played: {error}");
        ExitCode::FAILURE
    })
}

/// One thread is enough for a client, and its end is the end of the children: see `guard`.
fn demo(args: &DemoArgs) -> Result<ExitCode, DemoError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(DemoError::io("setting up the demo"))?;
    runtime.block_on(run(args))
}

/// Exit code 0 if every promise was kept, 1 if one was broken, 128 and its number after a signal.
async fn run(args: &DemoArgs) -> Result<ExitCode, DemoError> {
    let mut ending = Ending::listen().map_err(DemoError::io("listening for signals"))?;
    let mut screen = Screen::new(args.record.as_deref().map(Recorder::new));
    let client = http::client()?;
    let articles = corpus::articles();
    screen.say(&format!("Starting: {} articles in three versions of a collection, Pointsman in front of them", articles.len()))?;
    let house = tokio::select! {
        house = House::start(args, &client, &articles) => house?,
        code = ending.asked() => return Ok(ExitCode::from(code)),
    };
    let mut ended = tokio::select! {
        biased;
        code = ending.asked() => {
            // The terminal may be gone; the children must end all the same.
            drop(screen);
            Ok(Ended { code, traffic: None })
        }
        ended = play(args, &house, &client, &mut screen) => ended,
    };
    if let Ok(Ended { traffic: Some(traffic), .. }) = &mut ended {
        tokio::select! {
            _ = ending.asked() => {}
            () = traffic.run_on() => {}
        }
    }
    let closed = house.close().await;
    let Ended { code, .. } = ended?;
    closed.map(|()| ExitCode::from(code))
}

/// How the play ended, and the users that search on where everything was left running.
struct Ended {
    code: u8,
    traffic: Option<Traffic>,
}

async fn play(args: &DemoArgs, house: &House, client: &Client, screen: &mut Screen) -> Result<Ended, DemoError> {
    for line in house.addresses() {
        screen.say(&line)?;
    }
    let seed = args.seed.unwrap_or_else(|| fastrand::u32(..));
    let users = usize::from(args.users);
    let rate = args.rate.unwrap_or(if args.fast { FAST_RATE } else { USUAL_RATE });
    screen.say(&format!("{users} users, {rate} searches a second (the same users again with --seed {seed})"))?;
    let crowd = Crowd { users, rate, seed, url: format!("http://{}", house.rest) };
    let questions = corpus::questions().into();
    let mut traffic = crowd.start(client, &questions);
    let times = if args.fast { Times::fast() } else { Times::usual() };
    let played = Play::new(house, &mut traffic, users, times, screen).all().await?;
    screen.close()?;
    let promises = summary::promises(&played);
    for line in summary::lines(&played, &promises) {
        screen.tell(&line)?;
    }
    let code = u8::from(promises.iter().any(|promise| !promise.kept));
    let (then, traffic) = match args.keep {
        true => (summary::invitation(house), Some(crowd.start(client, &questions))),
        false => (summary::next(), None),
    };
    for line in then {
        screen.say(&line)?;
    }
    Ok(Ended { code, traffic })
}
