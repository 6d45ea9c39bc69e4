//! Computations that may take seconds, away from the threads that the control plane runs on.

use std::future::Future;

use tokio::runtime::Handle;

/// Drives `work` to its end on a blocking thread: what it computes holds up no other task, and what it waits for is waited
/// for by the runtime as ever. None when the process ends first. The caller bounds how many there are.
pub async fn aside<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    let runtime = Handle::current();
    match tokio::task::spawn_blocking(move || runtime.block_on(work)).await {
        Ok(done) => Some(done),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// On a runtime of one thread: computed there, it would wait for itself.
    #[tokio::test]
    async fn what_blocks_there_holds_up_nothing_here() {
        let (tell, told) = mpsc::channel();
        let waiting = tokio::spawn(aside(async move { told.recv().ok() }));
        tokio::task::yield_now().await;
        tell.send(7).expect("it waits");
        assert_eq!(waiting.await.expect("no panic"), Some(Some(7)));
    }

    #[tokio::test]
    #[should_panic(expected = "a bug")]
    async fn a_panic_is_the_callers() {
        aside(async { panic!("a bug") }).await;
    }
}
