//! Everything a unit id can be read from: the collection's name in the first line, the query in the second, a header in
//! each that follows.

use http::{HeaderMap, HeaderName, HeaderValue};
use pointsman::routing::{BareName, Carrier, Places, SLOTS, Salt, bare, identify};

const SEPARATOR: &str = "@@u=";

pub fn identity(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let (name, query) = (lines.next().unwrap_or_default(), lines.next());
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(header) {
        headers.append(name, value);
    }

    let carriers = carriers();
    let BareName { name: stripped, unit: suffix } = bare(&carriers, name);
    match suffix {
        Some(unit) => assert_eq!([stripped, SEPARATOR, unit].concat(), name),
        None => {
            // Without a name in front of it, it is none.
            let none = !name.contains(SEPARATOR) || name.starts_with(SEPARATOR);
            assert!(stripped == name && none, "a suffix was overlooked");
        }
    }

    let places = Places { query, suffix };
    let unit = identify(&carriers, &headers, places);
    let alone = carriers.iter().find_map(|carrier| identify(std::slice::from_ref(carrier), &headers, places));
    assert_eq!(unit, alone, "carriers do not count in their order");
    if let Some(unit) = unit {
        assert!(!unit.is_empty(), "an empty id is none");
        assert!(Salt::new("route:documents").slot(&unit) < SLOTS);
    }
}

fn carriers() -> [Carrier; 6] {
    [
        Carrier::Header(HeaderName::from_static("x-user-id")),
        Carrier::Header(HeaderName::from_static("x-qdrant-route-affinity")),
        Carrier::JwtClaim("sub".into()),
        Carrier::Cookie("uid".into()),
        Carrier::Query("user".into()),
        Carrier::NameSuffix(SEPARATOR.into()),
    ]
}

fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_bytes(value.trim().as_bytes()).ok()?))
}
