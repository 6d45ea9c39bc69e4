//! The signals that end the demo. Called by `main`, which then ends the children and puts the terminal back.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a shell reports for a program that a signal ended is this and the signal's number.
const BY_SIGNAL: u8 = 128;

/// Ctrl-C, a request to end, and a terminal that was closed.
#[derive(Debug)]
pub(crate) struct Ending {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Ending {
    /// Listens from now on. Until then each of these signals ends the process by itself.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Returns the exit code when one of them has arrived.
    pub(crate) async fn asked(&mut self) -> u8 {
        let kind = tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.hang_up.recv() => SignalKind::hangup(),
        };
        u8::try_from(kind.as_raw_value()).map_or(1, |number| BY_SIGNAL + number)
    }
}
