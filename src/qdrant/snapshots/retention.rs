//! Which snapshots are old enough to go. Pure.

use super::Snapshot;

/// All but the newest `keep`, oldest first. A snapshot whose age is not known is kept, and counts as one of those kept.
#[must_use]
pub fn snapshots_to_delete(snapshots: &[Snapshot], keep: usize) -> Vec<&Snapshot> {
    let mut dated: Vec<&Snapshot> = snapshots.iter().filter(|snapshot| snapshot.creation_time.is_some()).collect();
    dated.sort_by(|a, b| (&a.creation_time, &a.name).cmp(&(&b.creation_time, &b.name)));
    let undated = snapshots.len() - dated.len();
    dated.truncate(dated.len().saturating_sub(keep.saturating_sub(undated)));
    dated
}

#[cfg(test)]
mod tests {
    use super::super::Snapshot;
    use super::snapshots_to_delete;

    fn snapshot(name: &str, time: Option<&str>) -> Snapshot {
        Snapshot { name: name.to_owned(), creation_time: time.map(str::to_owned), size: 1, checksum: None }
    }

    #[test]
    fn the_newest_stay() {
        let all = [
            snapshot("b", Some("2024-02-02T00:00:00")),
            snapshot("c", Some("2024-02-03T00:00:00")),
            snapshot("a", Some("2024-02-01T00:00:00")),
            snapshot("unknown", None),
        ];
        let names = |keep| snapshots_to_delete(&all, keep).iter().map(|snapshot| snapshot.name.as_str()).collect::<Vec<_>>();
        assert_eq!(names(4), Vec::<&str>::new());
        assert_eq!(names(2), ["a", "b"]);
        assert_eq!(names(0), ["a", "b", "c"]);
        assert_eq!(names(9), Vec::<&str>::new());
        assert_eq!(snapshots_to_delete(&[], 0), Vec::<&Snapshot>::new());
    }
}
