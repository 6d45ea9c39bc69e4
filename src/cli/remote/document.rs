//! Bodies that are too long for flags: YAML or JSON from a file or from standard input.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

use super::Failure;

/// `-` is standard input. Every JSON document is YAML, too.
pub(super) fn read(file: &Path) -> Result<Value, Failure> {
    let name = file.display();
    let text = if file.as_os_str() == "-" { io::read_to_string(io::stdin()) } else { fs::read_to_string(file) };
    let text = text.map_err(|error| Failure::Usage(format!("{name} cannot be read: {error}")))?;
    let value: Value = serde_saphyr::from_str(&text).map_err(|error| Failure::Usage(format!("{name} is not YAML: {error}")))?;
    if value.is_object() { Ok(value) } else { Err(Failure::Usage(format!("{name} must hold fields and their values"))) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(text: &str) -> Result<Value, Failure> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("plan.yaml");
        fs::write(&file, text).expect("written");
        read(&file)
    }

    #[test]
    fn yaml_and_json_are_the_same() {
        let wanted = json!({"alias": "docs", "stages": [{"percentage": 0.5, "duration": "30m", "approval": true}]});
        assert_eq!(of("alias: docs\nstages:\n  - {percentage: 0.5, duration: 30m, approval: true}\n").expect("YAML"), wanted);
        assert_eq!(of(&wanted.to_string()).expect("JSON"), wanted);
    }

    #[test]
    fn what_is_no_object_is_wrong_usage() {
        for text in ["- docs\n", "docs", "a: [1"] {
            assert!(matches!(of(text), Err(Failure::Usage(_))), "{text}");
        }
        assert!(read(Path::new("/nowhere/plan.yaml")).expect_err("no file").to_string().starts_with("/nowhere/plan.yaml cannot be read"));
    }
}
