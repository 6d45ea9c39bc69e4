//! Changes on the newest state: what another replica has answered a moment ago counts here too.
//!
//! Every replica follows the store, and is behind it by as long as a notification takes. A change that an operator asks for
//! catches up first, so it is never refused because this replica had not heard yet; and a resource that is not there is looked
//! for once in the store before anyone is told so.

use std::sync::PoisonError;
use std::time::Instant;

use tokio::sync::MutexGuard;

use super::error::ControlError;
use super::state::{Control, State};
use crate::store::{Change, CommitError};

/// So often a change is made again because another replica was faster.
const ATTEMPTS: usize = 8;

impl Control {
    /// The writer's lock, with all in place that is in the store.
    ///
    /// # Errors
    /// When the store does not answer: then nothing could be changed either.
    pub(super) async fn writing(&self) -> Result<MutexGuard<'_, ()>, ControlError> {
        let writing = self.0.writer.lock().await;
        self.catch_up().await?;
        Ok(writing)
    }

    /// Commits what `make` makes of the present state, and makes it again where another replica was faster. Nothing is committed
    /// where it makes no change. Only the holder of the writer's lock calls it.
    ///
    /// # Errors
    /// What `make` refuses, and when the change cannot be stored.
    pub(super) async fn commit_newest<T>(
        &self,
        make: impl Fn(&State) -> Result<(Option<Change>, T), ControlError> + Send,
    ) -> Result<T, ControlError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (change, answer) = make(&self.0.state.load_full())?;
            let Some(change) = change else { return Ok(answer) };
            match self.commit(change).await {
                // What the others did has been taken over.
                Err(ControlError::Commit(CommitError::Conflict { .. })) if attempt < ATTEMPTS => {}
                outcome => return outcome.map(|()| answer),
            }
        }
    }

    /// Takes over what others have committed by now, for a reader who has found nothing. Readers who come while one looks share
    /// the next look, so that misses cannot keep the store busy.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn look_again(&self) -> Result<(), ControlError> {
        let asked = Instant::now();
        let _writing = self.0.writer.lock().await;
        let looked = *self.0.looked_again.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|began| began >= asked) {
            return Ok(());
        }
        let began = Instant::now();
        self.catch_up().await?;
        *self.0.looked_again.lock().unwrap_or_else(PoisonError::into_inner) = Some(began);
        Ok(())
    }
}
