//! The arrows between the rooms of `src` point down, as `docs/architecture.md` draws them, and no neighbours form a circle.
//!
//! A room is a module. An arrow leads from a room to a sibling when anything inside of the first names anything that the second defines:
//! in a `use`, in a path, through a re-export. Code for tests alone does not count. To see the numbers of each folder:
//!
//! ```sh
//! cargo nextest run -p pointsman --test it arrows --no-capture
//! ```

mod graph;
mod map;
mod parse;
mod resolve;
mod tree;

use std::path::Path;

use graph::Graph;
use map::Map;
use tree::Tree;

/// The floors of `src/control`, the highest first. A room may import rooms of its own floor and of lower ones.
/// Rooms that stand on no floor are not judged, and the test prints how many they are.
const FLOORS: [&[&str]; 12] = [
    &["run"],
    &["handover"],
    &["alias", "kill_switch"],
    &["deployment"],
    &["canary"],
    &["capture", "experiment", "retirement", "route", "shadow", "token_key", "webhook"],
    &["loss"],
    &["engine"],
    &["table"],
    &["documents"],
    &["plan"],
    &["clock", "layer_slot"],
];

/// Circles that are there today, by folder: rooms that may reach each other both ways. To be emptied; an entry without a circle fails.
const KNOWN_CIRCLES: &[(&str, &str)] = &[
    (
        "admin",
        "aliases api auth caller canaries captures collections deployments endpoints events experiments extract history kill_switch lane log_level openapi retirements routes shadows status tagged token_key user_ids webhooks",
    ),
    ("admin/api", "endpoint problems"),
    ("cli", "preflight serve"),
    ("cli/remote", "paging reference session"),
    (
        "proxy",
        "access attempts begun body connection decide exchange grpc guard h1 h2 health interleave journey life missing observe respond rest service tee worker",
    ),
    ("store", "db servers"),
    ("store", "postgres_url url"),
    ("qdrant", "client lister"),
    ("rollout/plan", "check shadow spec"),
    ("routing", "layer policy route shadow split table"),
];

/// Upward arrows that are there today, `from -> to` below a folder. To be emptied; an entry without an arrow fails.
const KNOWN_UPWARD: &[(&str, &str, &str)] = &[];

fn house() -> Graph {
    Graph::of(&Tree::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")))
}

#[test]
fn no_neighbours_form_a_circle() {
    let graph = house();
    print(&graph.counts());
    let mut wrong = Vec::new();
    let mut stale: Vec<_> = KNOWN_CIRCLES.iter().collect();
    for (folder, circle) in graph.circles() {
        let known = KNOWN_CIRCLES.iter().find(|(known, rooms)| *known == folder && circle.iter().all(|room| rooms.contains(room.as_str())));
        match known {
            Some(known) => stale.retain(|entry| *entry != known),
            None => wrong.push(format!("circle in `{folder}` among {}:\n{}", circle.join(", "), graph.within(&folder, &circle))),
        }
    }
    wrong.extend(stale.iter().map(|(folder, rooms)| format!("`{folder}`: {rooms} form no circle any more; take it out of KNOWN_CIRCLES")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_arrow_between_the_rooms_of_src_is_on_the_map() {
    let (graph, map) = (house(), Map::of_the_architecture());
    let mut wrong = map.faults(&graph.rooms(""));
    for arrow in graph.arrows("") {
        if !map.leads(&arrow.from, &arrow.to) && !is_known("", &arrow.from, &arrow.to) {
            wrong.push(format!("the map has no way from {} to {}:\n{}", arrow.from, arrow.to, arrow.sites()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_floors_of_control_hold() {
    let graph = house();
    let floor = |room: &str| FLOORS.iter().position(|rooms| rooms.contains(&room));
    let homeless: Vec<_> = graph.rooms("control").into_iter().filter(|room| floor(room).is_none()).collect();
    print(&format!("control: {} rooms stand on no floor: {}", homeless.len(), homeless.join(", ")));
    let mut wrong = stale(&graph);
    for arrow in graph.arrows("control") {
        let upward = floor(&arrow.from).zip(floor(&arrow.to)).is_some_and(|(from, to)| to < from);
        if upward && !is_known("control", &arrow.from, &arrow.to) {
            wrong.push(format!("upward in `control` from {} to {}:\n{}", arrow.from, arrow.to, arrow.sites()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_circle_and_its_lines_are_found_through_reexports_macros_and_nested_modules() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
        std::fs::write(path, text).expect("the folder can be written");
    };
    write("lib.rs", "mod a;\nmod b;\nmod c;\n");
    write("a/mod.rs", "mod inner;\nmod outer;\npub(crate) use inner::Thing;\n");
    write("a/inner.rs", "pub(crate) struct Thing;\nfn f() {\n    println!(\"{}\", super::outer::g());\n}\n");
    write("a/outer.rs", "use super::{Thing};\nuse tokio::c::Other;\npub(crate) fn g() -> Thing { todo() }\n");
    write("b.rs", "fn f() { let _: crate::a::Thing; }\n#[cfg(test)]\nmod tests { use crate::c::X; }\n");
    write("c.rs", "pub(crate) struct X;\n#[cfg(test)]\nuse crate::b::Y;\nimpl X { fn f() { use crate::b::z as y; y() } }\n");
    let graph = Graph::of(&Tree::read(folder.path()));
    let seen: Vec<_> = graph.arrows("").iter().map(|arrow| (format!("{}>{}", arrow.from, arrow.to), arrow.sites())).collect();
    assert_eq!(seen, [("b>a".to_owned(), "  b.rs:1".to_owned()), ("c>b".to_owned(), "  c.rs:4".to_owned())]);
    assert_eq!(graph.circles(), [("a".to_owned(), vec!["inner".to_owned(), "outer".to_owned()])]);
    let circle = graph.within("a", &["inner".to_owned(), "outer".to_owned()]);
    assert_eq!(circle, "  inner -> outer\n  a/inner.rs:3\n  outer -> inner\n  a/outer.rs:1");
}

fn is_known(folder: &str, from: &str, to: &str) -> bool {
    KNOWN_UPWARD.contains(&(folder, from, to))
}

/// Entries of [`KNOWN_UPWARD`] that are no arrows any more.
fn stale(graph: &Graph) -> Vec<String> {
    let is_there =
        |(folder, from, to): &(&str, &str, &str)| graph.arrows(folder).iter().any(|arrow| arrow.from == *from && arrow.to == *to);
    let gone = KNOWN_UPWARD.iter().filter(|known| !is_there(known));
    gone.map(|(folder, from, to)| format!("`{folder}`: {from} -> {to} is no arrow any more; take it out of KNOWN_UPWARD")).collect()
}

#[expect(clippy::print_stdout, reason = "the numbers are for people who ask with --no-capture")]
fn print(text: &str) {
    println!("{text}");
}
