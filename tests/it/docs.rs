//! The pages say what is so: links lead somewhere, commands are understood, every metric and every kind of event has its row.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap::error::ErrorKind;
use pointsman::cli::Cli;
use pointsman::config::EVENT_KINDS;

use crate::house::{Pointsman, Upstream, alias, collection};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README.md and all of docs, by their paths.
fn pages() -> BTreeMap<PathBuf, String> {
    let listed = std::fs::read_dir(root().join("docs")).expect("the folder");
    let docs = listed.map(|entry| entry.expect("an entry").path()).filter(|path| path.extension().is_some_and(|end| end == "md"));
    docs.chain([root().join("README.md")]).map(|path| (path.clone(), std::fs::read_to_string(path).expect("text"))).collect()
}

/// The name of a page, for messages.
fn name(page: &Path) -> String {
    page.strip_prefix(root()).unwrap_or(page).display().to_string()
}

/// The lines outside of fenced blocks, and the blocks with their languages.
fn parts(page: &str) -> (Vec<&str>, Vec<(&str, Vec<&str>)>) {
    let (mut prose, mut blocks, mut inside) = (Vec::new(), Vec::new(), false);
    for line in page.lines() {
        match line.trim_start().strip_prefix("```") {
            Some(_) if inside => inside = false,
            Some(language) => {
                inside = true;
                blocks.push((language, Vec::new()));
            }
            None if inside => blocks.last_mut().expect("it has begun").1.push(line),
            None => prose.push(line),
        }
    }
    (prose, blocks)
}

/// What follows `open` up to `close`, as often as it does.
fn between<'t>(text: &'t str, open: &str, close: char) -> Vec<&'t str> {
    text.split(open).skip(1).filter_map(|rest| rest.split_once(close)).map(|(inner, _)| inner).collect()
}

/// The anchors of a page, as GitHub makes them of its headings.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for line in parts(page).0 {
        let Some(heading) = line.strip_prefix('#').map(|rest| rest.trim_start_matches('#').trim()) else { continue };
        let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
        let slug: String = kept.flat_map(char::to_lowercase).map(|letter| if letter == ' ' { '-' } else { letter }).collect();
        let again = (1..).map(|number| format!("{slug}-{number}"));
        let free = std::iter::once(slug.clone()).chain(again).find(|anchor| !anchors.contains(anchor)).expect("numbers do not end");
        anchors.insert(free);
    }
    anchors
}

#[test]
fn every_link_leads_to_a_file_and_every_anchor_to_a_heading() {
    let pages = pages();
    let mut broken = Vec::new();
    for (path, text) in &pages {
        let prose = parts(text).0.join("\n");
        for link in between(&prose, "](", ')') {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() { path.clone() } else { path.parent().expect("a folder").join(file) };
            let Ok(target) = target.canonicalize() else {
                broken.push(format!("{}: `{link}` leads to no file", name(path)));
                continue;
            };
            let has = |anchor| std::fs::read_to_string(&target).is_ok_and(|text| anchors(&text).contains(anchor));
            if anchor.is_some_and(|anchor| !has(anchor)) {
                broken.push(format!("{}: `{link}` leads to no heading", name(path)));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The words of one command of a shell line, as the shell takes them apart. It ends where another one begins.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut escaped) = (Vec::new(), None::<String>, None, false);
    for letter in line.chars() {
        match (quote, letter) {
            _ if escaped => {
                word.get_or_insert_default().push(letter);
                escaped = false;
            }
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                word.get_or_insert_default();
                quote = Some(letter);
            }
            (None, '\\') => escaped = true,
            (None, ';' | '|' | '&' | '>' | '<') => break,
            (None, '#') if word.is_none() => break,
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// Every command line of a page: those of shell blocks, and those in the text that leave nothing out.
fn commands(page: &str) -> Vec<String> {
    let (prose, blocks) = parts(page);
    let mut commands = Vec::new();
    for (language, lines) in blocks.into_iter().filter(|(language, _)| matches!(*language, "sh" | "console" | "bash")) {
        let mut joined: Vec<String> = Vec::new();
        let mut continued = false;
        for line in lines {
            let (text, more) = line.strip_suffix('\\').map_or((line, false), |text| (text, true));
            match joined.last_mut().filter(|_| continued) {
                Some(last) => last.push_str(text),
                None => joined.push(text.to_owned()),
            }
            continued = more;
        }
        // What a console shows without the prompt is an answer.
        let prompt = if language == "console" { "$ " } else { "" };
        commands.extend(joined.iter().filter_map(|line| Some(line.trim().strip_prefix(prompt)?.to_owned())));
    }
    // What is left out cannot be parsed; what is an error's text is no command.
    let whole = |text: &&str| !["…", "...", "|", "cannot serve"].iter().any(|mark| text.contains(mark));
    commands.extend(between(&prose.join("\n"), "`pointsman ", '`').into_iter().filter(whole).map(|rest| format!("pointsman {rest}")));
    commands.retain(|command| command.starts_with("pointsman "));
    commands
}

#[test]
fn every_command_in_the_pages_is_understood() {
    let (mut refused, mut seen) = (Vec::new(), 0);
    for (path, text) in pages() {
        for command in commands(&text) {
            seen += 1;
            let parsed = Cli::command().try_get_matches_from(words(&command));
            match parsed.map_err(|error| (error.kind(), error)) {
                Ok(_) | Err((ErrorKind::DisplayHelp | ErrorKind::DisplayVersion, _)) => {}
                // A noun alone, such as `pointsman alias`, names what has subcommands.
                Err((ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand, _)) => {}
                // Named in a sentence, without its arguments.
                Err((ErrorKind::MissingRequiredArgument, _)) if !command.contains(" -") && command.split(' ').count() <= 3 => {}
                Err((_, error)) => refused.push(format!("{}: {command}\n{error}", name(&path))),
            }
        }
    }
    assert!(seen > 60, "only {seen} commands were found");
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn shell_lines_are_taken_apart_as_a_shell_does() {
    assert_eq!(words(r#"pointsman a --b "c d" 'e "f"' g\ h; echo $?"#), ["pointsman", "a", "--b", "c d", r#"e "f""#, "g h"]);
    assert_eq!(words("pointsman status   # shares"), ["pointsman", "status"]);
    assert_eq!(words("pointsman a '' > file"), ["pointsman", "a", ""]);
}

/// The canary before it has moved the alias.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_commands_of_the_readme_work_after_those_before() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the page");
    let mut shell = parts(&readme).1.into_iter().filter(|(language, _)| *language == "sh").map(|(_, lines)| lines);
    let last = shell.next_back().expect("the page has commands");
    assert!(last.iter().all(|line| line.starts_with("pointsman ")), "{last:?}");
    let upstream = Upstream::sandbox().await;
    for name in ["docs_v1", "docs_v2"] {
        collection(&upstream.rest, name).await;
    }
    alias(&upstream.rest, "docs", "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, "").await;
    for line in ["pointsman alias switch docs docs_v2"].into_iter().chain(last) {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_pointsman"));
        command.args(&words(line)[1..]).env_remove("POINTSMAN_CONFIG").env_remove("POINTSMAN_ADMIN_TOKEN");
        let output = command.env("POINTSMAN_ADMIN_URL", pointsman.admin("")).output().await.expect("the binary runs");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let answer = pointsman.http.get(pointsman.admin("/v1/aliases/docs")).send().await.expect("an answer").text().await.expect("text");
    assert!(answer.contains("docs_v1"), "{answer}");
}

/// The names in the first column of a table under a heading.
fn first_column(page: &str, heading: &str) -> Vec<String> {
    let (_, after) = page.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no heading {heading}"));
    let section = after.split_once("\n## ").map_or(after, |(section, _)| section);
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let names =
        |row: &str| row.split(" | ").next().unwrap_or_default().split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    rows.flat_map(names).collect()
}

fn operations() -> String {
    std::fs::read_to_string(root().join("docs/operations.md")).expect("the page")
}

#[test]
fn every_kind_of_event_has_its_place_in_the_table_and_no_other_has() {
    let mut family = String::new();
    let mut documented = BTreeSet::new();
    for entry in first_column(&operations(), "## Events and webhooks") {
        // `.paused` is one of the family of the entry before.
        if let Some(kind) = entry.strip_prefix('.') {
            documented.insert(format!("{family}.{kind}"));
        } else if let Some((name, _)) = entry.split_once('.') {
            family = name.to_owned();
            documented.insert(entry);
        }
    }
    let known: BTreeSet<String> = EVENT_KINDS.iter().map(|kind| (*kind).to_owned()).collect();
    let missing: Vec<_> = known.difference(&documented).collect();
    let unknown: Vec<_> = documented.difference(&known).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "not in the table: {missing:?}; no such kind: {unknown:?}");
}

/// Names of metrics that the sources make families of.
fn families(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            families(&path, found);
            continue;
        }
        if path.file_name().is_some_and(|name| name == "tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("text");
        // On one line, wherever a call was broken.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(");
        for kind in ["gauge", "counter", "histogram"] {
            found.extend(between(&text, &format!("Family::{kind}(\""), '"').into_iter().map(str::to_owned));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_has_its_row() {
    let documented: BTreeSet<String> = first_column(&operations(), "## Metrics").into_iter().collect();
    let mut exposed = BTreeSet::new();
    families(&root().join("src/metrics"), &mut exposed);
    assert!(exposed.len() > 30, "only {exposed:?} were found in the sources");
    let pointsman = Pointsman::start(&Upstream::sandbox().await, "").await;
    let scrape = pointsman.http.get(pointsman.admin("/metrics")).send().await.expect("an answer").text().await.expect("text");
    let types = scrape.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    exposed.extend(types.filter(|name| !name.starts_with("process_")).map(|name| name.trim_start_matches("pointsman_").to_owned()));
    let missing: Vec<_> = exposed.difference(&documented).collect();
    assert!(missing.is_empty(), "not in the table of docs/operations.md: {missing:?}");
}
