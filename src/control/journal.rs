//! Routes survive a restart: one small file, replaced as a whole before a change becomes visible (I4).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::absorb::{Absorbed, Routes};
use super::error::JournalError;

const FILE: &str = "routes.json";
/// Readers of another format must refuse the file rather than guess.
const FORMAT: u32 = 1;

/// All that has to survive.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    /// The table revision of the last change.
    pub(super) revision: u64,
    pub(super) routes: Routes,
    /// The definitions already taken from the configuration file.
    pub(super) absorbed: Absorbed,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<R> {
    format: u32,
    record: R,
}

/// The file of one process. Two processes must not share a directory; `store.dir` says so.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    directory: Option<PathBuf>,
}

impl Journal {
    pub(super) fn new(directory: Option<PathBuf>) -> Self {
        Self { directory }
    }

    pub(super) fn path(&self) -> Option<PathBuf> {
        self.directory.as_ref().map(|directory| directory.join(FILE))
    }

    /// What the last process left; an absent file means nothing.
    pub(super) fn load(&self) -> Result<Record, JournalError> {
        let Some(path) = self.path() else { return Ok(Record::default()) };
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Record::default()),
            Err(source) => return Err(failed(&path, "cannot be read")(source)),
        };
        parse(&bytes).map_err(|reason| JournalError::Damaged { path: path.display().to_string(), reason })
    }

    /// Returns when `record` would survive a power cut.
    pub(super) fn commit(&self, record: &Record) -> Result<(), JournalError> {
        let Some(directory) = &self.directory else { return Ok(()) };
        fs::create_dir_all(directory).map_err(failed(directory, "cannot be created"))?;
        let bytes = serde_json::to_vec_pretty(&Document { format: FORMAT, record })
            .map_err(|error| failed(directory, "the routes cannot be written as JSON")(error.into()))?;
        let temporary = directory.join(format!("{FILE}.new"));
        write_synced(&temporary, &bytes).map_err(failed(&temporary, "cannot be written"))?;
        let path = directory.join(FILE);
        fs::rename(&temporary, &path).map_err(failed(&path, "cannot be replaced"))?;
        // Without this the rename itself may be lost.
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed(directory, "cannot be synced"))
    }
}

fn parse(bytes: &[u8]) -> Result<Record, String> {
    let document: Document<Record> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if document.format != FORMAT {
        return Err(format!("it has format {}, this version reads format {FORMAT}", document.format));
    }
    for (alias, route) in &document.record.routes {
        let variants = route.spec.variants.len();
        if let Some(interval) = route.allocation.intervals().iter().find(|interval| interval.variant >= variants) {
            return Err(format!("the allocation of `{alias}` names variant {}, but there are only {variants}", interval.variant));
        }
    }
    Ok(document.record)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn failed(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.display().to_string();
    move |source| JournalError::Io { path, action, source }
}
