//! The file of a capture: made anew, for its owner's eyes, and whole line by line.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::cli::remote::Failure;
use crate::golden::Progress;

/// A file that grows by whole lines: each is one write, so that what breaks off breaks off between two.
pub(super) struct Recording {
    file: File,
    name: String,
    queries: u64,
}

/// Whether a file may be made there. What happens in between is found out when it is made.
pub(super) fn check(path: &Path, force: bool) -> Result<(), Failure> {
    if !force && path.exists() {
        return Err(Failure::Usage(format!("{} is there already; --force replaces it", path.display())));
    }
    Ok(())
}

impl Recording {
    pub(super) fn create(path: &Path, force: bool) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let faulty = |error| Failure::Usage(format!("{name} cannot be made: {error}"));
        if force {
            // Made anew and not written over: the old one may be readable by others.
            fs::remove_file(path).or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(faulty(error)) })?;
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(faulty)?;
        Ok(Self { file, name, queries: 0 })
    }

    pub(super) fn header(&mut self, line: &str) -> Result<(), Failure> {
        self.line(line)
    }

    pub(super) fn query(&mut self, line: &str) -> Result<(), Failure> {
        self.line(line)?;
        self.queries += 1;
        Ok(())
    }

    pub(super) fn queries(&self) -> u64 {
        self.queries
    }

    /// Returns when it is on the disk.
    pub(super) fn finish(mut self, progress: &Progress) -> Result<(), Failure> {
        self.line(&progress.line())?;
        self.file.sync_all().map_err(|error| self.faulty(&error))
    }

    fn line(&mut self, line: &str) -> Result<(), Failure> {
        self.file.write_all(format!("{line}\n").as_bytes()).map_err(|error| self.faulty(&error))
    }

    fn faulty(&self, error: &io::Error) -> Failure {
        Failure::Usage(format!("{} cannot be written: {error}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_made_anew_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("golden.jsonl");
        let mut first = Recording::create(&path, false).expect("it is free");
        first.header("{}").expect("written");
        assert!(check(&path, false).is_err() && Recording::create(&path, false).is_err());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("ours");
        let mut second = Recording::create(&path, true).expect("it may be replaced");
        second.header("{\"a\":1}").expect("written");
        second.query("{\"b\":2}").expect("written");
        let progress = Progress { recorded: second.queries(), ..Progress::default() };
        second.finish(&progress).expect("written");
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&path).expect("readable");
        assert_eq!(text, format!("{{\"a\":1}}\n{{\"b\":2}}\n{}\n", progress.line()));
        assert_eq!(progress.recorded, 1);
    }
}
