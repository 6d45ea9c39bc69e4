//! Whose an alias is: a canary's or a deployment's alone, or that of experiments that share its units.
//!
//! Of two that want the same alias at the same time, anywhere, the document lets one through: whoever joins or leaves has
//! seen who is there, and names the revision he has seen.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Stored, any_revision, put_new, remove, replace};
use crate::store::{Expected, Kind, Write};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub(in crate::control) struct Owners {
    ids: Vec<String>,
    /// The store's revision of the last change; 0 where no rollout has the alias.
    revision: u64,
}

/// One alone is text, as it was before there could be several.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    Several(Vec<String>),
}

impl From<Written> for Owners {
    fn from(written: Written) -> Self {
        let ids = match written {
            Written::One(id) => vec![id],
            Written::Several(ids) => ids,
        };
        Self { ids, revision: 0 }
    }
}

impl From<Owners> for Written {
    fn from(mut owners: Owners) -> Self {
        match owners.ids.pop() {
            Some(only) if owners.ids.is_empty() => Self::One(only),
            last => Self::Several(owners.ids.into_iter().chain(last).collect()),
        }
    }
}

impl fmt::Display for Owners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ids.join(", "))
    }
}

impl Owners {
    /// The write by which an alias that belongs to nothing belongs to `id`.
    pub(in crate::control) fn only(id: &str, alias: &str) -> Write {
        put_new(alias, &Self { ids: vec![id.to_owned()], revision: 0 })
    }

    /// The write by which an alias goes from one to the next, such as from a deployment to its canary.
    pub(in crate::control) fn handed_to(id: &str, alias: &str) -> Write {
        any_revision(alias, &Self { ids: vec![id.to_owned()], revision: 0 })
    }

    pub(in crate::control) fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(String::as_str)
    }

    pub(in crate::control) fn contain(&self, id: &str) -> bool {
        self.ids().any(|owner| owner == id)
    }

    /// The write by which one more has a part of the alias.
    pub(in crate::control) fn joined_by(&self, id: &str, alias: &str) -> Write {
        let ids = self.ids.iter().cloned().chain(std::iter::once(id.to_owned())).collect();
        self.replaced_by(&Self { ids, revision: 0 }, alias)
    }

    /// The write by which one less has.
    pub(in crate::control) fn left_by(&self, id: &str, alias: &str) -> Write {
        let ids = self.ids.iter().filter(|owner| *owner != id).cloned().collect();
        self.replaced_by(&Self { ids, revision: 0 }, alias)
    }

    fn replaced_by(&self, next: &Self, alias: &str) -> Write {
        if next.ids.is_empty() {
            let expected = if self.revision == 0 { Expected::Absent } else { Expected::Revision(self.revision) };
            return remove::<Self>(alias, expected);
        }
        replace(alias, next, self.revision)
    }
}

impl Stored for Owners {
    const KIND: Kind = Kind::new("owner");

    fn stored_at(self, _: &str, revision: u64) -> Self {
        Self { revision, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::documents::json;

    fn read(body: serde_json::Value) -> Owners {
        serde_json::from_value(body).expect("it was written by us")
    }

    #[test]
    fn one_alone_is_written_as_it_always_was() {
        for body in [serde_json::json!("canary_1"), serde_json::json!(["exp_a", "exp_b"])] {
            assert_eq!(json(&read(body.clone())), body);
        }
    }

    #[test]
    fn whoever_joins_or_leaves_has_seen_who_is_there() {
        let body = |write: &Write| match write {
            Write::Put { body, expected, .. } => (Some(body.clone()), *expected),
            Write::Delete { expected, .. } => (None, *expected),
        };
        let nobody = Owners::default();
        assert_eq!(body(&nobody.joined_by("exp_a", "docs")), (Some("exp_a".into()), Expected::Absent));
        let one = read("exp_a".into()).stored_at("docs", 7);
        let two = one.joined_by("exp_b", "docs");
        assert_eq!(body(&two), (Some(serde_json::json!(["exp_a", "exp_b"])), Expected::Revision(7)));
        assert_eq!(body(&one.left_by("exp_a", "docs")), (None, Expected::Revision(7)));
        let two = read(serde_json::json!(["exp_a", "exp_b"])).stored_at("docs", 8);
        assert_eq!(body(&two.left_by("exp_a", "docs")), (Some("exp_b".into()), Expected::Revision(8)));
        assert!(two.contain("exp_b") && !two.contain("exp_c"));
        assert_eq!(two.to_string(), "exp_a, exp_b");
    }
}
