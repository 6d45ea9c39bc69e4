//! Who imports whom among the rooms of each folder.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::Tree;

/// One room imports another beside it; every line where it does.
#[derive(Clone)]
pub(super) struct Arrow {
    pub(super) from: String,
    pub(super) to: String,
    lines: BTreeSet<(String, usize)>,
}

impl Arrow {
    /// File and line of each place, one a line.
    pub(super) fn sites(&self) -> String {
        self.lines.iter().map(|(file, line)| format!("  {file}:{line}")).collect::<Vec<_>>().join("\n")
    }
}

#[derive(Default)]
struct Folder {
    rooms: BTreeSet<String>,
    arrows: BTreeMap<(String, String), Arrow>,
}

/// The rooms of each folder, `""` being the crate's root, and the arrows among them.
pub(super) struct Graph {
    folders: BTreeMap<String, Folder>,
}

impl Graph {
    pub(super) fn of(tree: &Tree) -> Self {
        let mut graph = Self { folders: BTreeMap::new() };
        for (place, module) in &tree.modules {
            if let Some((name, above)) = place.split_last() {
                graph.folder(above).rooms.insert(name.clone());
            }
            for reference in &module.references {
                let Some(target) = tree.definer(place, &reference.written) else { continue };
                let common = place.iter().zip(&target).take_while(|(own, other)| own == other).count();
                let (Some(from), Some(to)) = (place.get(common), target.get(common)) else { continue };
                let arrows = &mut graph.folder(&place[..common]).arrows;
                let arrow = || Arrow { from: from.clone(), to: to.clone(), lines: BTreeSet::new() };
                let line = (module.file.to_string_lossy().into_owned(), reference.line);
                arrows.entry((from.clone(), to.clone())).or_insert_with(arrow).lines.insert(line);
            }
        }
        graph
    }

    fn folder(&mut self, above: &[String]) -> &mut Folder {
        self.folders.entry(above.join("/")).or_default()
    }

    pub(super) fn rooms(&self, folder: &str) -> Vec<String> {
        self.folders.get(folder).into_iter().flat_map(|folder| folder.rooms.iter().cloned()).collect()
    }

    pub(super) fn arrows(&self, folder: &str) -> Vec<Arrow> {
        self.folders.get(folder).into_iter().flat_map(|folder| folder.arrows.values().cloned()).collect()
    }

    /// Rooms that reach each other both ways, by folder.
    pub(super) fn circles(&self) -> Vec<(String, Vec<String>)> {
        let mut found = Vec::new();
        for (name, folder) in &self.folders {
            let reached: BTreeMap<&String, BTreeSet<&String>> = folder.rooms.iter().map(|room| (room, folder.reached_from(room))).collect();
            let mut placed = BTreeSet::new();
            for (room, reaches) in reached.iter().filter(|(room, reaches)| reaches.contains(*room)) {
                let circle: Vec<String> =
                    reaches.iter().filter(|other| reached[*other].contains(room)).map(|&other| other.clone()).collect();
                if placed.insert(circle.clone()) {
                    found.push((name.clone(), circle));
                }
            }
        }
        found
    }

    /// The arrows among some rooms of a folder, with their lines.
    pub(super) fn within(&self, folder: &str, rooms: &[String]) -> String {
        let inside = self.arrows(folder).into_iter().filter(|arrow| rooms.contains(&arrow.from) && rooms.contains(&arrow.to));
        inside.map(|arrow| format!("  {} -> {}\n{}", arrow.from, arrow.to, arrow.sites())).collect::<Vec<_>>().join("\n")
    }

    /// How many rooms and arrows there are: in all, and in each folder with more than one room.
    pub(super) fn counts(&self) -> String {
        let count = |folder: &Folder| format!("{} rooms, {} arrows", folder.rooms.len(), folder.arrows.len());
        let (rooms, arrows) =
            self.folders.values().fold((0, 0), |(rooms, arrows), folder| (rooms + folder.rooms.len(), arrows + folder.arrows.len()));
        let folders = self.folders.iter().filter(|(_, folder)| folder.rooms.len() > 1);
        let lines = folders.map(|(name, folder)| format!("  src/{name}: {}", count(folder)));
        std::iter::once(format!("{rooms} rooms, {arrows} arrows")).chain(lines).collect::<Vec<_>>().join("\n")
    }
}

impl Folder {
    /// Every room that arrows lead to from `room`; itself only by a circle.
    fn reached_from<'a>(&'a self, room: &'a String) -> BTreeSet<&'a String> {
        let (mut reached, mut open) = (BTreeSet::new(), vec![room]);
        while let Some(at) = open.pop() {
            let next = self.arrows.keys().filter(|(from, _)| from == at).map(|(_, to)| to);
            open.extend(next.filter(|to| reached.insert(*to)));
        }
        reached
    }
}
