//! Who asks, as far as all the requests of a connection share it.

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

/// How often the client has given up a request right after sending it.
///
/// Each such request may have cost an upstream connection. The library below bounds only streams that are reset before they are
/// accepted. The rule is Envoy's for premature resets: of at least [`ENOUGH`] requests more than half.
#[derive(Default)]
struct Resets {
    requests: Cell<u32>,
    premature: Cell<u32>,
    flooded: Notify,
}

/// Below so many requests nothing is concluded.
const ENOUGH: u32 = 500;
/// A request that is given up this early was not given up for taking too long.
const PREMATURE: Duration = Duration::from_secs(1);

impl Client {
    pub(super) fn new(forwarding: Forwarding) -> Self {
        Self { forwarding, resets: Resets::default() }
    }

    /// To be held until a request has its answer.
    pub(super) fn asks(self: &Rc<Self>, started: Instant) -> Asking {
        let resets = &self.resets;
        resets.requests.set(resets.requests.get().saturating_add(1));
        Asking { client: Rc::clone(self), started, answered: false }
    }

    /// Returns when the connection is used to give up requests, and should end.
    pub(super) async fn floods(&self) {
        self.resets.flooded.notified().await;
    }

    /// Whether [`Self::floods`] has returned, or is about to.
    pub(super) fn is_flooding(&self) -> bool {
        let (requests, premature) = (self.resets.requests.get(), self.resets.premature.get());
        requests >= ENOUGH && premature > requests / 2
    }
}

/// A request without an answer yet; dropped, it was given up.
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
        if self.answered || self.started.elapsed() >= PREMATURE {
            return;
        }
        let resets = &self.client.resets;
        resets.premature.set(resets.premature.get().saturating_add(1));
        if self.client.is_flooding() {
            resets.flooded.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Rc<Client> {
        Rc::new(Client::new(Forwarding::new([127, 0, 0, 1].into(), false)))
    }

    #[tokio::test]
    async fn a_client_that_gives_up_most_of_what_it_asks_floods() {
        let client = client();
        let now = Instant::now;
        for _ in 0..ENOUGH / 2 {
            client.asks(now()).answered();
            drop(client.asks(now()));
        }
        assert!(!client.is_flooding(), "half of them is what a hedging client may do");
        drop(client.asks(now()));
        assert!(client.is_flooding());
        client.floods().await;
    }

    #[test]
    fn little_traffic_and_slow_answers_say_nothing() {
        let client = client();
        (1..ENOUGH).for_each(|_| drop(client.asks(Instant::now())));
        assert!(!client.is_flooding(), "too few to conclude anything");
        let long_ago = Instant::now().checked_sub(PREMATURE).expect("the machine has run for a second");
        (0..10 * ENOUGH).for_each(|_| drop(client.asks(long_ago)));
        assert!(!client.is_flooding(), "they were given up for taking too long");
    }
}
