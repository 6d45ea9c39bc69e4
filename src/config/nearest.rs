//! Suggests the name that was probably meant by a mistyped one.

/// The likeliest of the names that are there, if one is near.
#[must_use]
pub fn nearest<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let distance = |name: &str| strsim::damerau_levenshtein(typed, name);
    names.into_iter().filter(|name| distance(name) <= 1 + name.len() / 4).min_by_key(|name| distance(name))
}
