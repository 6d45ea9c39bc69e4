//! From nothing to a collection that is ready: each work of a deployment up to its validation.

use std::time::Duration;

use tokio::sync::watch;

use super::Deployments;
use crate::control::clock;
use crate::control::engine::{CommitExtras, Compared, unread};
use crate::live::DEFAULT_UPSTREAM;
use crate::qdrant::{
    Client, CloneRecord, CloneStep, Compatibility, CopyFailed, CopyJob, Created, Difference, Failure, Listing, NotReadyInTime,
    RecoverFailed, Schema, SnapshotSource, Verification, VerifySettings,
};
use crate::rollout::deployment::{Built, Deployment, DeploymentSpec, Outcome, Source, Verified};
use crate::rollout::loss::Counted;
use crate::store::Fence;

/// A recovery takes as long as the snapshot is large.
const RECOVERY_PATIENCE: Duration = Duration::from_secs(4 * 3_600);
/// How often a copy's checkpoint is stored: what is copied after it is copied twice when this process dies.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// One look at the readiness; the rest of the time no task waits for it.
const READINESS_LOOK: Duration = Duration::from_secs(5);
const READINESS_SAMPLE: Duration = Duration::from_millis(500);
/// Points that were written while they were copied are brought up to date so many times at least, and as long as fewer of them
/// differ each time.
const CATCH_UPS: usize = 3;
const MOST_CATCH_UPS: usize = 50;

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        if failure.is_transient() { Self::Failed(failure.to_string()) } else { Self::Refused(failure.to_string()) }
    }
}

impl From<CopyFailed> for Outcome {
    fn from(failed: CopyFailed) -> Self {
        match failed {
            CopyFailed::Failed(failure) => failure.into(),
            failed => Self::Refused(failed.to_string()),
        }
    }
}

impl Deployments {
    /// The upstream that holds the alias.
    pub(super) fn here(&self) -> Result<Client, Outcome> {
        Ok(self.engine.plan().client(DEFAULT_UPSTREAM)?)
    }

    /// Whether it can be done at all. Only reads. The present collection is asked only where the new one is made or judged by
    /// it; after failed `attempts` one that is only compared with is left out (I14).
    pub(super) async fn check(&self, spec: &DeploymentSpec, collection: &str, attempts: u32) -> Result<Outcome, Outcome> {
        let here = self.here()?;
        let listing = listed(&here).await?;
        let Some(previous) = listing.aliases.get(&spec.alias) else {
            return Err(Outcome::Refused(format!("Qdrant has no alias `{}`", spec.alias)));
        };
        if listing.collections.contains(collection) || listing.aliases.contains_key(collection) {
            return Err(Outcome::Refused(format!("the name `{collection}` is taken")));
        }
        let model = match &spec.source {
            // Known once it is recovered.
            Source::Snapshot(_) => None,
            Source::External => Some(here.describe(previous).await?.schema),
            Source::Collection(name) => Some(here.describe(name).await?.schema),
        };
        let overrides = spec.overrides.as_ref();
        let schema = match (model, overrides) {
            (Some(model), Some(overrides)) => Some(model.with_overrides(overrides).map_err(|fault| Outcome::Refused(fault.to_string()))?),
            (model, _) => model,
        };
        let Compared { differences, warnings } = match &schema {
            None => Compared::default(),
            Some(schema) => compared(&here, previous, (collection, schema), attempts).await?,
        };
        acknowledged(spec, previous, &differences)?;
        Ok(Outcome::Checked { previous: previous.clone(), schema: schema.map(Box::new), differences, warnings })
    }

    /// Makes the collection. That it is about to be made is stored first: of one that is there although nobody could say
    /// that it was made, it is not known whose it is, so it is used and never deleted.
    pub(super) async fn build_collection(&self, deployment: &Deployment, fence: &Fence) -> Result<Outcome, Outcome> {
        let (here, name) = (self.here()?, deployment.collection());
        let before = deployment.made().clone.clone();
        let doubtful = before.is_some() && listed(&here).await?.collections.contains(name);
        let mut record = before.unwrap_or_else(|| CloneRecord { name: name.to_owned(), created: Created::No, done: Vec::new() });
        let known = record.created;
        self.intend(deployment, fence, CloneRecord { created: Created::Unknown, ..record.clone() }).await?;
        if doubtful && known != Created::Yes {
            (record.created, record.done) = (Created::Yes, vec![CloneStep::Create]);
        }
        let built = match (&deployment.spec().source, &deployment.found().schema) {
            (Source::Snapshot(location), _) => recover(&here, record, location, doubtful).await,
            (_, Some(schema)) => self.clone_collection(deployment, fence, &here, record, schema).await,
            (_, None) => Err(Outcome::Refused("what the collection is to be like was never found out".to_owned())),
        };
        if built.is_ok() {
            // Writes by its name count for it from here on.
            self.engine.relist_with(&here).await;
        }
        built.map(|mut built| {
            if doubtful && known != Created::Yes {
                built.record.created = Created::Unknown;
            }
            Outcome::Built(built)
        })
    }

    async fn clone_collection(
        &self,
        deployment: &Deployment,
        fence: &Fence,
        here: &Client,
        record: CloneRecord,
        schema: &Schema,
    ) -> Result<Built, Outcome> {
        match here.continue_clone(record, schema).await {
            Ok(cloned) => {
                let surprises = cloned.differences.differences.iter();
                let surprises = surprises.map(|difference| format!("not as asked for: {difference}")).collect();
                Ok(Built { record: cloned.record, surprises })
            }
            Err(failed) => {
                self.intend(deployment, fence, failed.record).await?;
                Err((*failed.failure).into())
            }
        }
    }

    async fn intend(&self, deployment: &Deployment, fence: &Fence, record: CloneRecord) -> Result<(), Outcome> {
        let stored = self.edit_as_controller(deployment.id(), fence, |deployment| {
            deployment.intend(record);
            CommitExtras::default()
        });
        stored.await.map_err(|error| Outcome::Failed(error.to_string()))
    }

    /// Copies on from the last checkpoint, storing the next ones as it goes.
    pub(super) async fn copy_points(&self, deployment: &Deployment, fence: &Fence) -> Result<Outcome, Outcome> {
        let job = self.job(deployment)?;
        let (progress, mut watched) = watch::channel(crate::qdrant::Progress::default());
        let copying = job.run(deployment.found().checkpoint.clone(), &progress);
        tokio::pin!(copying);
        let mut store = tokio::time::interval(CHECKPOINT_EVERY);
        loop {
            tokio::select! {
                copied = &mut copying => return Ok(Outcome::Copied(copied?)),
                _ = store.tick() => {
                    let now = watched.borrow_and_update().clone();
                    if now.checkpoint.is_some() {
                        let stored = self.edit_as_controller(deployment.id(), fence, |deployment| {
                            deployment.progress(&now);
                            CommitExtras::default()
                        });
                        // Without a stored checkpoint the copy goes no further: another replica may be at it by now.
                        stored.await.map_err(|error| Outcome::Failed(error.to_string()))?;
                    }
                }
            }
        }
    }

    /// Compares the copy with its source. Points that were written while they were copied are brought up to date first, unless the
    /// copy was written as well: a write to the copy would be undone by that. Once a write came it may have changed any point,
    /// so all of them are compared, and not a sample.
    pub(super) async fn verify_copy(&self, deployment: &Deployment) -> Result<Outcome, Outcome> {
        let job = self.job(deployment)?;
        let (mut catch_ups, mut before) = (0, u64::MAX);
        loop {
            // Counted before anything is read: what was acknowledged by then is compared.
            let counted = self.count_now().await?;
            let whole = deployment.stake().has_grown(&counted);
            let stake = deployment.stake().equal_now(&job.source_collection, &counted, clock::now());
            let verification: Verification = job.verify(&VerifySettings { whole, ..VerifySettings::default() }).await?;
            let after = self.count_now().await?;
            let restless = stake.has_grown(&after);
            // A sample says nothing of what was written while it was compared.
            let enough = whole || !deployment.stake().has_grown(&after);
            // As long as it gets better it goes on; a trickle of writes never comes to an end.
            let better = verification.differing < std::mem::replace(&mut before, verification.differing);
            let given_up = catch_ups >= MOST_CATCH_UPS || (catch_ups >= CATCH_UPS && !better);
            let contested = contested(deployment, &verification, &after);
            if (verification.suspects.is_empty() && enough) || given_up || contested > 0 {
                let stake = if enough { stake } else { deployment.stake().clone() };
                return Ok(Outcome::Verified(Verified { verification, stake, restless, contested }));
            }
            job.refresh(&verification.suspects).await?;
            catch_ups += 1;
        }
    }

    pub(super) async fn count_now(&self) -> Result<Counted, Outcome> {
        self.losses.counted().await.map_err(|error| Outcome::Failed(error.to_string()))
    }

    fn job(&self, deployment: &Deployment) -> Result<CopyJob, Outcome> {
        let Source::Collection(source) = &deployment.spec().source else {
            return Err(Outcome::Refused("only a collection can be copied".to_owned()));
        };
        let here = self.here()?;
        Ok(CopyJob {
            source: here.clone(),
            source_collection: source.clone(),
            target: here,
            target_collection: deployment.collection().to_owned(),
            settings: deployment.spec().copy.clone(),
        })
    }

    /// Strict mode, which would have refused the copy, then one look at the readiness.
    pub(super) async fn finish_collection(&self, deployment: &Deployment) -> Result<Outcome, Outcome> {
        let (here, spec, name) = (self.here()?, deployment.spec(), deployment.collection());
        let mut record = deployment.made().clone.clone();
        if let (Some(record), Some(schema)) = (&mut record, &deployment.found().schema) {
            here.finish_clone(record, schema).await?;
        }
        match here.wait_until_ready(name, &spec.ready, READINESS_SAMPLE, READINESS_LOOK).await {
            Ok(_) => {}
            Err(NotReadyInTime::Failed { failure, .. }) => return Err((*failure).into()),
            Err(not_ready @ NotReadyInTime::Reasons { .. }) => {
                let since = deployment.history().last().map_or(0, |step| clock::now().since(step.at));
                let patience = u128::from(since) < spec.ready_within.get().as_millis();
                return if patience { Ok(Outcome::NotYet) } else { Err(Outcome::Refused(not_ready.to_string())) };
            }
        }
        let previous = deployment.found().previous.clone().unwrap_or_default();
        let new = here.describe(name).await?.schema;
        let attempts = deployment.trouble().map_or(0, |(attempts, _)| attempts);
        let Compared { differences, warnings } = compared(&here, &previous, (name, &new), attempts).await?;
        acknowledged(spec, &previous, &differences)?;
        Ok(Outcome::Finished { record, differences, warnings })
    }
}

/// The acknowledged writes of the copy itself that may be what differs: they would be overwritten, and no operator has accepted that.
fn contested(deployment: &Deployment, verification: &Verification, counted: &Counted) -> u64 {
    let differs = !verification.suspects.is_empty() && !deployment.accepts_lost_writes();
    if differs { deployment.stake().written_beside(counted) } else { 0 }
}

pub(super) async fn listed(client: &Client) -> Result<Listing, Outcome> {
    client.list().await.map_err(|failed| Outcome::Failed(failed.to_string()))
}

/// How the new collection differs from the present one. A moment's trouble is no reason to go without the comparison, so the
/// first attempt insists on it.
async fn compared(here: &Client, previous: &str, (name, new): (&str, &Schema), attempts: u32) -> Result<Compared, Outcome> {
    match here.describe(previous).await {
        Ok(old) => Ok(Compared { differences: Compatibility::of(&old.schema, new).differences, warnings: Vec::new() }),
        Err(failure) if attempts == 0 => Err(Outcome::Failed(failure.to_string())),
        Err(failure) => Ok(Compared { differences: Vec::new(), warnings: vec![unread(previous, name, &failure)] }),
    }
}

async fn recover(here: &Client, mut record: CloneRecord, location: &str, doubtful: bool) -> Result<Built, Outcome> {
    let source = SnapshotSource::Location(location.to_owned());
    match here.recover_snapshot(&record.name, &source, None, RECOVERY_PATIENCE).await {
        Ok(()) => {}
        // Begun before a restart, and perhaps still going on: its readiness will tell.
        Err(RecoverFailed::Taken { .. }) if doubtful => {}
        Err(RecoverFailed::Transfer(crate::qdrant::TransferFailed::Failed(failure))) => return Err(failure.into()),
        Err(failed) => return Err(Outcome::Refused(failed.to_string())),
    }
    (record.created, record.done) = (Created::Yes, vec![CloneStep::Create]);
    Ok(Built { record, surprises: Vec::new() })
}

/// Requests made for the old collection must be right for the new one, unless the spec says that they need not.
fn acknowledged(spec: &DeploymentSpec, previous: &str, differences: &[Difference]) -> Result<(), Outcome> {
    let compatibility = Compatibility { differences: differences.to_vec() };
    let blocking: Vec<String> = compatibility.blocking().map(ToString::to_string).collect();
    if blocking.is_empty() || spec.acknowledge_incompatible {
        return Ok(());
    }
    let reason = format!("it cannot stand in for `{previous}`: {}; acknowledge_incompatible says that this is meant", blocking.join("; "));
    Err(Outcome::Refused(reason))
}
