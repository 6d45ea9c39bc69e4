//! How the data plane requests a fresh alias listing, and waits for it.

use tokio::sync::{mpsc, oneshot};

/// One request for a listing. Answer it with a listing that *started* after the request was received, and only when the
/// resulting table is in place.
pub type RefreshRequest = oneshot::Sender<Result<(), RefreshFailed>>;

/// The listing failed; the last table stays in use.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the aliases could not be listed: {0}")]
pub struct RefreshFailed(pub String);

/// The data plane's end.
#[derive(Clone, Debug)]
pub struct Refresh(mpsc::Sender<RefreshRequest>);

/// Requests waiting at the same time are answered by one listing, so a short queue is enough.
const QUEUE: usize = 256;

impl Refresh {
    /// Both ends; `control` keeps the receiver.
    #[must_use]
    pub fn channel() -> (Self, mpsc::Receiver<RefreshRequest>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(sender), receiver)
    }

    /// Returns when the table is in place of a listing that began after this call.
    ///
    /// # Errors
    /// When the listing failed, or the control plane has stopped.
    pub async fn now(&self) -> Result<(), RefreshFailed> {
        let stopped = || RefreshFailed("the control plane has stopped".to_owned());
        let (done, answer) = oneshot::channel();
        self.0.send(done).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}
