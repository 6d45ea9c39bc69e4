use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;

fn watcher(source: &Source) -> Watcher {
    Watcher::every(Duration::from_millis(5), source.clone(), source.fingerprint()).expect("signals can be heard")
}

async fn workers(watcher: &mut Watcher) -> usize {
    watcher.next().await.outcome.expect("legal").config.workers
}

/// Replaces a file at once, as editors and `kubectl` do: a half-written one is never seen.
fn replace(file: &Path, content: &str) {
    let fresh = file.with_extension("new");
    std::fs::write(&fresh, content).expect("written");
    std::fs::rename(&fresh, file).expect("renamed");
}

#[tokio::test]
async fn a_new_content_is_read_and_a_faulty_one_told_once() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("pointsman.yaml");
    replace(&file, "workers: 1");
    let mut watcher = watcher(&Source::of_file(&file));
    replace(&file, "workers: 2");
    assert_eq!(workers(&mut watcher).await, 2);
    replace(&file, "workers: many");
    let change = watcher.next().await;
    assert_eq!(change.outcome.expect_err("faulty")[0].key, "workers");
    assert_ne!(change.fingerprint, "");
    // Were the faulty content told again, this would be it.
    replace(&file, "workers: 3");
    assert_eq!(workers(&mut watcher).await, 3);
}

#[tokio::test]
async fn a_mounted_directory_that_is_swapped_is_noticed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (version, workers) in [("v1", 1), ("v2", 2)] {
        std::fs::create_dir(directory.path().join(version)).expect("created");
        std::fs::write(directory.path().join(version).join("pointsman.yaml"), format!("workers: {workers}")).expect("written");
    }
    let (data, next) = (directory.path().join("..data"), directory.path().join("..next"));
    symlink("v1", &data).expect("linked");
    symlink("..data/pointsman.yaml", directory.path().join("pointsman.yaml")).expect("linked");
    let mut watcher = watcher(&Source::of_file(directory.path().join("pointsman.yaml")));
    symlink("v2", &next).expect("linked");
    std::fs::rename(&next, &data).expect("swapped");
    assert_eq!(workers(&mut watcher).await, 2);
}

#[tokio::test]
async fn a_file_that_vanishes_is_a_fault() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("pointsman.yaml");
    replace(&file, "workers: 1");
    let mut watcher = watcher(&Source::of_file(&file));
    std::fs::remove_file(&file).expect("removed");
    let faults = watcher.next().await.outcome.expect_err("gone");
    assert!(faults[0].reason.contains("cannot be read"), "{faults:?}");
}

#[test]
fn keys_read_at_the_start_are_named() {
    let old = Config::default();
    let mut new = old.clone();
    new.timeouts.total = crate::config::Period::from_secs(9);
    assert_eq!(restart_needed(&old, &new), [""; 0]);
    new.listen.rest.set_port(1);
    new.workers = 7;
    new.metrics.max_aliases += 1;
    new.shutdown.delay = crate::config::Period::from_secs(9);
    assert_eq!(restart_needed(&old, &new), ["listen.rest", "workers", "metrics.max_aliases", "shutdown.delay"]);
}
