//! The targets of `fuzz/`, briefly, on a stable toolchain: every seed of their corpus, then mutations of the seeds.
//!
//! `POINTSMAN_FUZZ_RUNS` is how many mutations (20 000 a target), `POINTSMAN_FUZZ_SEED` which ones; a failure names the
//! seed and shows its input.

use std::panic::catch_unwind;
use std::path::Path;

#[path = "fuzz/mutation.rs"]
mod mutation;
#[path = "../fuzz/targets/mod.rs"]
pub mod targets;

use mutation::Mutations;

const RUNS: u64 = 20_000;
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

fn fuzz(target: &str, runs: u64, check: fn(&[u8])) {
    let (names, corpus): (Vec<String>, Vec<Vec<u8>>) = corpus(target).into_iter().unzip();
    for (name, input) in names.iter().zip(&corpus) {
        attempt(input, check, &format!("the seed fuzz/corpus/{target}/{name}"));
    }
    let seed = setting("POINTSMAN_FUZZ_SEED", SEED);
    let mut mutations = Mutations::new(&corpus, seed);
    for run in 0..runs {
        attempt(&mutations.another(), check, &format!("run {run} of `{target}` with POINTSMAN_FUZZ_SEED={seed}"));
    }
}

fn attempt(input: &[u8], check: fn(&[u8]), what: &str) {
    assert!(catch_unwind(|| check(input)).is_ok(), "{what} failed (why, see above), with the input\nb\"{}\"", input.escape_ascii());
}

/// The seeds by their files' names, in the same order everywhere.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("no corpus at {}: {error}", folder.display()));
    let mut corpus: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let entry = entry.expect("the folder can be listed");
            (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).expect("a seed can be read"))
        })
        .collect();
    corpus.sort();
    assert!(!corpus.is_empty(), "no seeds in {}", folder.display());
    corpus
}

fn setting(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} must be a whole number, not `{text}`")),
        Err(_) => default,
    }
}

fn runs() -> u64 {
    setting("POINTSMAN_FUZZ_RUNS", RUNS)
}

#[test]
fn path() {
    fuzz("path", runs(), targets::path);
}

#[test]
fn request_head() {
    fuzz("request_head", runs(), targets::request_head);
}

#[test]
fn grpc_scan() {
    fuzz("grpc_scan", runs(), targets::grpc_scan);
}

#[test]
fn grpc_splice() {
    fuzz("grpc_splice", runs(), targets::grpc_splice);
}

#[test]
fn write_json() {
    fuzz("write_json", runs(), targets::write_json);
}

#[test]
fn write_protobuf() {
    fuzz("write_protobuf", runs(), targets::write_protobuf);
}

#[test]
fn answer_json() {
    fuzz("answer_json", runs(), targets::answer_json);
}

#[test]
fn answer_protobuf() {
    fuzz("answer_protobuf", runs(), targets::answer_protobuf);
}

#[test]
fn chunked() {
    fuzz("chunked", runs(), targets::chunked);
}

#[test]
fn answer_head() {
    fuzz("answer_head", runs(), targets::answer_head);
}

#[test]
fn identity() {
    fuzz("identity", runs(), targets::identity);
}

#[test]
fn interleave_json() {
    fuzz("interleave_json", runs(), targets::interleave_json);
}

#[test]
fn interleave_protobuf() {
    fuzz("interleave_protobuf", runs(), targets::interleave_protobuf);
}

#[test]
fn golden() {
    fuzz("golden", runs(), targets::golden);
}

/// A whole configuration takes a hundred times as long as a path.
#[test]
fn config() {
    fuzz("config", runs().div_ceil(10), targets::config);
}
