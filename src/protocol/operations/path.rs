//! Finds the operation of a REST request, and the collection's name in its path.
//!
//! Paths are matched as Qdrant matches them: repeated and trailing slashes are ignored, and segments are compared after
//! percent-decoding. The name is a range of the *raw* path, so that a rewrite replaces just those bytes.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use http::uri::PathAndQuery;
use http::{Method, Uri};
use matchit::Router;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use smallvec::SmallVec;

use super::{OPERATIONS, Operation};

/// The result of matching the path of a REST request.
#[derive(Debug, PartialEq, Eq)]
pub struct Located<'p> {
    pub operation: &'static Operation,
    pub name: Option<Name<'p>>,
}

/// A collection's name in a path.
#[derive(Debug, PartialEq, Eq)]
pub struct Name<'p> {
    /// Its position in the raw path.
    pub range: Range<usize>,
    pub decoded: Cow<'p, str>,
}

/// The characters that must be percent-encoded in a path segment.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

type Methods = SmallVec<[(Method, &'static Operation); 4]>;

static ROUTES: LazyLock<Router<Methods>> = LazyLock::new(routes);

/// Looks a raw path (without query) up. None if it is not one of Qdrant's routes; it is then forwarded unchanged.
#[must_use]
pub fn locate<'p>(method: &Method, path: &'p str) -> Option<Located<'p>> {
    let normal = normalised(path);
    let matched = ROUTES.at(&normal).ok()?;
    let operation = matched.value.iter().find(|(known, _)| known == method).map(|(_, operation)| *operation)?;
    let name = if operation.is_named() { Some(name_in(path)?) } else { None };
    Some(Located { operation, name })
}

/// The request target of `uri` in origin form: an absolute one may have a query and no path.
#[must_use]
pub fn origin_form(uri: &Uri) -> Cow<'_, str> {
    match uri.path_and_query().map_or("/", PathAndQuery::as_str) {
        query if query.starts_with('?') => Cow::Owned(format!("/{query}")),
        target => Cow::Borrowed(target),
    }
}

/// The request target that says `name` where `at` says another: only those bytes change.
#[must_use]
pub fn rewritten(path: &str, query: Option<&str>, at: &Range<usize>, name: &str) -> String {
    let name = utf8_percent_encode(name, SEGMENT);
    let (before, after) = (&path[..at.start], &path[at.end..]);
    match query {
        Some(query) => format!("{before}{name}{after}?{query}"),
        None => format!("{before}{name}{after}"),
    }
}

fn routes() -> Router<Methods> {
    let mut paths: Vec<(&'static str, Methods)> = Vec::new();
    for operation in OPERATIONS {
        for (method, path) in operation.rest {
            let method = Method::from_bytes(method.as_bytes()).expect("the table holds valid methods");
            match paths.iter_mut().find(|(known, _)| known == path) {
                Some((_, methods)) => methods.push((method, operation)),
                None => paths.push((path, SmallVec::from_iter([(method, operation)]))),
            }
        }
    }
    let mut router = Router::new();
    for (path, methods) in paths {
        router.insert(path, methods).expect("the table holds no conflicting routes");
    }
    router
}

/// The normalised path for matching. Nearly always the path itself.
fn normalised(path: &str) -> Cow<'_, str> {
    let bytes = path.as_bytes();
    let doubled = bytes.windows(2).any(|pair| pair == b"//");
    let trailing = bytes.len() > 1 && bytes.ends_with(b"/");
    if !doubled && !trailing && !bytes.contains(&b'%') {
        return Cow::Borrowed(path);
    }
    let mut normal = String::with_capacity(path.len());
    for (_, segment) in segments(path) {
        normal.push('/');
        match decoded(segment) {
            // An encoded slash never separates segments: `%2F` stays part of its segment.
            Some(text) if !text.contains('/') => normal.push_str(&text),
            _ => normal.push_str(segment),
        }
    }
    if normal.is_empty() {
        normal.push('/');
    }
    Cow::Owned(normal)
}

/// The second segment of a path below `/collections`. None if it is not text: no collection can have that name.
fn name_in(path: &str) -> Option<Name<'_>> {
    let (start, segment) = segments(path).nth(1)?;
    Some(Name { range: start..start + segment.len(), decoded: decoded(segment)? })
}

fn decoded(segment: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(segment).decode_utf8().ok()
}

/// The non-empty segments, with their offsets.
fn segments(path: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    path.split('/')
        .map(move |segment| {
            let at = start;
            start += segment.len() + 1;
            (at, segment)
        })
        .filter(|(_, segment)| !segment.is_empty())
}
