//! Moments and lengths of time in words. The API counts milliseconds.

use serde_json::Value;

/// RFC 3339 in UTC, whatever the local zone, to the second; `-` for none.
pub(super) fn time(at: &Value) -> String {
    let moment = at.as_i64().and_then(|at| jiff::Timestamp::from_second(at.div_euclid(1000)).ok());
    moment.map_or_else(|| "-".to_owned(), |moment| moment.to_string())
}

/// The same, and how long ago that was.
pub(super) fn ago(at: &Value, now: i64) -> String {
    if at.is_i64() { format!("{} ({})", time(at), distance(at, now)) } else { "-".to_owned() }
}

/// How long ago that was, or how long it will be: for lists.
pub(super) fn distance(at: &Value, now: i64) -> String {
    let Some(milliseconds) = at.as_i64() else { return "-".to_owned() };
    let passed = now.saturating_sub(milliseconds);
    match length(passed.unsigned_abs()) {
        _ if passed.unsigned_abs() < 1000 => "now".to_owned(),
        length if passed < 0 => format!("in {length}"),
        length => format!("{length} ago"),
    }
}

/// In the largest unit that fits.
pub(super) fn length(milliseconds: u64) -> String {
    const UNITS: [(&str, u64); 4] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    let fits = UNITS.into_iter().find(|(_, unit)| milliseconds >= *unit);
    fits.map_or_else(|| format!("{milliseconds} ms"), |(name, unit)| format!("{} {name}", milliseconds / unit))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn moments_are_utc_and_say_how_long_ago() {
        let at = 1_795_262_401_750_i64;
        assert_eq!(time(&json!(at)), "2026-11-21T12:00:01Z");
        assert_eq!(ago(&json!(at), at + 3 * 60_000 + 5), "2026-11-21T12:00:01Z (3 m ago)");
        assert_eq!(ago(&json!(at), at - 7_200_000), "2026-11-21T12:00:01Z (in 2 h)");
        assert_eq!(ago(&json!(at), at + 999), "2026-11-21T12:00:01Z (now)");
        assert_eq!(ago(&Value::Null, at), "-");
    }

    #[test]
    fn lengths_take_the_largest_unit() {
        let said = [0, 999, 1_000, 59_999, 60_000, 7_199_999, 86_400_000].map(length);
        assert_eq!(said, ["0 ms", "999 ms", "1 s", "59 s", "1 m", "1 h", "1 d"]);
    }
}
