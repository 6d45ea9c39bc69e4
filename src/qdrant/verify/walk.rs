//! Both collections by id, side by side.

use std::cmp::Ordering;
use std::vec::IntoIter;

use super::{HELD, VerifySettings};
use crate::protocol::points::PointId;
use crate::qdrant::copy::CopyJob;
use crate::qdrant::{Backoff, Client, Failure};

/// Ids a request; they are small.
const PAGE: usize = 10_000;

/// Points compared at a time where all are.
const WHOLE_BATCH: usize = 1_024;

/// What the walk saw.
pub(super) struct Walk {
    pub(super) source_points: u64,
    pub(super) target_points: u64,
    pub(super) missing: Odd,
    pub(super) extra: Odd,
    /// Of the ids both sides have, those to be compared, in order; where all are, those that have been found to differ.
    pub(super) suspects: Vec<PointId>,
    /// How many were compared, or are going to be.
    pub(super) compared: u64,
}

/// Ids only one side has.
#[derive(Default)]
pub(super) struct Odd {
    count: u64,
    pub(super) listed: Vec<PointId>,
}

impl Odd {
    fn note(&mut self, id: PointId) {
        self.count += 1;
        if self.listed.len() < HELD {
            self.listed.push(id);
        }
    }

    pub(super) fn unlisted(&self) -> u64 {
        self.count - self.listed.len() as u64
    }
}

/// The ids of one collection in their order.
struct Ids<'a> {
    client: &'a Client,
    collection: &'a str,
    backoff: Backoff,
    limit: usize,
    page: IntoIter<PointId>,
    next: Option<PointId>,
    over: bool,
    seen: u64,
}

impl<'a> Ids<'a> {
    async fn of(client: &'a Client, collection: &'a str, backoff: Backoff) -> Result<Self, Failure> {
        let limit = backoff.run(|| client.describe(collection)).await?.schema.page_limit(PAGE);
        Ok(Self { client, collection, backoff, limit, page: Vec::new().into_iter(), next: None, over: false, seen: 0 })
    }

    async fn next(&mut self) -> Result<Option<PointId>, Failure> {
        loop {
            if let Some(id) = self.page.next() {
                self.seen += 1;
                return Ok(Some(id));
            }
            if self.over {
                return Ok(None);
            }
            let (client, collection, from, limit) = (self.client, self.collection, self.next, self.limit);
            let page = self.backoff.run(|| client.scroll(collection, from, limit, false)).await?;
            self.next = page.next_page_offset;
            self.over = self.next.is_none();
            self.page = page.points.into_iter().map(|point| point.id).collect::<Vec<_>>().into_iter();
        }
    }
}

impl Walk {
    pub(super) async fn run(job: &CopyJob, settings: &VerifySettings) -> Result<Self, Failure> {
        let mut source = Ids::of(&job.source, &job.source_collection, job.backoff()).await?;
        let mut target = Ids::of(&job.target, &job.target_collection, job.backoff()).await?;
        let (mut missing, mut extra) = (Odd::default(), Odd::default());
        let mut sample = Sample::new(settings.sample, settings.seed);
        let mut all = All::default();
        let (mut theirs, mut ours) = (source.next().await?, target.next().await?);
        loop {
            let order = match (theirs, ours) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(theirs), Some(ours)) => theirs.cmp(&ours),
            };
            match order {
                Ordering::Equal if settings.whole => all.offer(theirs, job, settings).await?,
                Ordering::Equal => sample.offer(theirs),
                Ordering::Less => theirs.into_iter().for_each(|id| missing.note(id)),
                Ordering::Greater => ours.into_iter().for_each(|id| extra.note(id)),
            }
            if order.is_le() {
                theirs = source.next().await?;
            }
            if order.is_ge() {
                ours = target.next().await?;
            }
        }
        let (source_points, target_points) = (source.seen, target.seen);
        let (suspects, compared) = if settings.whole {
            all.compare(job, settings).await?;
            (all.differing, all.compared)
        } else {
            let sample = sample.sorted();
            let compared = sample.len() as u64;
            (sample, compared)
        };
        Ok(Self { source_points, target_points, missing, extra, suspects, compared })
    }
}

/// Compares every point on the way, so that no more than a page of ids is held.
#[derive(Default)]
struct All {
    batch: Vec<PointId>,
    differing: Vec<PointId>,
    compared: u64,
}

impl All {
    async fn offer(&mut self, id: Option<PointId>, job: &CopyJob, settings: &VerifySettings) -> Result<(), Failure> {
        self.batch.extend(id);
        if self.batch.len() < WHOLE_BATCH { Ok(()) } else { self.compare(job, settings).await }
    }

    async fn compare(&mut self, job: &CopyJob, settings: &VerifySettings) -> Result<(), Failure> {
        let batch = std::mem::take(&mut self.batch);
        // A copy that differs in so many points is none; a list of the others would not help.
        if batch.is_empty() || self.differing.len() >= HELD {
            return Ok(());
        }
        self.compared += batch.len() as u64;
        let differences = job.differences(&batch, settings).await?;
        self.differing.extend(differences.into_iter().map(|difference| difference.id));
        self.differing.dedup();
        Ok(())
    }
}

/// A reservoir: each id offered has the same chance to be in it at the end, however many there are.
struct Sample {
    size: usize,
    offered: usize,
    held: Vec<PointId>,
    chance: fastrand::Rng,
}

impl Sample {
    fn new(size: usize, seed: u64) -> Self {
        Self { size, offered: 0, held: Vec::new(), chance: fastrand::Rng::with_seed(seed) }
    }

    fn offer(&mut self, id: Option<PointId>) {
        let Some(id) = id else { return };
        self.offered += 1;
        if self.held.len() < self.size {
            self.held.push(id);
        } else if let Some(place) = self.held.get_mut(self.chance.usize(..self.offered)) {
            *place = id;
        }
    }

    fn sorted(mut self) -> Vec<PointId> {
        self.held.sort_unstable();
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::Sample;
    use crate::protocol::points::PointId;

    fn draw(seed: u64) -> Vec<PointId> {
        let mut sample = Sample::new(10, seed);
        (0..1000).for_each(|id| sample.offer(Some(PointId::Number(id))));
        sample.sorted()
    }

    #[test]
    fn a_sample_follows_from_its_seed_and_spreads_over_all_ids() {
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_eq!(draw(7).len(), 10);
        let late = draw(7).into_iter().filter(|id| *id > PointId::Number(500)).count();
        assert!((1..10).contains(&late), "{late} of 10 from the second half");
    }
}
