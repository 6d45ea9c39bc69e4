//! A method and a raw path, as in a request line: `POST /collections/documents/points/query`.

use http::Method;
use pointsman::protocol::operations::{Located, locate, rewritten};

/// Needs encoding in every way there is.
const OTHER: &str = "ż/ %2F?#";

pub fn path(data: &[u8]) {
    let Some((method, path)) = std::str::from_utf8(data).ok().and_then(|line| line.split_once(' ')) else { return };
    let Ok(method) = Method::from_bytes(method.as_bytes()) else { return };
    // hyper hands out no other: what has no slash in front is the asterisk form or an authority, and names nothing.
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };

    let located = locate(&method, &path);
    let decoded = |located: &Option<Located<'_>>| {
        located.as_ref().map(|located| (located.operation, located.name.as_ref().map(|name| name.decoded.clone().into_owned())))
    };
    let doubled = path.replace('/', "//");
    assert_eq!(decoded(&locate(&method, &doubled)), decoded(&located), "repeated slashes count");

    let Some(Located { operation, name }) = located else { return };
    assert_eq!(name.is_some(), operation.is_named());
    let Some(name) = name else { return };
    let raw = path.get(name.range.clone()).expect("the range is text within the path");
    assert!(!raw.is_empty() && !raw.contains('/'), "{raw:?} is no segment");

    let renamed = rewritten(&path, None, &name.range, OTHER);
    assert_eq!(decoded(&locate(&method, &renamed)), Some((operation, Some(OTHER.to_owned()))), "renamed to {renamed:?}");
}
