//! Detects a stalled transfer (idle timeout).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// How long a transfer may stall, and its deadline. Costs no timer while bytes move.
#[derive(Debug)]
pub(crate) struct Silence {
    limit: Option<Duration>,
    deadline: Option<Instant>,
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Silence {
    /// None: no limit.
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        Self::before(None, limit)
    }

    /// With a deadline as well.
    pub(crate) fn before(deadline: Option<Instant>, limit: Option<Duration>) -> Self {
        Self { limit, deadline, since: None, timer: None }
    }

    pub(crate) fn limit(&self) -> Duration {
        self.limit.unwrap_or_default()
    }

    /// Bytes moved: resets the idle time.
    pub(crate) fn broken(&mut self) {
        self.since = None;
    }

    /// No byte moved. Ready once this has lasted for too long.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let limited = self.limit.and_then(|limit| since.checked_add(limit));
        let Some(end) = self.deadline.into_iter().chain(limited).min() else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(end)));
        // The timer was set for an earlier stall and fires too early for this one; it is set again only then.
        while timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= end {
                return Poll::Ready(());
            }
            timer.as_mut().reset(end);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const SOON: Duration = Duration::from_millis(1);
    /// Longer than any test runs.
    const NEVER: Duration = Duration::from_secs(100_000);

    fn after(duration: Duration) -> Option<Instant> {
        Instant::now().checked_add(duration)
    }

    #[tokio::test]
    async fn silence_ends_at_its_limit_or_at_the_deadline() {
        for mut silence in [Silence::new(Some(SOON)), Silence::before(after(SOON), Some(NEVER)), Silence::before(after(SOON), None)] {
            poll_fn(|cx| silence.poll(cx)).await;
        }
        for mut silence in [Silence::new(None), Silence::new(Some(NEVER)), Silence::before(after(NEVER), None)] {
            assert!(tokio::time::timeout(SOON, poll_fn(|cx| silence.poll(cx))).await.is_err());
        }
    }

    #[tokio::test]
    async fn silence_is_counted_from_the_last_movement() {
        let mut silence = Silence::new(Some(SOON));
        poll_fn(|cx| silence.poll(cx)).await;
        silence.limit = Some(NEVER);
        silence.broken();
        tokio::time::sleep(10 * SOON).await;
        let over = poll_fn(|cx| Poll::Ready(silence.poll(cx).is_ready())).await;
        assert!(!over, "the timer of the earlier silence counts no more");
    }
}
