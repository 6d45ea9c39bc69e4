//! Who asks for a change, in which role, and why: what a change is allowed by, and what the audit log says of it.

use serde_json::Value;

use super::action::{Action, Permission};
use crate::rollout::By;
use crate::store::AuditEntry;

/// What a caller may do. The admin API gives it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reports values of experiments.
    Feedback,
    /// Moves traffic.
    Operator,
    /// Also changes what protects Pointsman itself.
    Admin,
    /// Pointsman itself.
    Controller,
}

impl Role {
    const fn may(self, permission: Permission) -> bool {
        match self {
            Self::Viewer | Self::Feedback => false,
            Self::Operator => matches!(permission, Permission::Operate),
            Self::Admin => matches!(permission, Permission::Operate | Permission::Administer),
            Self::Controller => true,
        }
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Feedback => "feedback",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Controller => "controller",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The identity, as the audit log names it.
    pub actor: String,
    pub role: Role,
    pub reason: Option<String>,
}

impl Caller {
    #[must_use]
    pub fn new(actor: impl Into<String>, role: Role) -> Self {
        Self { actor: actor.into(), role, reason: None }
    }

    /// Pointsman itself.
    #[must_use]
    pub fn pointsman(reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::new("pointsman", Role::Controller) }
    }

    /// With a reason given in the request itself, which comes before the one that came along with it.
    #[must_use]
    pub fn because(self, reason: Option<String>) -> Self {
        Self { reason: reason.or(self.reason), ..self }
    }

    /// With a reason that is given where the caller has none.
    pub(in crate::control) fn otherwise(self, reason: Option<String>) -> Self {
        Self { reason: self.reason.or(reason), ..self }
    }

    /// As rollouts write it into their history.
    pub(in crate::control) fn by(&self, otherwise: &str) -> By {
        By::new(&self.actor, self.reason.as_deref().unwrap_or(otherwise))
    }
}

/// Who wants to do what to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::control) struct Intent {
    pub(in crate::control) action: Action,
    /// What lists filter by: the alias, where there is one.
    pub(in crate::control) subject: String,
    pub(in crate::control) caller: Caller,
}

impl Intent {
    pub(in crate::control) fn new(action: Action, subject: impl Into<String>, caller: Caller) -> Self {
        Self { action, subject: subject.into(), caller }
    }

    pub(in crate::control) fn is_allowed(&self) -> bool {
        self.caller.role.may(self.action.permission())
    }

    /// The row of the audit log.
    pub(in crate::control) fn audited(&self, before: Option<Value>, after: Option<Value>) -> AuditEntry {
        AuditEntry {
            actor: self.caller.actor.clone(),
            action: self.action.name().to_owned(),
            subject: self.subject.clone(),
            before,
            after,
            reason: self.caller.reason.clone(),
            result: "ok".to_owned(),
        }
    }

    pub(in crate::control) fn failed(&self, error: &impl ToString) -> AuditEntry {
        AuditEntry { result: error.to_string(), ..self.audited(None, None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_may_what_it_is_for() {
        let may = |role, action| Intent::new(action, "docs", Caller::new("ann", role)).is_allowed();
        for (action, allowed) in [
            (Action::AliasSwitch, [false, false, true, true, true]),
            (Action::TokenKeyRotate, [false, false, false, true, true]),
            (Action::CanaryStep, [false, false, false, false, true]),
        ] {
            let roles = [Role::Viewer, Role::Feedback, Role::Operator, Role::Admin, Role::Controller];
            assert_eq!(roles.map(|role| may(role, action)), allowed, "{}", action.name());
        }
    }
}
