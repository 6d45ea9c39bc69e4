//! Who asks for a change, and why: what the audit log says of it.

use serde_json::Value;

use crate::store::AuditEntry;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    pub actor: String,
    pub reason: Option<String>,
}

/// What an audit entry is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deed<'a> {
    /// Such as `route.put`.
    pub(super) action: &'static str,
    /// The alias, where there is one.
    pub(super) subject: &'a str,
}

impl Author {
    #[must_use]
    pub fn new(actor: impl Into<String>) -> Self {
        Self { actor: actor.into(), reason: None }
    }

    /// Pointsman itself.
    #[must_use]
    pub fn pointsman(reason: impl Into<String>) -> Self {
        Self { actor: "pointsman".to_owned(), reason: Some(reason.into()) }
    }

    pub(super) fn did(&self, deed: Deed<'_>, before: Option<Value>, after: Option<Value>) -> AuditEntry {
        AuditEntry {
            actor: self.actor.clone(),
            action: deed.action.to_owned(),
            subject: deed.subject.to_owned(),
            before,
            after,
            reason: self.reason.clone(),
            result: "ok".to_owned(),
        }
    }

    pub(super) fn failed(&self, deed: Deed<'_>, error: &impl ToString) -> AuditEntry {
        AuditEntry { result: error.to_string(), ..self.did(deed, None, None) }
    }
}
