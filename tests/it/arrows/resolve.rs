//! Which module defines what a path names, through imports and re-exports.

use super::tree::{Place, Tree, Written};

/// Longer chains of re-exports than this are circles of names.
const DEPTH: usize = 16;

impl Tree {
    /// The module that defines what is `written` in the module at `place`; nothing if another crate does.
    pub(super) fn definer(&self, place: &Place, written: &Written) -> Option<Place> {
        self.target(place, written, DEPTH)
    }

    fn target(&self, place: &Place, written: &Written, depth: usize) -> Option<Place> {
        match written {
            Written::Absolute(names) => self.walk(Place::new(), names, depth),
            Written::Relative(names) => {
                let module = self.modules.get(place)?;
                let first = names.first()?;
                let is_here = self.child(place, first).is_some() || module.uses.contains_key(first);
                if is_here { self.walk(place.clone(), names, depth) } else { None }
            }
        }
    }

    /// Follows names from a module downwards, as far as there are modules. An import on the way leads elsewhere.
    fn walk(&self, mut here: Place, names: &[String], depth: usize) -> Option<Place> {
        let depth = depth.checked_sub(1)?;
        for (index, name) in names.iter().enumerate() {
            if let Some(child) = self.child(&here, name) {
                here = child;
                continue;
            }
            let module = self.modules.get(&here)?;
            if let Some(import) = module.uses.get(name) {
                // What another crate defines and this module re-exports is this module's.
                let Some(target) = self.whole(&here, import, &names[index + 1..], depth) else { return Some(here) };
                return Some(target);
            }
            if !module.items.contains(name) {
                let found = module.globs.iter().find_map(|glob| self.in_glob(&here, glob, &names[index..], depth));
                return Some(found.unwrap_or(here));
            }
            return Some(here);
        }
        Some(here)
    }

    /// What an import of the module at `here` leads to, with the names that follow.
    fn whole(&self, here: &Place, import: &Written, rest: &[String], depth: usize) -> Option<Place> {
        let extended = match import {
            Written::Absolute(names) => Written::Absolute([names, rest].concat()),
            Written::Relative(names) => Written::Relative([names, rest].concat()),
        };
        self.target(here, &extended, depth)
    }

    /// Where a glob import takes the first of `names` from, if it has it.
    fn in_glob(&self, here: &Place, glob: &Written, names: &[String], depth: usize) -> Option<Place> {
        let place = self.target(here, glob, depth)?;
        let (module, first) = (self.modules.get(&place)?, names.first()?);
        let has = self.child(&place, first).is_some() || module.items.contains(first) || module.uses.contains_key(first);
        if has && place != *here { self.walk(place, names, depth) } else { None }
    }

    fn child(&self, place: &Place, name: &str) -> Option<Place> {
        let child = [place.as_slice(), &[name.to_owned()]].concat();
        self.modules.contains_key(&child).then_some(child)
    }
}
