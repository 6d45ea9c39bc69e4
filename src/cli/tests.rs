use clap::CommandFactory;

use super::*;
use crate::config::Source;

fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("pointsman").chain(arguments.iter().copied()))
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_shows_an_example_that_is_right() {
    let mut command = Cli::command();
    command.build();
    let (mut missing, mut wrong) = (Vec::new(), Vec::new());
    for (path, help) in helps(&mut command, "") {
        let example = help.lines().find_map(|line| line.strip_prefix("  pointsman ")).map(str::to_owned);
        match example {
            None => missing.push(path),
            Some(example) => wrong.extend(parse(&words(&example)).err().map(|error| format!("{example}: {error}"))),
        }
    }
    assert!(missing.is_empty(), "no example in the help of {missing:?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Of every command but `help` and the program itself, with what stands below it in its help.
fn helps(command: &mut clap::Command, path: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for inner in command.get_subcommands_mut().filter(|inner| inner.get_name() != "help") {
        let path = format!("{path}{} ", inner.get_name());
        found.push((path.clone(), inner.render_long_help().to_string()));
        found.extend(helps(inner, &path));
    }
    found
}

/// As a shell splits it, where nothing but single quotes is special.
fn words(line: &str) -> Vec<&str> {
    let parts = line.split('\'').enumerate();
    parts.flat_map(|(at, part)| if at % 2 == 1 { vec![part] } else { part.split_whitespace().collect() }).collect()
}

#[test]
fn every_flag_overrides_its_key() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("pointsman.yaml");
    std::fs::write(&file, "workers: 1\nlisten: {rest: '127.0.0.1:1', grpc: '127.0.0.1:2', admin: '127.0.0.1:3'}\n").expect("written");
    let name = file.to_str().expect("a plain path");
    let flags = "--qdrant-url http://q:1 --qdrant-grpc-url http://g:2 --rest-addr 127.0.0.1:4 --grpc-addr 127.0.0.1:5 \
                 --admin-addr 127.0.0.1:6 --workers 3";
    let arguments: Vec<&str> = ["check", "--config", name].into_iter().chain(flags.split_whitespace()).collect();
    let Ok(Cli { command: Command::Check(args) }) = parse(&arguments) else { panic!("not understood") };
    let source: Source = args.source().source().with_environment::<String, String>([]);
    let config = Config::load(&source).expect("legal").config;
    let upstream = &config.upstreams["default"];
    assert_eq!((upstream.rest_url.to_string(), upstream.grpc_url.to_string()), ("http://q:1".into(), "http://g:2".into()));
    let ports = [config.listen.rest.port(), config.listen.grpc.port(), config.listen.admin.port()];
    assert_eq!((ports, config.workers), ([4, 5, 6], 3));
}

#[test]
fn a_malformed_address_is_refused() {
    let error = parse(&["check", "--rest-addr", "7333"]).expect_err("no address");
    assert!(error.to_string().contains("--rest-addr"), "{error}");
}

#[test]
fn faults_are_listed_and_counted() {
    let fault = |key: &str| Fault { key: key.into(), reason: "is wrong".into(), origin: crate::config::Origin::Flag("--x") };
    assert_eq!(listed(&[fault("a")]), "a: is wrong (in the flag --x)\nthe configuration has 1 fault");
    assert!(listed(&[fault("a"), fault("b")]).ends_with("\nthe configuration has 2 faults"));
}
