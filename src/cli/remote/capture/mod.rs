//! `pointsman capture`: what users ask of an alias, recorded in a file that can be asked again.

mod file;

use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

use self::file::Recording;
use super::session::{RemoteArgs, Session};
use super::table::{Cell, Style, Table};
use super::{Ask, Outcome, complete};
use crate::cli::complain;
use crate::cli::interrupt::interrupted;
use crate::cli::progress::{Done, ProgressLine};
use crate::config::Period;
use crate::golden::{Ended, Entry, Progress};

const PATH: &str = "/v1/captures";
/// What Pointsman records where nothing else is said.
const USUAL_COUNT: u64 = 1000;
const USUAL_DURATION: Duration = Duration::from_secs(600);
/// A stream says something every second.
const SILENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(in crate::cli) struct CaptureArgs {
    /// The alias whose searches are recorded
    #[arg(add = complete::aliases())]
    alias: String,
    /// The file to write, readable by its owner only: it holds what users search for
    #[arg(long, short, value_name = "FILE")]
    file: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
    /// How much of the searches is drawn [default: 10]
    #[arg(long, value_name = "PERCENT")]
    percentage: Option<f64>,
    /// How many different ones are wanted [default: 1000]
    #[arg(long, value_name = "COUNT")]
    count: Option<u64>,
    /// When it ends all the same [default: 10m]
    #[arg(long = "for", value_name = "TIME")]
    max_duration: Option<Period>,
    #[command(flatten)]
    remote: RemoteArgs,
}

impl CaptureArgs {
    fn body(&self) -> Value {
        let mut body = json!({"alias": self.alias});
        let said = [
            ("percentage", self.percentage.map(|share| json!(share))),
            ("count", self.count.map(|count| json!(count))),
            ("max_duration", self.max_duration.map(|period| json!(period.to_string()))),
        ];
        for (field, value) in said {
            if let Some(value) = value {
                body[field] = value;
            }
        }
        body
    }
}

impl Ask for CaptureArgs {
    fn remote(&self) -> &RemoteArgs {
        &self.remote
    }

    async fn ask(&self, session: &Session) -> Outcome {
        // Before anything is begun that would have nowhere to go.
        file::check(&self.file, self.force)?;
        let mut stream = session.api.stream(Method::POST, PATH, &self.body()).await?;
        let mut recording = Recording::create(&self.file, self.force)?;
        let mut progress = Progress::default();
        let mut line_below = ProgressLine::begin();
        // One for all lines: a signal that comes between two is not missed.
        let mut leaving = pin!(interrupted());
        let ended = loop {
            let line = tokio::select! {
                line = stream.line(SILENCE) => line,
                () = &mut leaving => break Ended::Interrupted,
            };
            match line {
                Ok(Some(line)) => match Entry::parse(&line) {
                    Ok(Entry::Progress(said)) => {
                        progress = said;
                        line_below.show(self.done(&recording, &line_below));
                        if let Some(ended) = progress.ended {
                            break ended;
                        }
                    }
                    Ok(Entry::Header(_)) => recording.header(&line)?,
                    Ok(Entry::Query(_)) => {
                        recording.query(&line)?;
                        line_below.show(self.done(&recording, &line_below));
                    }
                    Err(why) => {
                        complain(format_args!("Pointsman sent a line that this version cannot read: {why}"));
                        break Ended::Lost;
                    }
                },
                Ok(None) => break Ended::Lost,
                Err(why) => {
                    complain(format_args!("{why}"));
                    break Ended::Lost;
                }
            }
        };
        let progress = Progress { recorded: recording.queries(), ended: Some(ended), ..progress };
        line_below.end();
        recording.finish(&progress)?;
        Ok(self.told(session, &progress, ended))
    }
}

impl CaptureArgs {
    /// It ends when there are enough questions or when the time is over.
    fn done(&self, recording: &Recording, line: &ProgressLine) -> Done {
        let whole = self.max_duration.map_or(USUAL_DURATION, Period::get);
        let at_most = Some(whole.saturating_sub(line.elapsed()));
        Done { done: recording.queries(), of: self.count.unwrap_or(USUAL_COUNT), what: "questions", at_most }
    }

    fn told(&self, session: &Session, progress: &Progress, ended: Ended) -> ExitCode {
        let file = self.file.display().to_string();
        let said = session.output.print(&progress.line(), &json!(progress), |_| words(&file, progress, ended, session.style()));
        // What came is kept; but it is not what was asked for.
        if ended == Ended::Lost { ExitCode::from(3) } else { said }
    }
}

fn words(file: &str, progress: &Progress, ended: Ended, style: Style) -> String {
    let mut facts = Table::facts();
    facts.fact("recorded", Cell::text(format!("{} different questions in {file}", progress.recorded)));
    facts.fact("repeated", Cell::text(progress.repeated.to_string()));
    if progress.withheld > 0 {
        facts.fact("withheld", Cell::text(format!("{}: the user's id stands in them", progress.withheld)));
    }
    for (why, count) in &progress.dropped {
        facts.fact("dropped", Cell::text(format!("{count}: {}", why.label().replace('_', " "))));
    }
    let why = match ended {
        Ended::Count => "there are as many as were asked for",
        Ended::Time => "the time was over",
        Ended::SwitchedOff => "shadow.capture was taken back",
        Ended::Stopping => "Pointsman stopped",
        Ended::Interrupted => "it was interrupted",
        Ended::Lost => "Pointsman was lost; what came before is in the file",
    };
    facts.fact("ended", Cell::text(why));
    facts.render(style)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::testing::{PLAIN, parse, parsed};
    use super::*;
    use crate::control::CaptureSpec;
    use crate::metrics::Dropped;

    #[test]
    fn flags_become_a_spec() {
        let args = parsed::<CaptureArgs>("docs --file golden.jsonl --percentage 2.5 --count 50 --for 90s");
        assert_eq!(args.body(), json!({"alias": "docs", "percentage": 2.5, "count": 50, "max_duration": "90s"}));
        let spec: CaptureSpec = serde_json::from_value(args.body()).expect("what the API takes");
        assert!(spec.check().is_empty());
        assert_eq!(parsed::<CaptureArgs>("docs -f golden.jsonl").body(), json!({"alias": "docs"}));
        for line in ["", "docs", "docs -f golden.jsonl --for soon"] {
            assert!(parse::<CaptureArgs>(line).is_err(), "{line}");
        }
    }

    #[test]
    fn the_end_says_what_is_missing_and_why_it_is_one() {
        let dropped = BTreeMap::from([(Dropped::QueueFull, 3)]);
        let progress = Progress { recorded: 9, repeated: 4, withheld: 2, dropped, ended: Some(Ended::Time) };
        let text = words("golden.jsonl", &progress, Ended::Time, PLAIN);
        for line in ["9 different questions in golden.jsonl", "2: the user's id", "3: queue full", "the time was over"] {
            assert!(text.contains(line), "`{line}` is not in\n{text}");
        }
    }
}
