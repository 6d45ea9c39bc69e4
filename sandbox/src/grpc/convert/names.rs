//! Names of enumeration values: protobuf writes `OneAndHalfBits` where REST writes `one_and_half_bits`.

use serde_json::Value;

use super::{Json, Malformed};

/// The REST name of an enumeration value given as the number protobuf carries.
pub(super) fn rest<E: TryFrom<i32>>(number: i32, name: impl FnOnce(&E) -> &'static str) -> Json {
    E::try_from(number)
        .map(|value| Value::String(snake(name(&value))))
        .map_err(|_| Malformed(format!("Malformed message: unknown enumeration value {number}")))
}

/// The protobuf value for a REST name; unknown names give none, which a message shows as its zero value.
pub(super) fn proto<E>(value: Option<&Value>, parse: impl FnOnce(&str) -> Option<E>) -> Option<E> {
    parse(&camel(value?.as_str()?))
}

pub(super) fn snake(name: &str) -> String {
    if name.chars().all(char::is_uppercase) {
        return name.to_lowercase();
    }
    let mut out = String::with_capacity(name.len() + 4);
    for (at, letter) in name.chars().enumerate() {
        if at > 0 && letter.is_uppercase() {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// An underscore between digits is kept: `bits1_5` is `Bits1_5`.
fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut raise = true;
    for letter in name.chars() {
        if letter == '_' {
            raise = true;
        } else if raise {
            if letter.is_ascii_digit() {
                out.push('_');
            }
            out.extend(letter.to_uppercase());
            raise = false;
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{camel, snake};

    #[test]
    fn names_go_both_ways() {
        for (proto, rest) in
            [("OneAndHalfBits", "one_and_half_bits"), ("Bits1_5", "bits1_5"), ("MaxSim", "max_sim"), ("Float32", "float32")]
        {
            assert_eq!(snake(proto), rest);
            assert_eq!(camel(rest), proto);
        }
        assert_eq!(snake("DBSF"), "dbsf");
    }
}
