//! Names that applications may not take away from under a rollout, and whose they are.
//!
//! Built with the table by `control`, asked by `proxy` before it passes on a deletion or an alias change. The admin API
//! is not held by them: whoever uses it sees what it is about.

use std::collections::HashMap;

/// The owner of each guarded name, in words, such as ``the route of `docs` ``.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guards {
    aliases: HashMap<Box<str>, Box<str>>,
    collections: HashMap<Box<str>, Box<str>>,
}

/// One action of an alias change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AliasAction<'a> {
    Create { alias: &'a str },
    Delete { alias: &'a str },
    Rename { old: &'a str, new: &'a str },
}

impl Guards {
    /// Whoever moves, deletes or renames this alias is refused.
    pub fn guard_alias(&mut self, alias: &str, owner: &str) {
        self.aliases.entry(alias.into()).or_insert_with(|| owner.into());
    }

    /// Whoever deletes this collection, or hides it behind an alias that is renamed to its name, is refused.
    pub fn guard_collection(&mut self, collection: &str, owner: &str) {
        self.collections.entry(collection.into()).or_insert_with(|| owner.into());
    }

    /// Whether nothing is guarded, so that nothing has to be looked at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.aliases.is_empty() && self.collections.is_empty()
    }

    /// Whom the deletion of a collection would hurt. Qdrant takes the name literally, so that an alias's does not count.
    #[must_use]
    pub fn against_deletion(&self, collection: &str) -> Option<String> {
        self.collections.get(collection).map(|owner| refusal("collection", collection, owner))
    }

    /// Whom an action would hurt.
    #[must_use]
    pub fn against(&self, action: AliasAction<'_>) -> Option<String> {
        let moved = |alias: &str| self.aliases.get(alias).map(|owner| refusal("alias", alias, owner));
        // An alias hides the collection of its name. Only a renamed one: Qdrant itself refuses to create such an alias, and
        // says so in the words that clients know.
        let covered = |alias: &str| self.collections.get(alias).map(|owner| refusal("collection", alias, owner));
        match action {
            AliasAction::Create { alias } | AliasAction::Delete { alias } => moved(alias),
            AliasAction::Rename { old, new } => moved(old).or_else(|| moved(new)).or_else(|| covered(new)),
        }
    }
}

fn refusal(what: &str, name: &str, owner: &str) -> String {
    format!("{what} `{name}` belongs to {owner}; end that first, or use Pointsman's admin API")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guards() -> Guards {
        let mut guards = Guards::default();
        guards.guard_alias("docs", "the canary `canary_1`");
        guards.guard_collection("docs_v2", "the route of `docs`");
        guards
    }

    #[test]
    fn what_would_hurt_is_refused_with_its_owner() {
        for action in [
            AliasAction::Create { alias: "docs" },
            AliasAction::Delete { alias: "docs" },
            AliasAction::Rename { old: "docs", new: "free" },
            AliasAction::Rename { old: "free", new: "docs" },
            AliasAction::Rename { old: "free", new: "docs_v2" },
        ] {
            let refusal = guards().against(action).unwrap_or_else(|| panic!("{action:?} would hurt"));
            assert!(
                refusal.contains("belongs to the canary `canary_1`") || refusal.contains("belongs to the route of `docs`"),
                "{refusal}"
            );
        }
        assert!(guards().against_deletion("docs_v2").is_some());
    }

    #[test]
    fn everything_else_may_be_done() {
        for action in [
            AliasAction::Create { alias: "free" },
            AliasAction::Create { alias: "docs_v2" },
            AliasAction::Delete { alias: "free" },
            AliasAction::Delete { alias: "docs_v2" },
            AliasAction::Rename { old: "free", new: "free_too" },
        ] {
            assert_eq!(guards().against(action), None, "{action:?}");
        }
        assert_eq!(guards().against_deletion("docs"), None, "Qdrant follows no alias there");
        assert_eq!(guards().against_deletion("docs_v1"), None);
        assert!(Guards::default().is_empty() && !guards().is_empty());
    }
}
