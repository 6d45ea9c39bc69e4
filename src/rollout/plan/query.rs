//! A PromQL query with places for what the canary is about.

/// What may stand between double braces, which mean nothing in PromQL.
const PLACES: [&str; 2] = ["alias", "collection"];

/// The places of a query: what stands before each, what it is called, and what follows the last.
fn places(query: &str) -> (Vec<(&str, &str)>, &str) {
    let (mut found, mut rest) = (Vec::new(), query);
    while let Some((before, inside)) = rest.split_once("{{")
        && let Some((name, after)) = inside.split_once("}}")
    {
        found.push((before, name.trim()));
        rest = after;
    }
    (found, rest)
}

/// The first place that has no meaning.
pub(super) fn unknown(query: &str) -> Option<&str> {
    places(query).0.into_iter().map(|(_, name)| name).find(|name| !PLACES.contains(name))
}

/// The query with `{{alias}}` and `{{collection}}` filled in, as they may stand inside the quotes of a label's value.
#[must_use]
pub fn filled(query: &str, alias: &str, collection: &str) -> String {
    let (places, rest) = places(query);
    let mut text = String::with_capacity(query.len());
    for (before, name) in places {
        text.push_str(before);
        text.push_str(&escaped(if name == "alias" { alias } else { collection }));
    }
    text.push_str(rest);
    text
}

fn escaped(name: &str) -> String {
    name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_braces_of_selectors_stay() {
        let query = r#"sum(rate(clicks{alias="{{alias}}"}[5m])) / x{c="{{ collection }}"}"#;
        assert_eq!(filled(query, "docs", "docs_v2"), r#"sum(rate(clicks{alias="docs"}[5m])) / x{c="docs_v2"}"#);
        assert_eq!(filled("up", "docs", "docs_v2"), "up");
        assert_eq!(filled("up{{", "docs", "docs_v2"), "up{{", "nothing is closed here");
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(filled(r#"x{a="{{alias}}"}"#, r#"a"} or \"#, ""), r#"x{a="a\"} or \\"}"#);
    }

    #[test]
    fn places_nobody_knows_are_named() {
        assert_eq!(unknown(r#"x{a="{{alias}}", b="{{variant}}"}"#), Some("variant"));
        assert_eq!(unknown(r#"x{a="{{alias}}"}"#), None);
    }
}
