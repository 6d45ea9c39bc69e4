//! The client: the state that all requests of a connection share.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::headers::Forwarding;

/// What all requests of a connection have in common.
pub(super) struct Client {
    pub(super) forwarding: Forwarding,
    resets: Resets,
}

/// Detects rapid resets: how often the client has given up a request right after sending it.
///
/// Each such request may have cost an upstream connection. The HTTP/2 library bounds only streams that are reset before they
/// are accepted. The rule is Envoy's for premature resets: more than half of at least [`ENOUGH`] requests.
#[derive(Default)]
struct Resets {
    requests: Cell<u32>,
    premature: Cell<u32>,
    flooded: Notify,
}

/// With fewer requests there is no verdict.
const ENOUGH: u32 = 500;
/// A request that is given up this early did not take too long.
const PREMATURE: Duration = Duration::from_secs(1);

impl Client {
    pub(super) fn new(forwarding: Forwarding) -> Self {
        Self { forwarding, resets: Resets::default() }
    }

    /// Hold the result until the request has its answer.
    pub(super) fn asks(self: &Rc<Self>, started: Instant) -> Asking {
        let resets = &self.resets;
        resets.requests.set(resets.requests.get().saturating_add(1));
        Asking { client: Rc::clone(self), started, answered: false }
    }

    /// Returns when the connection is mostly used to give up requests, and should be closed.
    pub(super) async fn floods(&self) {
        self.resets.flooded.notified().await;
    }

    /// A request that began at `started` was given up at `now`.
    fn gave_up(&self, started: Instant, now: Instant) {
        if now.saturating_duration_since(started) >= PREMATURE {
            return;
        }
        let resets = &self.resets;
        resets.premature.set(resets.premature.get().saturating_add(1));
        if self.is_flooding() {
            resets.flooded.notify_one();
        }
    }

    /// Whether [`Self::floods`] has returned, or is about to.
    pub(super) fn is_flooding(&self) -> bool {
        let (requests, premature) = (self.resets.requests.get(), self.resets.premature.get());
        requests >= ENOUGH && premature > requests / 2
    }
}

/// A request without an answer yet; if dropped, it counts as given up.
pub(super) struct Asking {
    client: Rc<Client>,
    started: Instant,
    answered: bool,
}

impl Asking {
    pub(super) fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if !self.answered {
            self.client.gave_up(self.started, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Rc<Client> {
        Rc::new(Client::new(Forwarding::new([127, 0, 0, 1].into(), false)))
    }

    /// Sends a request, and gives it up after this time.
    fn give_up(client: &Rc<Client>, after: Duration) {
        let started = Instant::now();
        client.asks(started).answered();
        client.gave_up(started, started + after);
    }

    #[tokio::test]
    async fn a_client_that_gives_up_most_of_what_it_asks_floods() {
        let client = client();
        for _ in 0..ENOUGH / 2 {
            client.asks(Instant::now()).answered();
            give_up(&client, Duration::ZERO);
        }
        assert!(!client.is_flooding(), "half of them is what a hedging client may do");
        give_up(&client, Duration::ZERO);
        assert!(client.is_flooding());
        client.floods().await;
    }

    #[test]
    fn little_traffic_and_slow_answers_say_nothing() {
        let client = client();
        (1..ENOUGH).for_each(|_| give_up(&client, Duration::ZERO));
        assert!(!client.is_flooding(), "too few to conclude anything");
        (0..10 * ENOUGH).for_each(|_| give_up(&client, PREMATURE));
        assert!(!client.is_flooding(), "they were given up for taking too long");
    }

    #[test]
    fn what_is_dropped_without_an_answer_was_given_up() {
        let client = client();
        // In these tests a request is never dropped before it began.
        let later = Instant::now() + Duration::from_secs(3600);
        (0..ENOUGH).for_each(|_| drop(client.asks(later)));
        assert!(client.is_flooding());
    }
}
