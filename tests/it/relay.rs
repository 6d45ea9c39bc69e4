//! A network between a replica and its store that can be cut: nothing comes through, and nobody is told.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

/// What PostgreSQL calls its socket.
const SOCKET: &str = ".s.PGSQL.5432";

pub(crate) struct Relay {
    folder: TempDir,
    cut: watch::Sender<bool>,
}

impl Relay {
    /// Between the replica that is given this relay's URL and the database of `url`.
    pub(crate) fn before(url: &str) -> (Self, String) {
        let (location, home) = url.split_once("?host=").expect("the cluster listens on a socket");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let listener = UnixListener::bind(folder.path().join(SOCKET)).expect("a fresh folder");
        let (cut, is_cut) = watch::channel(false);
        tokio::spawn(carry_all(listener, Path::new(home).join(SOCKET), is_cut));
        let through = format!("{location}?host={}", folder.path().display());
        (Self { folder, cut }, through)
    }

    pub(crate) fn cut(&self) {
        self.cut.send_replace(true);
    }

    pub(crate) fn mend(&self) {
        assert!(self.folder.path().exists(), "it is used for as long as it lives");
        self.cut.send_replace(false);
    }
}

async fn carry_all(listener: UnixListener, to: PathBuf, cut: watch::Receiver<bool>) {
    while let Ok((near, _)) = listener.accept().await {
        let (to, cut) = (to.clone(), cut.clone());
        tokio::spawn(async move {
            let Ok(far) = UnixStream::connect(to).await else { return };
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            // Whichever side hangs up first, the other is told.
            tokio::select! {
                () = carry(near_in, far_out, cut.clone()) => {}
                () = carry(far_in, near_out, cut) => {}
            }
        });
    }
}

async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut cut: watch::Receiver<bool>) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(length) = from.read(&mut buffer).await {
        // What was sent during a cut arrives after it, as on a network that sends again.
        let mended = cut.wait_for(|cut| !cut).await.is_ok();
        if length == 0 || !mended || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
