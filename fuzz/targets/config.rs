//! A configuration file, and the same bytes in an environment variable.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStringExt;

use pointsman::config::{Config, Origin, Source};

pub fn config(data: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(data).expect("written");
    let source = Source::of_file(file.path());
    // The place after the last line is where something was expected that never came.
    let lines = data.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64 + 2;
    match Config::load(&source) {
        Ok(loaded) => assert_eq!(loaded.fingerprint, source.fingerprint()),
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a reason");
            for fault in faults {
                assert!(!fault.reason.is_empty(), "{fault:?}");
                match fault.origin {
                    Origin::File { line, .. } => assert!(line <= lines, "the file has no line {line}: {}", fault.reason),
                    Origin::Default => {}
                    origin => panic!("nothing was set {origin}"),
                }
            }
        }
    }
    in_variable(data);
}

fn in_variable(data: &[u8]) {
    let variable = "POINTSMAN__IDENTITY";
    let source = Source::default().with_environment([(variable, OsString::from_vec(data.to_vec()))]);
    if let Err(faults) = Config::load(&source) {
        assert!(!faults.is_empty(), "refused without a reason");
        for fault in faults {
            assert!(fault.key == "identity" || fault.key.starts_with("identity."), "the fault is elsewhere: {fault:?}");
        }
    }
}
