//! From job and checkpoint to the end of the copy.

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::watch;

use super::checkpoint::{Checkpoint, Place};
use super::lane::Lane;
use super::pace::Pace;
use super::progress::{Ledger, Progress};
use super::ranges::{SAMPLES_A_LANE, split};
use super::{CopyFailed, CopyJob};
use crate::protocol::points::PointId;
use crate::qdrant::{Description, Failure, Release, Schema, WriteMode};

impl CopyJob {
    /// Copies all points, from the checkpoint on if there is one. Returns the last checkpoint.
    ///
    /// Dropping the future cancels: nothing it began goes on but requests already sent, and the last checkpoint that
    /// `progress` showed is good to go on from.
    ///
    /// # Errors
    /// When the copy cannot begin, or when a request fails for good.
    pub async fn run(&self, checkpoint: Option<Checkpoint>, progress: &watch::Sender<Progress>) -> Result<Checkpoint, CopyFailed> {
        self.check().await?;
        let source = self.look().await?;
        let checkpoint = match checkpoint {
            Some(checkpoint) => self.recognise(checkpoint)?,
            None => self.begin(&source).await?,
        };
        let page = source.page_limit(self.settings.page);
        let ranges = checkpoint.ranges.clone();
        let ledger = Ledger::open(checkpoint, progress);
        let pace = Pace::new(self.settings.points_per_second);
        let lane = |(number, range)| Lane { job: self, page, number, range, ledger: &ledger, pace: &pace }.run();
        let lanes = stream::iter(ranges.into_iter().enumerate().map(lane));
        lanes.buffer_unordered(self.settings.parallel).try_collect::<()>().await?;
        Ok(ledger.checkpoint())
    }

    fn source_place(&self) -> Place {
        Place { upstream: self.source.name().to_owned(), collection: self.source_collection.clone() }
    }

    fn target_place(&self) -> Place {
        Place { upstream: self.target.name().to_owned(), collection: self.target_collection.clone() }
    }

    /// What would spoil the copy, found before it begins.
    async fn check(&self) -> Result<(), CopyFailed> {
        if self.settings.parallel == 0 || self.settings.page == 0 {
            return Err(CopyFailed::Settings("parallel and page must be at least 1"));
        }
        if self.settings.points_per_second.is_some_and(|rate| !(rate.is_finite() && rate > 0.0)) {
            return Err(CopyFailed::Settings("points_per_second must be a number above 0"));
        }
        let (from, to) = (&self.source.access().rest, &self.target.access().rest);
        let same_server = (&from.authority, &from.prefix) == (&to.authority, &to.prefix);
        if same_server && self.source_collection == self.target_collection {
            return Err(CopyFailed::SamePlace(self.source_place()));
        }
        if self.settings.mode == WriteMode::InsertOnly {
            let version = self.settings.backoff.run(|| self.target.version()).await?;
            if Release::parse(&version).is_none_or(|release| release < Release::WITH_INSERT_ONLY) {
                return Err(CopyFailed::InsertOnlyUnknown { upstream: self.target.name().to_owned(), version });
            }
        }
        Ok(())
    }

    /// The source as it is; refused while it hides points.
    async fn look(&self) -> Result<Schema, CopyFailed> {
        let Description { schema, state, .. } = self.settings.backoff.run(|| self.source.describe(&self.source_collection)).await?;
        if state.deferred_points > 0 {
            let Place { upstream, collection } = self.source_place();
            return Err(CopyFailed::Deferred { upstream, collection, points: state.deferred_points });
        }
        Ok(schema)
    }

    fn recognise(&self, checkpoint: Checkpoint) -> Result<Checkpoint, CopyFailed> {
        if checkpoint.source == self.source_place() && checkpoint.target == self.target_place() {
            return Ok(checkpoint);
        }
        Err(CopyFailed::ForeignCheckpoint { found_source: checkpoint.source, found_target: checkpoint.target })
    }

    async fn begin(&self, source: &Schema) -> Result<Checkpoint, CopyFailed> {
        let total = self.settings.backoff.run(|| self.source.count_points(&self.source_collection)).await?;
        let sample = self.sample(source).await?;
        Ok(Checkpoint { source: self.source_place(), target: self.target_place(), total, ranges: split(sample, self.settings.parallel) })
    }

    /// Ids to cut the id space at. A server that refuses to pick any gets one lane, which is slow and right.
    async fn sample(&self, source: &Schema) -> Result<Vec<PointId>, Failure> {
        if self.settings.parallel == 1 {
            return Ok(Vec::new());
        }
        let count = source.page_limit(self.settings.parallel * SAMPLES_A_LANE);
        match self.settings.backoff.run(|| self.source.random_ids(&self.source_collection, count)).await {
            Err(failure) if !failure.is_transient() => {
                tracing::info!(%failure, "copying in one lane");
                Ok(Vec::new())
            }
            outcome => outcome,
        }
    }
}
