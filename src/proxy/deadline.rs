//! Deadlines and time limits of a request and its steps. No other file of the data plane sets a time limit.
//!
//! ```text
//! Deadline  the whole life of a request, from its head to the last byte of its answer (`timeouts.total`)
//! Patience  the upstream's part of one attempt: from the request being sent to a usable answer (`timeouts.first_byte`)
//! Silence   (of `net`) no byte moves inside of a body, in either direction (`timeouts.idle`)
//! within    single steps with limits of their own, which are constants below or settings of the connection
//! ```
//!
//! Keeps I12: nothing waits outside of the deadline, and no task outlives its request without a bound.
//!
//! A future that is passed by value is stored twice and copied with everything around it. So the large futures of a request
//! are pinned where they are made.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep, timeout_at};

pub(super) use crate::net::Silence;

/// An unneeded answer is read to its end if that takes at most this long: cheaper than a new connection.
pub(super) const DISCARD: Duration = Duration::from_secs(1);
/// How long the rest of a request is read and dropped after its answer was sent.
pub(super) const DRAIN: Duration = Duration::from_secs(10);
/// How long a request waits for a table refresh. The listing has its own limits; this one applies when the listing itself is
/// late.
pub(super) const REFRESH: Duration = Duration::from_secs(10);
/// How long an upstream may take to send `100 Continue` before the body is sent anyway (RFC 9110, section 10.1.1).
pub(super) const CONTINUE: Duration = Duration::from_secs(1);
/// How much longer than the own arm a user waits for the other one.
pub(super) const PARTNER: Duration = Duration::from_millis(50);

/// The deadline of a request. None: no limit is configured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Option<Instant>);

/// The time limit of a step has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Late;

impl Deadline {
    pub(super) const NONE: Self = Self(None);

    pub(super) fn of(started: std::time::Instant, total: Option<Duration>) -> Self {
        Self(total.and_then(|total| Instant::from_std(started).checked_add(total)))
    }

    /// The result of `future`, if it is ready before the deadline.
    pub(super) async fn cut<T>(self, future: impl Future<Output = T>) -> Result<T, Late> {
        let future = pin!(future);
        match self.0 {
            None => Ok(future.await),
            Some(at) => timeout_at(at, future).await.map_err(|_| Late),
        }
    }

    /// The same within `limit` from now on, if that is earlier.
    pub(super) async fn within<T>(self, limit: Duration, future: impl Future<Output = T>) -> Result<T, Late> {
        let own = Instant::now().checked_add(limit);
        Self(own.into_iter().chain(self.0).min()).cut(future).await
    }

    pub(super) fn is_over(self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// The remaining time, if it is limited.
    pub(super) fn left(self) -> Option<Duration> {
        Some(self.0?.saturating_duration_since(Instant::now()))
    }

    /// The time limit of an attempt that leaves time for another one: half of the remaining time, and at most `limit`.
    pub(super) fn half(self, limit: Option<Duration>) -> Option<Duration> {
        self.left().map(|left| left / 2).into_iter().chain(limit).min()
    }

    /// Detects that no byte moved for `limit`, or that the deadline passed.
    pub(super) fn silence(self, limit: Option<Duration>) -> Silence {
        Silence::before(self.0, limit)
    }
}

/// Bounds a step that belongs to no request.
pub(super) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Result<T, Late> {
    Deadline::NONE.within(limit, future).await
}

/// How long an upstream may keep an attempt waiting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience(pub(super) Option<Duration>);

impl Patience {
    /// The result of `future`, if it is ready before the upstream's time is up. While `client_is_awaited` the clock stops: a
    /// client that stalls is no fault of the upstream, and has a limit of its own.
    pub(super) async fn wait<T>(self, client_is_awaited: impl Fn() -> bool, future: impl Future<Output = T>) -> Result<T, Late> {
        let mut future = pin!(future);
        let Some(limit) = self.0 else { return Ok(future.await) };
        let mut timer: Option<Pin<Box<Sleep>>> = None;
        poll_fn(|cx| {
            if let Poll::Ready(done) = future.as_mut().poll(cx) {
                return Poll::Ready(Ok(done));
            }
            if client_is_awaited() {
                timer = None;
                return Poll::Pending;
            }
            let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
            timer.as_mut().poll(cx).map(|()| Err(Late))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::pending;

    use super::*;

    const SOON: Duration = Duration::from_millis(1);
    /// Longer than any test runs.
    const NEVER: Duration = Duration::from_secs(100_000);

    fn deadline(total: Option<Duration>) -> Deadline {
        Deadline::of(std::time::Instant::now(), total)
    }

    #[tokio::test]
    async fn a_step_ends_at_its_own_limit_or_at_the_deadline_whichever_is_first() {
        for (total, limit, over) in [(None, SOON, false), (Some(SOON), NEVER, true), (Some(NEVER), SOON, false)] {
            let deadline = deadline(total);
            assert_eq!(deadline.within(limit, pending::<()>()).await, Err(Late));
            assert_eq!(deadline.is_over(), over, "{total:?} {limit:?}");
        }
        assert_eq!(deadline(Some(SOON)).cut(pending::<()>()).await, Err(Late));
    }

    #[tokio::test]
    async fn what_is_there_in_time_is_never_late() {
        for total in [None, Some(Duration::ZERO), Some(NEVER)] {
            assert_eq!(deadline(total).cut(async { 7 }).await, Ok(7), "{total:?}");
        }
    }

    #[test]
    fn an_attempt_that_another_one_can_make_good_leaves_it_half_of_the_time() {
        assert_eq!(deadline(None).half(None), None);
        assert_eq!(deadline(None).half(Some(SOON)), Some(SOON));
        assert_eq!(deadline(Some(NEVER)).half(Some(SOON)), Some(SOON));
        let half = deadline(Some(NEVER)).half(None).expect("there is a deadline");
        assert!(half <= NEVER / 2 && half > NEVER / 4, "{half:?}");
    }

    #[tokio::test]
    async fn an_upstream_is_not_blamed_for_the_time_its_client_takes() {
        let awaited = Cell::new(true);
        let client = async {
            // Longer than the limit: if the clock ran, it would be too late.
            tokio::time::sleep(50 * SOON).await;
            awaited.set(false);
            7
        };
        assert_eq!(Patience(Some(SOON)).wait(|| awaited.get(), client).await, Ok(7));
        assert_eq!(Patience(Some(SOON)).wait(|| awaited.get(), pending::<()>()).await, Err(Late));
        assert_eq!(Patience(None).wait(|| false, async { 7 }).await, Ok(7));
    }
}
