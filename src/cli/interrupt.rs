//! Ctrl-C, or being asked to end.

use tokio::signal::unix::{SignalKind, signal};

/// Returns when it has happened.
pub(super) async fn interrupted() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        // Without a handler SIGTERM ends the process by itself.
        return wait_for_ctrl_c().await;
    };
    tokio::select! {
        () = wait_for_ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

async fn wait_for_ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler Ctrl-C ends the process by itself.
        std::future::pending::<()>().await;
    }
}
