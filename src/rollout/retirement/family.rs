//! Which collections of a family are too many. Qdrant does not say when a collection was made, so the newest ones are
//! told by the numbers or the dates at the end of their names; a family that uses both cannot be put in order and is left
//! alone.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

/// What stands at the end of a name. Only within one variant is there an order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Version {
    /// The family's own name: older than whatever came after it.
    Plain,
    /// `_v2`, `-7`, `_v1_3`.
    Numbers(Vec<u64>),
    /// `_20240201`, `_2024-02-01`, `_20240201_101112`: the day, then what stands behind it.
    Date(u64, Vec<u64>),
}

/// One collection of a family.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FamilyMember {
    pub collection: String,
    /// Why it stays; none: it is one too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<Kept>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// Among the newest ones.
    Newest,
    /// In use by these.
    Referred(Vec<String>),
}

/// A family from its newest to its oldest member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Retention {
    pub family: String,
    pub members: Vec<FamilyMember>,
}

/// Which is newer cannot be known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the family `{family}` counts its versions both by number (`{numbered}`) and by date (`{dated}`): which is newer cannot be told")]
pub struct MixedVersions {
    pub family: String,
    pub numbered: String,
    pub dated: String,
}

/// The family of a collection: `docs` for `docs`, `docs_v2` and `docs_20240201_101112`.
#[must_use]
pub fn family_of(collection: &str) -> &str {
    split(collection).0
}

/// Keeps the `newest` ones of `family` and those that `references` names; the names of others are not looked at.
///
/// # Errors
/// When the family has no order.
pub fn retention(
    family: &str,
    collections: &BTreeSet<String>,
    newest: usize,
    references: &BTreeMap<String, Vec<String>>,
) -> Result<Retention, MixedVersions> {
    let of_family = collections.iter().map(|name| (split(name), name)).filter(|((stem, _), _)| *stem == family);
    let mut members: Vec<(Version, &String)> = of_family.map(|((_, version), name)| (version, name)).collect();
    let numbered = members.iter().find(|(version, _)| matches!(version, Version::Numbers(_)));
    let dated = members.iter().find(|(version, _)| matches!(version, Version::Date(..)));
    if let (Some((_, numbered)), Some((_, dated))) = (numbered, dated) {
        let (numbered, dated) = (String::clone(numbered), String::clone(dated));
        return Err(MixedVersions { family: family.to_owned(), numbered, dated });
    }
    members.sort_by(|one, other| other.cmp(one));
    let member = |(place, (_, collection)): (usize, (Version, &String))| {
        let referred = references.get(collection).filter(|by| !by.is_empty());
        let newest = (place < newest).then_some(Kept::Newest);
        FamilyMember { collection: collection.clone(), kept: referred.cloned().map(Kept::Referred).or(newest) }
    };
    Ok(Retention { family: family.to_owned(), members: members.into_iter().enumerate().map(member).collect() })
}

const SEPARATORS: [char; 3] = ['_', '-', '.'];

/// The family and the version. A number without a separator before it belongs to the name: `gpt4` is no fourth `gpt`.
fn split(name: &str) -> (&str, Version) {
    let plain = (name, Version::Plain);
    let head = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || SEPARATORS.contains(&letter));
    let tail = &name[head.len()..];
    let before_v = head.strip_suffix(['v', 'V']).filter(|rest| rest.ends_with(SEPARATORS));
    let (stem, digits) = match before_v.filter(|_| tail.starts_with(|letter: char| letter.is_ascii_digit())) {
        Some(rest) => (rest.trim_end_matches(SEPARATORS), tail),
        None => (head, tail.strip_prefix(SEPARATORS).unwrap_or_default()),
    };
    let groups: Option<Vec<&str>> = digits.split(SEPARATORS).map(|group| (!group.is_empty()).then_some(group)).collect();
    match groups.and_then(|groups| version(&groups)) {
        Some(version) if !stem.is_empty() => (stem, version),
        _ => plain,
    }
}

fn version(groups: &[&str]) -> Option<Version> {
    // More digits are no count of anything.
    let numbers: Vec<u64> = groups.iter().map(|group| group.parse().ok()).collect::<Option<_>>()?;
    let date = match (groups, numbers.as_slice()) {
        ([day, ..], [number, rest @ ..]) if day.len() == 8 && is_day(number / 10_000, number / 100 % 100, number % 100) => {
            Some(Version::Date(*number, rest.to_vec()))
        }
        ([year, month, day, ..], [y, m, d, rest @ ..]) if (year.len(), month.len(), day.len()) == (4, 2, 2) && is_day(*y, *m, *d) => {
            Some(Version::Date(y * 10_000 + m * 100 + d, rest.to_vec()))
        }
        _ => None,
    };
    Some(date.unwrap_or(Version::Numbers(numbers)))
}

fn is_day(year: u64, month: u64, day: u64) -> bool {
    (1900..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)
}
