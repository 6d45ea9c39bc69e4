//! Single flight: callers that need the same thing at the same time wait for one attempt and share its outcome.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::sync::watch;

/// The attempt in progress, if there is one. It runs in its own task, so a caller may leave at any time.
#[derive(Debug)]
pub(super) struct Flight<T>(Rc<RefCell<Option<watch::Receiver<Option<T>>>>>);

/// A waiting caller.
#[derive(Debug)]
pub(super) struct Seat<T>(watch::Receiver<Option<T>>);

impl<T> Default for Flight<T> {
    fn default() -> Self {
        Self(Rc::default())
    }
}

impl<T: Clone + 'static> Flight<T> {
    /// Joins the attempt in progress.
    pub(super) fn join(&self) -> Option<Seat<T>> {
        // An attempt that was dropped before its end will never finish: do not wait for it.
        self.0.borrow().clone().filter(|attempt| attempt.has_changed().is_ok()).map(Seat)
    }

    /// Begins an attempt that all joining callers share. The attempt must end by itself.
    pub(super) fn begin(&self, attempt: impl Future<Output = T> + 'static) -> Seat<T> {
        let (done, waiting) = watch::channel(None);
        *self.0.borrow_mut() = Some(waiting.clone());
        let flight = Rc::clone(&self.0);
        tokio::task::spawn_local(async move {
            let outcome = attempt.await;
            flight.take();
            done.send_replace(Some(outcome));
        });
        Seat(waiting)
    }
}

impl<T: Clone> Seat<T> {
    /// The outcome; none if the attempt was dropped with its runtime.
    pub(super) async fn outcome(mut self) -> Option<T> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }
}
