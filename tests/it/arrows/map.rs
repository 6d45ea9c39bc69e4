//! The first diagram of `docs/architecture.md`: the rooms, and which may import which.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// An arrow of the diagram allows imports by way of other rooms too: what is below a room below.
pub(super) struct Map {
    rooms: BTreeSet<String>,
    arrows: BTreeMap<String, BTreeSet<String>>,
}

impl Map {
    pub(super) fn of_the_architecture() -> Self {
        let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md")).expect("the page");
        let (_, after) = page.split_once("```mermaid\nflowchart TD\n").expect("the diagram of the rooms");
        let (diagram, _) = after.split_once("```").expect("its end");
        let mut map = Self { rooms: BTreeSet::new(), arrows: BTreeMap::new() };
        for line in diagram.lines().map(str::trim) {
            if let Some((from, to)) = line.split_once(" --> ") {
                for from in from.split(" & ") {
                    map.arrows.entry(from.to_owned()).or_default().extend(to.split(" & ").map(str::to_owned));
                }
            } else if let Some((room, _)) = line.split_once('[') {
                map.rooms.insert(room.to_owned());
            }
        }
        map
    }

    /// Whether arrows lead from one room to another.
    pub(super) fn leads(&self, from: &str, to: &str) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(room) = open.pop() {
            let next: Vec<_> = self.arrows.get(room).into_iter().flatten().map(String::as_str).collect();
            if next.contains(&to) {
                return true;
            }
            open.extend(next.into_iter().filter(|room| seen.insert(*room)));
        }
        false
    }

    /// Rooms that are missing from the map or only there, and arrows of it that lead back.
    pub(super) fn faults(&self, rooms: &[String]) -> Vec<String> {
        let drawn: Vec<_> = self.arrows.iter().flat_map(|(from, to)| to.iter().chain([from])).chain(&self.rooms).collect();
        let absent = rooms.iter().filter(|room| !self.rooms.contains(*room)).map(|room| format!("`{room}` is not on the map"));
        let gone = drawn.into_iter().collect::<BTreeSet<_>>().into_iter().filter(|room| !rooms.contains(room));
        let gone = gone.map(|room| format!("`{room}` is on the map and not in src"));
        let back = self.rooms.iter().filter(|room| self.leads(room, room)).map(|room| format!("the map leads from `{room}` back to it"));
        absent.chain(gone).chain(back).collect()
    }
}
