//! The terminal that `serve` was started in. When it closes, the kernel sends SIGHUP, which otherwise means "reload": a
//! process that takes it for that lives on unseen, and holds the store and the ports.

use std::io::{IsTerminal, stderr, stdin};
use std::time::Duration;

use tokio::signal::unix::Signal;

/// Some terminals send SIGHUP right before they close. They are gone this much later.
const CLOSING: Duration = Duration::from_secs(1);

/// What was a terminal when the process started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    input: bool,
    errors: bool,
}

impl Terminal {
    pub(super) fn of_process() -> Self {
        Self { input: stdin().is_terminal(), errors: stderr().is_terminal() }
    }

    /// Whether people read standard error.
    pub(super) fn shows_errors(self) -> bool {
        self.errors
    }

    /// Returns after a SIGHUP that came because the terminal closed. Processes without one, such as those of a supervisor or
    /// of `nohup`, never get there.
    pub(super) async fn closed(self, mut hang_up: Signal) {
        if !self.input && !self.errors {
            return std::future::pending().await;
        }
        while hang_up.recv().await.is_some() {
            if self.is_gone() {
                return;
            }
            tokio::time::sleep(CLOSING).await;
            if self.is_gone() {
                return;
            }
        }
        std::future::pending::<()>().await;
    }

    /// A terminal that was hung up fails every question, also whether it is one.
    fn is_gone(self) -> bool {
        (self.input && !stdin().is_terminal()) || (self.errors && !stderr().is_terminal())
    }
}
