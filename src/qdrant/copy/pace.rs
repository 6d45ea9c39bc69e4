//! A limit of points a second, shared by all lanes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub(super) struct Pace {
    /// Seconds one point takes up.
    each: f64,
    /// When the next points may go.
    free: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(points_per_second: Option<f64>) -> Self {
        Self { each: points_per_second.map_or(0.0, f64::recip), free: Mutex::new(Instant::now()) }
    }

    /// Waits for the turn of so many points. They go as one; the next ones wait for it.
    pub(super) async fn turn(&self, points: usize) {
        let turn = self.reserve(points, Instant::now());
        tokio::time::sleep_until(turn).await;
    }

    fn reserve(&self, points: usize, now: Instant) -> Instant {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        // Unused time is gone: a lane back from a long retry must not make up for it in one burst.
        let turn = (*free).max(now);
        *free = turn + Duration::from_secs_f64(points as f64 * self.each);
        turn
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Pace;

    #[test]
    fn turns_are_as_far_apart_as_the_points_before_take_up() {
        let pace = Pace::new(Some(100.0));
        let start = Instant::now() + Duration::from_secs(1);
        let second = Duration::from_secs(1);
        assert_eq!(pace.reserve(50, start), start);
        assert_eq!(pace.reserve(100, start), start + second / 2);
        assert_eq!(pace.reserve(1, start), start + second * 3 / 2);
        assert_eq!(pace.reserve(1, start + second * 9), start + second * 9, "unused time is not saved up");
    }

    #[test]
    fn without_a_limit_nothing_waits() {
        let pace = Pace::new(None);
        let start = Instant::now() + Duration::from_secs(1);
        assert_eq!(pace.reserve(1_000_000, start), start);
        assert_eq!(pace.reserve(1, start), start);
    }
}
