//! From a file, the environment and the flags to a [`Config`], or to everything that is wrong with them.
//!
//! The steps, in order: parse the file to a tree, lay the environment and then the flags over it, fill in what follows
//! from other keys, read it into types, check what the types cannot say.

mod environment;
mod node;
mod source;
#[cfg(test)]
mod tests;
mod tree;
mod typed;
mod upstreams;
mod yaml;

use std::path::PathBuf;
use std::sync::Arc;

use self::tree::{Node, Value};
use super::check::{Purpose, check};
use super::path::Path;
use super::{Config, Fault, Origin};

pub use source::{Override, Source};

/// A legal configuration and where it came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    /// The file that was read; none when there is none.
    pub file: Option<PathBuf>,
    /// Of the file's content: two configurations with the same one were read from the same text.
    pub fingerprint: String,
}

impl Config {
    /// Reads the configuration from `source`, to serve with it.
    ///
    /// # Errors
    /// All faults that could be found, those of the environment and the flags first.
    pub fn load(source: &Source) -> Result<Loaded, Vec<Fault>> {
        Self::load_for(Purpose::Serve, source)
    }

    /// The same for any purpose.
    ///
    /// # Errors
    /// As [`Config::load`]; what only a process that serves must have is no fault for another purpose.
    pub fn load_for(purpose: Purpose, source: &Source) -> Result<Loaded, Vec<Fault>> {
        Self::load_with(purpose, source, |_| Vec::new())
    }

    /// The same, with the faults that `usable` finds, such as a file that is not there: each a key and a reason.
    ///
    /// # Errors
    /// As [`Config::load_for`]. All faults come together, so that the operator corrects them in one go.
    pub fn load_with(purpose: Purpose, source: &Source, usable: impl FnOnce(&Self) -> Vec<(String, String)>) -> Result<Loaded, Vec<Fault>> {
        let file = source.file();
        let content = source::read(file.as_deref()).map_err(|fault| vec![fault])?;
        let fingerprint = source::fingerprint(&content);
        let mut faults = Vec::new();
        let mut tree = match &file {
            Some(path) => {
                let name: Arc<str> = path.to_string_lossy().into();
                yaml::document(&content, &name).and_then(|tree| must_be_map(tree, &name)).unwrap_or_else(|fault| {
                    faults.push(fault);
                    Node::empty()
                })
            }
            None => Node::empty(),
        };
        environment::apply(&source.environment, &mut tree, &mut faults);
        for Override { flag, keys, value } in &source.overrides {
            let origin = Origin::Flag(flag);
            let path: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            if let Err(depth) = tree.set(&path, Node { value: Value::Untyped(value.clone()), origin: origin.clone() }) {
                faults.push(Fault {
                    key: path[..depth].join("."),
                    reason: "is set to a single value, so the flag cannot set a key inside it".into(),
                    origin,
                });
            }
        }
        upstreams::complete(&mut tree, &mut faults);
        let named = upstreams::names(&mut tree);
        let read = typed::read(&mut tree);
        faults.extend(read.faults);
        let mut found = check(&read.config, purpose, &named);
        let further = usable(&read.config).into_iter().map(|(key, reason)| (Path::default().join(&key), reason));
        // What is said of a key already is reason enough.
        let further: Vec<_> = further.filter(|(path, _)| !found.iter().any(|(known, _)| known.touches(path))).collect();
        found.extend(further);
        faults.extend(located(found, &tree, &read.missing));
        if faults.is_empty() { Ok(Loaded { config: read.config, file, fingerprint }) } else { Err(faults) }
    }
}

/// The faults that the types cannot see, with their places. None is reported of what a faulty value was taken out of, or of a
/// list as a whole: its items stand at other places now.
fn located(mut faults: Vec<(Path, String)>, tree: &Node, missing: &[Path]) -> Vec<Fault> {
    faults.retain(|(path, _)| !missing.iter().any(|hole| hole.outside_lists().touches(path)));
    let fault = |(path, reason): (Path, String)| Fault { key: path.to_string(), reason, origin: tree.origin_of(&path).clone() };
    faults.into_iter().map(fault).collect()
}

fn must_be_map(tree: Node, path: &Arc<str>) -> Result<Node, Fault> {
    match tree.value {
        Value::Map(_) => Ok(tree),
        Value::Null => Ok(Node::empty()),
        _ => Err(Fault {
            key: String::new(),
            reason: "is no configuration: expected sections such as `listen:`".into(),
            origin: Origin::File { path: Arc::clone(path), line: 0, column: 0 },
        }),
    }
}
