//! Where the hits of an answer stand.

use std::ops::Range;

use super::Visit;

#[derive(Debug, Default)]
pub(super) struct Spans {
    pub(super) lists: Vec<List>,
}

/// One list; the hits of groups are one.
#[derive(Debug)]
pub(super) struct List {
    /// From its first hit on to what follows the last one.
    pub(super) range: Range<usize>,
    pub(super) hits: Vec<Span>,
}

/// One hit.
#[derive(Debug)]
pub(super) struct Span {
    /// Where its field begins. In JSON that is the hit itself.
    pub(super) field: usize,
    pub(super) content: Range<usize>,
}

/// The answer is in memory, so all its offsets are ones of this machine.
fn offset(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

impl Visit for Spans {
    fn list_begins(&mut self, at: u64) {
        self.lists.push(List { range: offset(at)..offset(at), hits: Vec::new() });
    }

    fn list_ends(&mut self, at: u64) {
        if let Some(list) = self.lists.last_mut() {
            list.range.end = offset(at);
        }
    }

    fn hit(&mut self, field: u64, content: u64) -> bool {
        if let Some(list) = self.lists.last_mut() {
            list.hits.push(Span { field: offset(field), content: offset(content)..offset(content) });
        }
        false
    }

    fn hit_ends(&mut self, at: u64) {
        if let Some(hit) = self.lists.last_mut().and_then(|list| list.hits.last_mut()) {
            hit.content.end = offset(at);
        }
    }
}
