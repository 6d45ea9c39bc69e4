//! Lists come in pages, ordered by name; the next page begins after the last name of this one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;

/// Which page is wanted.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PageParams {
    /// The `next` of the page before. Default: the first page.
    after: Option<String>,
    /// From 1 to 1000 items, default 100. Values outside are taken as the nearest.
    limit: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub(super) struct Page<T> {
    items: Vec<T>,
    /// What to put into `after` for the next page; none on the last one.
    next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts a page out of `all`, which is ordered by `name`.
    pub(super) fn cut(all: Vec<T>, params: &PageParams, name: impl Fn(&T) -> String) -> Self {
        let limit = params.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        let start = params.after.as_ref().map_or(0, |after| all.partition_point(|item| name(item) <= *after));
        let more = all.len() > start + limit;
        let items: Vec<T> = all.into_iter().skip(start).take(limit).collect();
        let next = if more { items.last().map(name) } else { None };
        Self { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_everything_once() {
        let all: Vec<String> = (0..25).map(|number| format!("name{number:02}")).collect();
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = Page::cut(all.clone(), &PageParams { after, limit: Some(10) }, String::clone);
            seen.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
    }
}
