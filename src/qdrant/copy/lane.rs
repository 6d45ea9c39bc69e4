//! One lane: reads its range page by page and writes each page before it goes on.

use super::checkpoint::RangeCheckpoint;
use super::pace::Pace;
use super::progress::Ledger;
use super::{CopyFailed, CopyJob};
use crate::protocol::points::PointId;
use crate::qdrant::Failure;
use crate::qdrant::failure::FailureKind;
use crate::qdrant::points::Page;

pub(super) struct Lane<'a> {
    pub(super) job: &'a CopyJob,
    /// Points a page, as the settings and the source allow.
    pub(super) page: usize,
    pub(super) number: usize,
    pub(super) range: RangeCheckpoint,
    pub(super) ledger: &'a Ledger<'a>,
    pub(super) pace: &'a Pace,
}

impl Lane<'_> {
    pub(super) async fn run(self) -> Result<(), CopyFailed> {
        if self.range.done {
            return Ok(());
        }
        let CopyJob { target, target_collection, settings, .. } = self.job;
        let mut from = self.range.next;
        let mut size = self.page;
        loop {
            let mut page = self.read(from, &mut size).await?;
            if let Some(until) = self.range.until {
                page.points.retain(|point| point.id < until);
                page.next_page_offset = page.next_page_offset.filter(|next| *next < until);
            }
            if !page.points.is_empty() {
                self.pace.turn(page.points.len()).await;
                settings.backoff.run(|| target.upsert(target_collection, &page.points, settings.mode)).await?;
            }
            self.ledger.advance(self.number, page.points.len(), page.next_page_offset);
            match page.next_page_offset {
                Some(next) => from = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// A page that fits: halved while it is too large, down to one point.
    async fn read(&self, from: Option<PointId>, size: &mut usize) -> Result<Page, Failure> {
        let CopyJob { source, source_collection, settings, .. } = self.job;
        loop {
            let limit = *size;
            match settings.backoff.run(|| source.scroll(source_collection, from, limit, true)).await {
                Err(Failure { kind: FailureKind::TooLarge(_), .. }) if limit > 1 => *size = limit / 2,
                outcome => return outcome,
            }
        }
    }
}
