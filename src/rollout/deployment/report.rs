//! What became of a work, and what follows.

use super::{Deployment, DeploymentEnding, DeploymentState, MOST_ATTEMPTS, Source};
use crate::qdrant::{Checkpoint, CloneRecord, Difference, Progress, Schema, Undone, Validated, Validation, Verification};
use crate::rollout::loss::{Loss, Stake};
use crate::rollout::{By, Timestamp};

/// A collection that is there now.
#[derive(Clone, Debug, PartialEq)]
pub struct Built {
    pub record: CloneRecord,
    /// How it differs from what was asked for.
    pub surprises: Vec<String>,
}

/// What a comparison of the copy with its source came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    pub verification: Verification,
    /// From where on writes count as missing in the copy, if it is one.
    pub stake: Stake,
    /// Writes came while it was compared: what differs may be one of them.
    pub restless: bool,
    /// Acknowledged writes that the copy got itself, which bringing it up to date would undo; nothing was brought up to date then.
    pub contested: u64,
}

/// How the canary that moves the alias, and the new collection, are getting on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    /// Under way; the reason why the collection is not as it should be, if it is not.
    Goes(Option<String>),
    /// The alias has moved, and this was left behind in the old collection, if that loss was not accepted.
    Completed(Option<Loss>),
    /// It went back by itself: why.
    Back(String),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It can be done: what the alias points at, what the new collection is to be like where it is made here, and how that
    /// differs from the old one.
    Checked {
        previous: String,
        schema: Option<Box<Schema>>,
        differences: Vec<Difference>,
        /// What could not be found out.
        warnings: Vec<String>,
    },
    Built(Built),
    Copied(Checkpoint),
    Verified(Verified),
    /// Ready for questions; how it differs from the old collection.
    Finished {
        record: Option<CloneRecord>,
        differences: Vec<Difference>,
        warnings: Vec<String>,
    },
    Validated(Validation),
    /// Writes came that the switch would lose, and the loss was not accepted. Nothing was done.
    Late(Loss),
    /// Given to this canary.
    Released(String),
    Watched(Release),
    /// The alias is where it was; what became of the collection, where there was one.
    Undone(Option<Undone>),
    /// Not yet: nothing has failed, and it is to be looked at again.
    NotYet,
    /// To be tried again.
    Failed(String),
    /// Will never succeed.
    Refused(String),
}

impl Deployment {
    /// Takes in what became of the work of the present state.
    pub fn report(&mut self, now: Timestamp, outcome: Outcome) {
        use DeploymentState as S;
        match (self.state, outcome) {
            (S::Checking, Outcome::Checked { previous, schema, differences, warnings }) => {
                self.warn(warnings);
                (self.found.previous, self.found.schema, self.found.differences) =
                    (Some(previous), schema.map(|schema| *schema), differences);
                self.proceed(now, S::Creating, "it can be done");
            }
            (S::Creating, Outcome::Built(built)) => self.built(now, built),
            (S::Copying, Outcome::Copied(checkpoint)) => {
                let reason = format!("{} points are copied", checkpoint.copied());
                (self.found.checkpoint, self.found.left_ms) = (Some(checkpoint), Some(0));
                self.proceed(now, S::Verifying, reason);
            }
            (S::Verifying, Outcome::Verified(verified)) => self.verified(now, verified),
            (S::Finishing, Outcome::Finished { record, differences, warnings }) => {
                self.warn(warnings);
                (self.made.clone, self.found.differences) = (record, differences);
                self.proceed(now, S::Validating, "the collection is ready");
            }
            (S::Validating, Outcome::Validated(validation)) => self.validated(now, validation),
            (S::Releasing, Outcome::Late(loss)) => self.wait_for_acceptance(now, &loss.to_string()),
            (S::Releasing, Outcome::Released(canary)) => {
                let reason = format!("the canary {canary} moves the alias");
                self.made.canary = Some(canary);
                self.proceed(now, S::Watching, reason);
            }
            (S::Watching, Outcome::Watched(release)) => self.watched(now, release),
            (S::RollingBack { towards } | S::RollbackFailed { towards }, Outcome::Undone(undone)) => {
                let reason = match &undone {
                    Some(Undone::Kept { reason }) => format!("what could be undone is undone; {reason}"),
                    _ => "everything this deployment made is undone".to_owned(),
                };
                self.found.undone = undone;
                self.proceed(now, towards.into(), reason);
            }
            (state, Outcome::NotYet) if !state.is_terminal() => self.look_again(now),
            (state, Outcome::Failed(reason)) => self.failed(now, state, reason),
            (state, Outcome::Refused(reason)) => self.refused(now, state, reason),
            // Of a state that was left since: the deployment was cancelled.
            _ => {}
        }
    }

    /// The copy is under way. Only what lets it go on after a restart.
    pub fn progress(&mut self, progress: &Progress) {
        if self.state == DeploymentState::Copying {
            let before = self.found.checkpoint.as_ref().map_or(0, Checkpoint::copied);
            if progress.points > before {
                self.tries = super::Tries::default();
            }
            self.found.checkpoint.clone_from(&progress.checkpoint);
            self.found.points_per_second = Some(progress.points_per_second);
            self.found.left_ms = progress.left.map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
        }
    }

    /// The collection is about to be made: from now on one of its name may be this deployment's.
    pub fn intend(&mut self, record: CloneRecord) {
        if self.state == DeploymentState::Creating {
            self.made.clone = Some(record);
        }
    }

    /// The same trouble in two states is one warning.
    fn warn(&mut self, warnings: Vec<String>) {
        let known = &mut self.found.warnings;
        for warning in warnings {
            if !known.contains(&warning) {
                known.push(warning);
            }
        }
    }

    fn proceed(&mut self, now: Timestamp, to: DeploymentState, reason: impl Into<String>) {
        self.enter(now, to, &By::new("controller", reason));
    }

    fn built(&mut self, now: Timestamp, built: Built) {
        self.made.clone = Some(built.record);
        self.warn(built.surprises);
        let (to, reason) = match self.spec.source {
            Source::Collection(_) => (DeploymentState::Copying, "the collection is there"),
            Source::Snapshot(_) => (DeploymentState::Finishing, "the snapshot is recovered"),
            Source::External => (DeploymentState::AwaitingReady, "the collection is there; fill it, then report it with `ready`"),
        };
        self.proceed(now, to, reason);
    }

    fn verified(&mut self, now: Timestamp, Verified { verification, stake, restless, contested }: Verified) {
        let (differing, compared, equal) = (verification.differing, verification.compared, verification.is_equal());
        self.found.verification = Some(verification);
        // What differs, though it is tolerated, may be a write that only one of them has.
        if equal {
            self.count_from(stake);
        }
        let tolerated = differing <= self.spec.max_differences;
        if tolerated || (restless && self.accepts_lost_writes()) {
            // One that has a canary already was finished and validated before.
            let next = if self.has_served() { DeploymentState::Watching } else { DeploymentState::Finishing };
            return self.proceed(now, next, format!("{differing} differences, {compared} points compared as a whole"));
        }
        let reason = format!("{differing} points differ from the source, and at most {} may", self.spec.max_differences);
        let unsettled = if contested > 0 {
            let name = &self.collection;
            format!("{reason}; `{name}` got {contested} acknowledged writes by its own name, which bringing it up to date would undo")
        } else if restless {
            format!("{reason}; writes came while they were compared")
        } else {
            return self.refused(now, self.state, reason);
        };
        if self.has_served() {
            return self.proceed(now, DeploymentState::Watching, unsettled);
        }
        self.wait_for_acceptance(now, &unsettled);
    }

    fn validated(&mut self, now: Timestamp, validation: Validation) {
        let (outcome, asked) = (validation.outcome, validation.results.len());
        let failed = validation.results.iter().filter(|result| !result.passed).map(|result| result.name.clone()).collect::<Vec<_>>();
        self.found.validation = Some(validation);
        match outcome {
            Validated::Failed => self.refused(now, self.state, format!("validation failed: {}", failed.join(", "))),
            Validated::Passed => self.proceed(now, DeploymentState::Releasing, format!("{asked} of {asked} validation queries passed")),
            Validated::NotValidated => {
                self.warn(vec!["not validated: there are no validation queries".to_owned()]);
                self.proceed(now, DeploymentState::Releasing, "not validated: there was nothing to ask");
            }
        }
    }

    fn watched(&mut self, now: Timestamp, release: Release) {
        match release {
            Release::Completed(None) => self.proceed(now, DeploymentState::Completed, "no guard failed after the switch"),
            Release::Completed(Some(loss)) => self.wait_for_acceptance(now, &loss.to_string()),
            Release::Back(reason) => self.refused(now, self.state, reason),
            Release::Goes(failure) => {
                self.found.failed_looks += u32::from(failure.is_some());
                self.found.last_failure = failure.or_else(|| self.found.last_failure.take());
                if self.found.failed_looks > self.spec.max_failures {
                    let last = self.found.last_failure.as_deref().unwrap_or("it was not green");
                    let reason = format!("{} looks found the new collection wanting, the last one because {last}", self.found.failed_looks);
                    return self.refused(now, self.state, reason);
                }
                self.look_again(now);
            }
        }
    }

    fn look_again(&mut self, now: Timestamp) {
        self.tries = super::Tries::default();
        self.wait(now, self.spec.watch_every.get());
    }

    fn failed(&mut self, now: Timestamp, state: DeploymentState, reason: String) {
        if let DeploymentState::RollingBack { towards } = state {
            self.proceed(now, DeploymentState::RollbackFailed { towards }, reason.clone());
        }
        // The way back is tried for ever, and so is looking after what has the alias.
        let patient = state.is_back() || state == DeploymentState::Watching;
        if state.is_terminal() {
            return;
        }
        if !patient && self.tries.failed + 1 >= MOST_ATTEMPTS {
            return self.refused(now, state, format!("given up after {MOST_ATTEMPTS} attempts: {reason}"));
        }
        self.put_off(now, reason);
    }

    pub(super) fn refused(&mut self, now: Timestamp, state: DeploymentState, reason: String) {
        if state.is_terminal() {
            return;
        }
        if state.is_back() {
            // On the way back there is no such thing as never.
            return self.failed(now, state, reason);
        }
        let untouched = self.made.clone.is_none() && self.made.canary.is_none();
        let keep = !self.spec.rollback_on_failure;
        if untouched || keep {
            self.proceed(now, DeploymentState::Failed, reason);
        } else {
            self.go_back(now, DeploymentEnding::RolledBack, &By::new("controller", reason));
        }
    }
}
