//! The byte positions of the hits in an answer.

use std::ops::Range;

use super::Visit;

#[derive(Debug, Default)]
pub(super) struct Spans {
    pub(super) lists: Vec<List>,
}

/// One list; the hits of groups are one list.
#[derive(Debug)]
pub(super) struct List {
    /// From its first hit to the byte after the last one.
    pub(super) range: Range<usize>,
    pub(super) hits: Vec<Span>,
}

/// One hit: with its brackets, or its field's key and length, and without.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) outer: Range<usize>,
    pub(super) inner: Range<usize>,
}

/// The answer is in memory, so all its offsets fit into `usize`.
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

    fn hit(&mut self, outer: u64, inner: u64) -> bool {
        if let Some(list) = self.lists.last_mut() {
            list.hits.push(Span { outer: offset(outer)..offset(outer), inner: offset(inner)..offset(inner) });
        }
        false
    }

    fn hit_ends(&mut self, inner: u64, outer: u64) {
        if let Some(hit) = self.lists.last_mut().and_then(|list| list.hits.last_mut()) {
            (hit.inner.end, hit.outer.end) = (offset(inner), offset(outer));
        }
    }
}
