//! `pointsman store export` and `import`, by the binary.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::house::{Pointsman, Upstream, alias, collection, get};

fn store(database: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.arg("store").arg("--store-url").arg(database).args(arguments).env_remove("POINTSMAN_CONFIG");
    command.current_dir(database.parent().expect("a folder")).output().expect("the binary runs")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_store_is_exported_and_an_empty_one_takes_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [here, there] = ["here.db", "there.db"].map(|name| folder.path().join(name));
    let upstream = Upstream::sandbox().await;
    for name in ["docs_v1", "docs_v2"] {
        collection(&upstream.rest, name).await;
    }
    alias(&upstream.rest, "docs", "docs_v1").await;
    let first = Pointsman::start(&upstream, &format!("store: {{url: {here:?}}}")).await;
    first.split("docs", "docs_v2", 70, 30).await;
    let wanted = get(&first.http, &first.admin("/v1/routes/docs")).await;

    let exported = store(&here, &["export", "--out", "export.json"]);
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let refused = store(&here, &["import", "export.json"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("in use"), "a running store takes nothing");
    let imported = store(&there, &["import", "export.json"]);
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    let again = store(&there, &["import", "export.json"]);
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("force"), "it is not empty any more");

    let second = Pointsman::start(&upstream, &format!("store: {{url: {there:?}}}")).await;
    let found: Value = get(&second.http, &second.admin("/v1/routes/docs")).await;
    assert_eq!((&found["variants"], &found["allocation"], &found["salt"]), (&wanted["variants"], &wanted["allocation"], &wanted["salt"]));
}

#[test]
fn what_is_no_export_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("other.json"), "{}").expect("written");
    let refused = store(&folder.path().join("store.db"), &["import", "other.json"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is no export"), "{}", String::from_utf8_lossy(&refused.stderr));
    let absent = store(&folder.path().join("none.db"), &["export"]);
    assert!(!absent.status.success() && String::from_utf8_lossy(&absent.stderr).contains("there is no store"));
}
