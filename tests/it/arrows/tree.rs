//! The modules of a crate, as its `mod` declarations lay them out.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use syn::visit::Visit;
use syn::{Item, ItemMod};

use super::parse::{Bindings, References, is_for_tests, name_of};

/// Where a module stands: the names from below the crate's root to its own.
pub(super) type Place = Vec<String>;

/// A path as it is written, before it is known what it names.
#[derive(Clone, Debug)]
pub(super) enum Written {
    /// From the crate's root: `crate::`, `self::` and `super::` are resolved.
    Absolute(Place),
    /// From the module it stands in, or from another crate.
    Relative(Place),
}

/// A path in the code, and its line.
pub(super) struct Reference {
    pub(super) written: Written,
    pub(super) line: usize,
}

#[derive(Default)]
pub(super) struct Module {
    /// Relative to the folder that was read.
    pub(super) file: PathBuf,
    pub(super) items: HashSet<String>,
    pub(super) uses: HashMap<String, Written>,
    pub(super) globs: Vec<Written>,
    pub(super) references: Vec<Reference>,
}

pub(super) struct Tree {
    pub(super) modules: BTreeMap<Place, Module>,
}

impl Tree {
    /// Reads the library whose `lib.rs` lies in `root`.
    pub(super) fn read(root: &Path) -> Self {
        let mut tree = Self { modules: BTreeMap::new() };
        tree.file(root, &Place::new(), Path::new("lib.rs"), Path::new(""));
        tree
    }

    /// Reads one file; the modules that it declares lie in `folder`.
    fn file(&mut self, root: &Path, place: &Place, file: &Path, folder: &Path) {
        let text = std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.module(root, place, file, folder, &parsed.items);
    }

    fn module(&mut self, root: &Path, place: &Place, file: &Path, folder: &Path, items: &[Item]) {
        let mut module = Module { file: file.to_owned(), ..Module::default() };
        let mut references = References::new(place);
        for item in items.iter().filter(|item| !is_for_tests(item)) {
            match item {
                Item::Mod(inner) => self.inner(root, place, file, folder, inner),
                Item::Use(import) => Bindings::new(place, &mut module).tree(&import.tree),
                other => module.items.extend(name_of(other)),
            }
            if !matches!(item, Item::Mod(_)) {
                references.visit_item(item);
            }
        }
        module.references = references.found;
        self.modules.insert(place.clone(), module);
    }

    fn inner(&mut self, root: &Path, place: &Place, file: &Path, folder: &Path, inner: &ItemMod) {
        let name = inner.ident.to_string();
        let place = [place.as_slice(), std::slice::from_ref(&name)].concat();
        let below = folder.join(&name);
        let Some((_, items)) = &inner.content else {
            let alone = folder.join(format!("{name}.rs"));
            let file = if root.join(&alone).exists() { alone } else { below.join("mod.rs") };
            return self.file(root, &place, &file, &below);
        };
        self.module(root, &place, file, &below, items);
    }
}
