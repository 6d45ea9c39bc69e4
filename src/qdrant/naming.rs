//! Names for the collections that come after others. Pure.
//!
//! Called by `control` for advice in answers, for the collections deployments make, and to tell which collections are one
//! family when old ones are cleared away.

use std::collections::BTreeSet;
use std::time::SystemTime;

use crate::routing::is_plain;

/// What stands at the end of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Suffix<'a> {
    /// Digits, behind `v`, a separator, or both.
    Number {
        head: &'a str,
        digits: &'a str,
    },
    /// `2024_02_01`, `2024-02-01` or `20240201`, maybe with a time behind it.
    Date {
        head: &'a str,
        between: &'a str,
        time: bool,
    },
    None,
}

/// The advice: `docs_v3` after `docs_v2`, today's date after an older one, `docs_v2` after `docs`. Never a name that is taken.
#[must_use]
pub fn next_name(current: &str, taken: &BTreeSet<String>, now: SystemTime) -> String {
    let free = |name: &String| *name != current && !taken.contains(name);
    match suffix(current) {
        Suffix::Number { head, digits } => {
            let names = numbers_after(digits).map(|number| format!("{head}{number:0>width$}", width = digits.len()));
            first(names, free)
        }
        Suffix::Date { head, between, time } => {
            let stamp = Stamp::of(now);
            let dated = format!("{head}{}", stamp.date(between));
            let timed = format!("{head}{}_{}", stamp.date(between), stamp.time());
            let numbered = (2_u64..).map(|number| format!("{timed}_{number}"));
            first((!time).then_some(dated).into_iter().chain([timed.clone()]).chain(numbered), free)
        }
        Suffix::None => first((2_u64..).map(|number| format!("{current}_v{number}")), free),
    }
}

/// `{alias}_{yyyymmdd}_{hhmmss}` in UTC, numbered when that is taken. An alias may be called what no collection that Pointsman
/// makes is called: such characters become `-`.
#[must_use]
pub fn deployment_name(alias: &str, taken: &BTreeSet<String>, now: SystemTime) -> String {
    /// Leaves room for the stamp and a number.
    const LONGEST: usize = 230;
    let stamp = Stamp::of(now);
    let plain = |character: char| if u8::try_from(character).is_ok_and(is_plain) { character } else { '-' };
    let alias: String = alias.chars().take(LONGEST).map(plain).collect();
    let name = format!("{alias}_{}_{}", stamp.date(""), stamp.time());
    let numbered = (2_u64..).map(|number| format!("{name}_{number}"));
    first([name.clone()].into_iter().chain(numbered), |name| !taken.contains(name))
}

/// What names of one family have in common: `docs` for `docs`, `docs_v2` and `docs_20240201_120000`.
#[must_use]
pub fn family(name: &str) -> &str {
    let head = match suffix(name) {
        Suffix::Date { head, .. } => head,
        Suffix::Number { head, .. } => match (suffix(head.trim_end_matches(SEPARATORS)), head.strip_suffix(['v', 'V'])) {
            // Two deployments in one second.
            (Suffix::Date { head, time: true, .. }, _) => head,
            (_, Some(rest)) if rest.ends_with(SEPARATORS) || rest.is_empty() => rest,
            _ => head,
        },
        Suffix::None => name,
    };
    let stem = head.trim_end_matches(SEPARATORS);
    if stem.is_empty() { name } else { stem }
}

const SEPARATORS: [char; 3] = ['_', '-', '.'];

fn suffix(name: &str) -> Suffix<'_> {
    let (body, time) = match name.rsplit_once('_') {
        Some((body, time)) if is_digits(time, 6) && matches!(date(body), Suffix::Date { .. }) => (body, true),
        _ => (name, false),
    };
    if let Suffix::Date { head, between, .. } = date(body) {
        return Suffix::Date { head, between, time };
    }
    let head = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &name[head.len()..];
    // More digits than that are no count of anything.
    if digits.is_empty() || head.is_empty() || digits.len() > 18 { Suffix::None } else { Suffix::Number { head, digits } }
}

fn date(name: &str) -> Suffix<'_> {
    for between in ["_", "-", ""] {
        let length = 8 + 2 * between.len();
        let Some((head, text)) = name.len().checked_sub(length).and_then(|start| name.split_at_checked(start)) else { continue };
        let parts = (text.get(..4), text.get(4 + between.len()..6 + between.len()), text.get(6 + 2 * between.len()..));
        let (Some(year), Some(month), Some(day)) = parts else { continue };
        let plausible = is_digits(year, 4)
            && (year.starts_with("19") || year.starts_with("20"))
            && in_range(month, 12)
            && in_range(day, 31)
            && format!("{year}{between}{month}{between}{day}") == text;
        if plausible && !head.ends_with(|c: char| c.is_ascii_digit()) {
            return Suffix::Date { head, between, time: false };
        }
    }
    Suffix::None
}

fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn in_range(text: &str, most: u32) -> bool {
    is_digits(text, 2) && text.parse().is_ok_and(|number: u32| (1..=most).contains(&number))
}

fn numbers_after(digits: &str) -> impl Iterator<Item = u64> {
    let current: u64 = digits.parse().unwrap_or(0);
    current + 1..
}

/// Every list of names here has no end, and what is taken has.
fn first(mut names: impl Iterator<Item = String>, free: impl Fn(&String) -> bool) -> String {
    names.find(|name| free(name)).unwrap_or_default()
}

/// A moment in UTC, as names show it.
struct Stamp {
    days: u64,
    seconds: u64,
}

impl Stamp {
    fn of(now: SystemTime) -> Self {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self { days: since / 86_400, seconds: since % 86_400 }
    }

    /// By counting from a March, so that the leap day comes last.
    fn date(&self, between: &str) -> String {
        let days = self.days + 719_468;
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let date = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + era * 400 + u64::from(month <= 2);
        format!("{year:04}{between}{month:02}{between}{date:02}")
    }

    fn time(&self) -> String {
        format!("{:02}{:02}{:02}", self.seconds / 3600, self.seconds / 60 % 60, self.seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::{Duration, SystemTime};

    use super::{deployment_name, family, next_name};

    /// 2024-02-29 12:34:56.
    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_709_210_096)
    }

    fn taken(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_next_name_counts_on_in_the_style_of_the_last() {
        let cases = [
            ("docs", "docs_v2"),
            ("docs_v2", "docs_v3"),
            ("docs-v9", "docs-v10"),
            ("docs_v009", "docs_v010"),
            ("docs2", "docs3"),
            ("docs_7", "docs_8"),
            ("docs_2024_02_01", "docs_2024_02_29"),
            ("docs-2023-12-31", "docs-2024-02-29"),
            ("docs_20240201", "docs_20240229"),
            ("docs_20240201_101112", "docs_20240229_123456"),
            ("docs_2024_02_29", "docs_2024_02_29_123456"),
            ("docs_20241301", "docs_20241302"),
            ("2024", "2024_v2"),
            ("日本_v1", "日本_v2"),
            ("docs_v18446744073709551615", "docs_v18446744073709551615_v2"),
        ];
        for (current, next) in cases {
            assert_eq!(next_name(current, &BTreeSet::new(), now()), next, "after {current}");
        }
    }

    #[test]
    fn names_that_are_taken_are_skipped() {
        assert_eq!(next_name("docs_v2", &taken(&["docs_v3", "docs_v4"]), now()), "docs_v5");
        assert_eq!(next_name("docs", &taken(&["docs_v2"]), now()), "docs_v3");
        assert_eq!(deployment_name("docs", &taken(&[]), now()), "docs_20240229_123456");
        assert_eq!(deployment_name("docs", &taken(&["docs_20240229_123456"]), now()), "docs_20240229_123456_2");
    }

    #[test]
    fn a_family_is_what_names_have_in_common() {
        for name in ["docs", "docs_v2", "docs-v10", "docs_2024_02_01", "docs_20240201_101112", "docs_20240201_101112_2", "docs_3"] {
            assert_eq!(family(name), "docs", "{name}");
        }
        assert_eq!(family("user_docs_v2"), "user_docs");
        assert_eq!(family("rev2"), "rev");
        assert_eq!(family("v2"), "v2");
    }
}
