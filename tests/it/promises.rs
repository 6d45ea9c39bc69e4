//! `docs/promises.md` and `docs/testing.md` name tests that exist, and the first leaves out no promise.

use std::path::{Path, PathBuf};

const PROMISES: [std::ops::RangeInclusive<u32>; 3] = [1..=14, 26..=58, 64..=76];
/// Where tests are.
const FOLDERS: [&str; 3] = ["src", "tests", "sandbox/tests"];

/// A source file: where it lies, from the outermost folder to its own name, and what is in it.
struct Source {
    steps: Vec<String>,
    text: String,
}

impl Source {
    /// A file `x_tests.rs` may hold the module `tests` of `x`, and is found by both names.
    fn read(path: &Path) -> Self {
        let names = path.components().filter_map(|step| step.as_os_str().to_str()).map(|name| name.trim_end_matches(".rs"));
        let steps = names.flat_map(|name| name.strip_suffix("_tests").into_iter().chain([name])).map(str::to_owned).collect();
        Self { steps, text: std::fs::read_to_string(path).expect("text") }
    }

    fn lies_in(&self, modules: &[&str]) -> bool {
        let mut steps = self.steps.iter();
        modules.iter().all(|module| steps.any(|step| step == module))
    }

    fn has_tests(&self) -> bool {
        self.text.contains("#[test]") || self.text.contains("#[tokio::test")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join("docs").join(name)).expect("the page")
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    FOLDERS.iter().for_each(|folder| collect(&root().join(folder), &mut found));
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the repository") {
        let path: PathBuf = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(Source::read(&path));
        }
    }
}

/// Whether there is a test of this name, or a module of it that has tests. Modules `tests` may stand in the file of what they test.
fn is_there(sources: &[Source], name: &str) -> bool {
    let modules: Vec<&str> = name.split("::").filter(|module| *module != "tests").collect();
    let Some((test, around)) = modules.split_last() else { return false };
    // Tests of the store take the database that they run on.
    let declared = [format!("fn {test}()"), format!("fn {test}(place: Place)")];
    let is_test = |source: &Source| source.lies_in(around) && declared.iter().any(|declared| source.text.contains(declared));
    let is_module = |source: &Source| source.lies_in(&modules) && source.has_tests();
    sources.iter().any(|source| is_test(source) || is_module(source))
}

/// What stands before the last column of a row, and the names in that column.
fn columns(row: &str) -> (&str, Vec<&str>) {
    let (rest, tests) = row.trim_end_matches('|').rsplit_once('|').expect("columns");
    (rest, tests.split('`').skip(1).step_by(2).collect())
}

#[test]
fn every_promise_has_its_line_and_every_line_its_tests() {
    let (page, sources) = (page("promises.md"), sources());
    let mut missing = Vec::new();
    for number in PROMISES.into_iter().flatten() {
        let Some(line) = page.lines().find(|line| line.starts_with(&format!("| {number} |"))) else {
            missing.push(format!("{number} has no line"));
            continue;
        };
        let (rest, names) = columns(line);
        if names.is_empty() && !rest.contains("](") {
            missing.push(format!("{number} names neither a test nor where to read why not"));
        }
        missing.extend(names.iter().filter(|name| !is_there(&sources, name)).map(|name| format!("{number}: no test `{name}`")));
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_fault_that_was_found_in_use_names_its_tests() {
    let (page, sources) = (page("testing.md"), sources());
    let (_, after) = page.split_once("### Faults that were found in use").expect("the section");
    let section = after.split_once("\n##").map_or(after, |(section, _)| section);
    let mut missing = Vec::new();
    for row in section.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let (what, names) = columns(row);
        if names.is_empty() {
            missing.push(format!("no test is named for {what}"));
        }
        missing.extend(names.iter().filter(|name| !is_there(&sources, name)).map(|name| format!("{what}: no test `{name}`")));
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
