//! A file of recorded questions: whatever is taken for one comes out of its own lines again, and can be asked or is refused.

use pointsman::golden::{self, Golden};
use pointsman::mirror;

pub fn golden(data: &[u8]) {
    let Ok(found) = golden::read(data) else { return };
    let Golden { header, queries, ended } = &found;
    let lines = queries.iter().map(|(_, query)| {
        // Either way without a panic.
        let _ = mirror::check(query);
        query.line()
    });
    let written: Vec<String> = [header.line()].into_iter().chain(lines).chain(ended.as_ref().map(golden::Progress::line)).collect();
    assert!(written.iter().all(|line| !line.contains('\n')), "a line is one line");
    let again = golden::read(written.join("\n").as_bytes()).expect("its own lines");
    assert!(again.header.alias == header.alias && again.ended == *ended);
    let asked = |golden: &Golden| golden.queries.iter().map(|(_, query)| query.clone()).collect::<Vec<_>>();
    assert_eq!(asked(&again), asked(&found));
}
