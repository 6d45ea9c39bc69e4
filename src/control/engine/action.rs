//! Everything that changes something: how the audit log calls it, and who may do it.

/// What a role has to be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::control) enum Permission {
    /// To move traffic: routes, aliases, rollouts, the kill switch, retirements, captures.
    Operate,
    /// To change what protects Pointsman itself.
    Administer,
    /// Pointsman's own steps, which no caller asks for.
    Control,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident = $name:literal, $permission:ident;)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::control) enum Action {
            $($(#[$doc])* $action,)+
        }

        impl Action {
            #[cfg(test)]
            pub(in crate::control) const ALL: &'static [Self] = &[$(Self::$action,)+];

            /// In the audit log.
            pub(in crate::control) const fn name(self) -> &'static str {
                match self {
                    $(Self::$action => $name,)+
                }
            }

            pub(in crate::control) const fn permission(self) -> Permission {
                match self {
                    $(Self::$action => Permission::$permission,)+
                }
            }
        }
    };
}

actions! {
    AliasPut = "alias.put", Operate;
    AliasSwitch = "alias.switch", Operate;
    AliasDelete = "alias.delete", Operate;
    RoutePut = "route.put", Operate;
    RouteWeights = "route.weights", Operate;
    RouteDelete = "route.delete", Operate;
    /// Routes of the configuration file.
    RoutesConfigure = "routes.configure", Control;
    CanaryCreate = "canary.create", Operate;
    CanaryPause = "canary.pause", Operate;
    CanaryResume = "canary.resume", Operate;
    CanarySkip = "canary.skip", Operate;
    CanaryPromote = "canary.promote", Operate;
    CanaryApprove = "canary.approve", Operate;
    CanaryAbort = "canary.abort", Operate;
    CanarySupersede = "canary.supersede", Operate;
    CanaryStep = "canary.step", Control;
    DeploymentCreate = "deployment.create", Operate;
    DeploymentReady = "deployment.ready", Operate;
    DeploymentVerify = "deployment.verify", Operate;
    DeploymentCancel = "deployment.cancel", Operate;
    DeploymentRollback = "deployment.rollback", Operate;
    DeploymentStep = "deployment.step", Control;
    ExperimentCreate = "experiment.create", Operate;
    ExperimentChange = "experiment.change", Operate;
    ExperimentStop = "experiment.stop", Operate;
    ExperimentStep = "experiment.step", Control;
    ShadowCreate = "shadow.create", Operate;
    ShadowStop = "shadow.stop", Operate;
    ShadowStep = "shadow.step", Control;
    CaptureCreate = "capture", Operate;
    RetirementCreate = "retirement.create", Operate;
    RetirementPlan = "retirement.plan", Operate;
    RetirementCancel = "retirement.cancel", Operate;
    RetirementStep = "retirement.step", Control;
    KillSwitchOn = "kill_switch.on", Operate;
    KillSwitchOff = "kill_switch.off", Operate;
    TokenKeyRotate = "token_key.rotate", Administer;
    LogLevelSet = "log_level.set", Administer;
    /// The oldest of what has ended.
    RolloutsForget = "rollouts.forget", Control;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_action_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = Action::ALL.iter().map(|action| action.name()).collect();
        assert_eq!(names.len(), Action::ALL.len());
    }
}
