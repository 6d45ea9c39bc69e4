//! `docs/promises.md` names tests that exist, and leaves out no promise.

use std::path::{Path, PathBuf};

const PROMISES: [std::ops::RangeInclusive<u32>; 3] = [1..=14, 26..=58, 64..=76];

/// All tests, by what they are declared as.
fn declared(folder: &Path, found: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder of the repository") {
        let path: PathBuf = entry.expect("an entry").path();
        if path.is_dir() {
            declared(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push_str(&std::fs::read_to_string(&path).expect("text"));
        }
    }
}

#[test]
fn every_promise_has_its_line_and_every_line_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/promises.md")).expect("the page");
    let mut code = String::new();
    ["src", "tests", "sandbox/tests"].iter().for_each(|folder| declared(&root.join(folder), &mut code));
    let mut missing = Vec::new();
    for number in PROMISES.into_iter().flatten() {
        let Some(line) = page.lines().find(|line| line.starts_with(&format!("| {number} |"))) else {
            missing.push(format!("{number} has no line"));
            continue;
        };
        let (rest, tests) = line.trim_end_matches('|').rsplit_once('|').expect("three columns");
        let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        if names.is_empty() && !rest.contains("](") {
            missing.push(format!("{number} names neither a test nor where to read why not"));
        }
        missing
            .extend(names.iter().filter(|name| !code.contains(&format!("fn {name}()"))).map(|name| format!("{number}: no test `{name}`")));
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
