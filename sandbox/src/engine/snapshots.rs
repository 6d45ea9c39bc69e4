//! Snapshots: a collection's folder as one archive, and back.
//!
//! The log goes along with the segments: without it the engine would number operations from the start and take new
//! writes for old ones.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::collection::Collection;
use super::error::{EngineError, EngineResult};
use super::names;
use super::store::Store;

const SUFFIX: &str = ".snapshot";
const CHECKSUM_SUFFIX: &str = ".checksum";
/// There is one peer.
const PEER: u32 = 1;

/// A snapshot in a list.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct SnapshotDescription {
    /// The file's name.
    pub name: String,
    /// When it was made, without a zone, which means UTC.
    pub creation_time: Option<String>,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the file.
    pub checksum: Option<String>,
}

impl Store {
    /// Makes a snapshot, named after the concrete collection.
    pub fn create_snapshot(&self, name: &str) -> EngineResult<SnapshotDescription> {
        let collection = self.collection(name)?;
        let folder = self.snapshots_of(collection.name());
        fs::create_dir_all(&folder)?;
        let mut archive = NamedTempFile::new_in(&folder)?;
        collection.frozen(|path| pack(path, archive.as_file_mut()))?;
        let checksum = checksum(archive.path())?;
        let path = free_name(&folder, collection.name());
        archive.persist(&path).map_err(|why| why.error)?;
        fs::write(beside(&path), &checksum)?;
        describe(&path)
    }

    /// The snapshots of a collection, oldest first.
    pub fn list_snapshots(&self, name: &str) -> EngineResult<Vec<SnapshotDescription>> {
        let folder = self.snapshots_of(self.collection(name)?.name());
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.to_string_lossy().ends_with(SUFFIX) {
                found.push(describe(&path)?);
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// The file of a snapshot.
    pub fn snapshot_path(&self, name: &str, snapshot: &str) -> EngineResult<PathBuf> {
        let collection = self.collection(name)?;
        let missing = || EngineError::not_found(format_args!("Snapshot {snapshot} not found"));
        // A name with a separator would lead out of the folder.
        if snapshot.contains(['/', '\\', '\0']) || !snapshot.ends_with(SUFFIX) {
            return Err(missing());
        }
        let path = self.snapshots_of(collection.name()).join(snapshot);
        if path.is_file() { Ok(path) } else { Err(missing()) }
    }

    /// Deletes a snapshot.
    pub fn delete_snapshot(&self, name: &str, snapshot: &str) -> EngineResult<bool> {
        let path = self.snapshot_path(name, snapshot)?;
        fs::remove_file(&path)?;
        if beside(&path).exists() {
            fs::remove_file(beside(&path))?;
        }
        Ok(true)
    }

    /// An empty file in the store's own folder, for a snapshot that arrives from outside.
    pub fn incoming_snapshot(&self) -> EngineResult<NamedTempFile> {
        Ok(NamedTempFile::new_in(self.snapshots_folder())?)
    }

    /// The file a `file://` location means: only below the store's own snapshots.
    pub fn local_snapshot(&self, path: &Path) -> EngineResult<PathBuf> {
        let allowed = fs::canonicalize(self.snapshots_folder())?;
        let path = fs::canonicalize(path).map_err(|_| EngineError::bad_request(format_args!("Snapshot file {path:?} does not exist")))?;
        if path.starts_with(&allowed) {
            return Ok(path);
        }
        Err(EngineError::forbidden(format_args!("Snapshot file path must be inside the snapshots directory {allowed:?}")))
    }

    /// Puts a snapshot in the place of a collection, through an alias too, or makes the collection.
    pub fn recover_snapshot(&self, name: &str, file: &Path, expected: Option<&str>) -> EngineResult<bool> {
        if let Some(expected) = expected {
            let found = checksum(file)?;
            if !found.eq_ignore_ascii_case(expected) {
                return Err(EngineError::bad_input(format_args!("Snapshot checksum mismatch: expected {expected}, got {found}")));
            }
        }
        let folder = self.new_folder();
        let installed = self.install_from(name, file, &folder);
        if installed.is_err() && folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        installed.map(|()| true)
    }

    fn install_from(&self, name: &str, file: &Path, folder: &Path) -> EngineResult<()> {
        unpack(file, folder)?;
        let record = Collection::read_record(folder)?;
        let _making = self.making();
        let (name, config) = match self.collection(name) {
            Err(_) => {
                names::check_new("path parameters", name)?;
                (name.to_owned(), record.config)
            }
            Ok(existing) => {
                let current = existing.config();
                if current.params.vectors != record.config.params.vectors {
                    return Err(EngineError::bad_input(format_args!(
                        "Snapshot is not compatible with existing collection: Collection vectors: {:?} Snapshot Vectors: {:?}",
                        current.params.vectors, record.config.params.vectors
                    )));
                }
                if current.params.shard_number != record.config.params.shard_number {
                    return Err(EngineError::bad_input(format_args!(
                        "Snapshot is not compatible with existing collection: Collection shard number: {} Snapshot shard number: {}",
                        current.params.shard_number, record.config.params.shard_number
                    )));
                }
                (existing.name().to_owned(), current)
            }
        };
        self.install(Collection::open(&name, folder.to_owned(), config)?);
        Ok(())
    }

    fn snapshots_of(&self, collection: &str) -> PathBuf {
        // `.` and `..` are legal names of collections, and no names of folders.
        let folder = if collection.chars().all(|c| c == '.') { collection.replace('.', "%2E") } else { collection.to_owned() };
        self.snapshots_folder().join(folder)
    }
}

fn pack(folder: &Path, into: &mut File) -> EngineResult<()> {
    let mut archive = tar::Builder::new(io::BufWriter::new(into));
    archive.append_dir_all(".", folder)?;
    archive.into_inner()?.flush()?;
    Ok(())
}

fn unpack(file: &Path, folder: &Path) -> EngineResult<()> {
    fs::create_dir_all(folder)?;
    tar::Archive::new(io::BufReader::new(File::open(file)?))
        .unpack(folder)
        .map_err(|why| EngineError::bad_input(format_args!("the snapshot cannot be unpacked: {why}")))
}

fn checksum(file: &Path) -> EngineResult<String> {
    let mut file = File::open(file)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(buffer.get(..read).unwrap_or_default());
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn beside(snapshot: &Path) -> PathBuf {
    let mut name = snapshot.as_os_str().to_owned();
    name.push(CHECKSUM_SUFFIX);
    name.into()
}

fn describe(path: &Path) -> EngineResult<SnapshotDescription> {
    let about = fs::metadata(path)?;
    let checksum_file = beside(path);
    let checksum = if checksum_file.exists() { Some(fs::read_to_string(checksum_file)?) } else { None };
    let name = path.file_name().unwrap_or_default();
    Ok(SnapshotDescription {
        name: name.to_string_lossy().into_owned(),
        creation_time: about.modified().ok().map(|time| moment(time).replacen(' ', "T", 1)),
        size: about.len(),
        checksum,
    })
}

/// `<collection>-<peer>-<date>.snapshot`; two in one second get a number.
fn free_name(folder: &Path, collection: &str) -> PathBuf {
    let date = moment(SystemTime::now()).replace([' ', ':'], "-");
    let stem = format!("{collection}-{PEER}-{date}");
    let first = folder.join(format!("{stem}{SUFFIX}"));
    let numbered = (2_u32..).map(|number| folder.join(format!("{stem}-{number}{SUFFIX}")));
    std::iter::once(first).chain(numbered).find(|path| !path.exists()).unwrap_or_else(|| folder.join(format!("{stem}{SUFFIX}")))
}

/// `2024-02-29 12:30:00`, in UTC.
fn moment(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (year, month, day) = civil_date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// The date so many days after 1970-01-01, by counting years from March so that the leap day comes last.
fn civil_date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::moment;

    #[test]
    fn moments_are_written_as_dates() {
        let cases = [
            (0, "1970-01-01 00:00:00"),
            (951_827_696, "2000-02-29 12:34:56"),
            (1_709_251_199, "2024-02-29 23:59:59"),
            (1_709_251_200, "2024-03-01 00:00:00"),
            (4_102_444_800, "2100-01-01 00:00:00"),
        ];
        for (seconds, text) in cases {
            assert_eq!(moment(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}
