//! `pointsman serve`: puts the two planes together, runs them, and takes them down again.
//!
//! Order of operations, going up: configuration, logging, control plane, data plane, admin API. Nothing waits for
//! Qdrant: until the first alias listing `/readyz` says so. Going down: not ready, a pause for load balancers to notice,
//! connections told to finish, the admin API last, so that it can be watched.

pub(in crate::cli) mod descriptors;
mod greeting;
mod owner;
pub(in crate::cli) mod ports;
mod terminal;
#[cfg(test)]
mod tests;
pub(in crate::cli) mod tls;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use self::greeting::Greeting;
use self::ports::Port;
use self::terminal::Terminal;
use super::{ServeArgs, complain, listed, preflight};
use crate::admin::{self, AdminState};
use crate::config::{Change, Config, Loaded, LogFormat, Watcher};
use crate::control::{self, Control};
use crate::live::Mirror;
use crate::logging::{self, LogHandle};
use crate::metrics::Registry;
use crate::mirror;
use crate::proxy::{self, Listen, Neighbours, Proxy};

/// The control plane's own threads. Nothing on them is waited for by a request.
const CONTROL_THREADS: usize = 2;

/// How long answers of the admin API may still take when everything else has ended.
const ADMIN_GRACE: Duration = Duration::from_secs(5);

/// Why `serve` could not start, or ended with a failure.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error("logging: {0}")]
    Log(#[from] logging::LogFault),
    #[error("listen.tls: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Tls(Vec<tls::TlsFault>),
    #[error(transparent)]
    Control(#[from] control::StartError),
    #[error(transparent)]
    Proxy(#[from] proxy::StartError),
    #[error("cannot listen on {0} for the admin API: {1}")]
    Admin(SocketAddr, std::io::Error),
    #[error("the process cannot be set up: {0}")]
    Process(#[from] std::io::Error),
}

impl ServeError {
    /// What the operator can do about a port that cannot be had.
    fn advice(&self, config: &Config) -> Option<String> {
        let (Self::Proxy(proxy::StartError::Listen(address, error)) | Self::Admin(address, error)) = self else {
            return None;
        };
        let port = Port::all(&config.listen).into_iter().find(|port| port.address == *address)?;
        Some(port.advice(error))
    }
}

pub(super) fn run(args: &ServeArgs) -> ExitCode {
    let loaded = match preflight::load(args) {
        Ok(loaded) => loaded,
        Err(faults) => return complain(format_args!("{}", listed(&faults))),
    };
    let ended = control_runtime().map_err(ServeError::Process).and_then(|runtime| {
        let ended = runtime.block_on(serve(args, &loaded));
        // Do not wait for a computation whose answer no client will read.
        runtime.shutdown_timeout(ADMIN_GRACE);
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => match error.advice(&loaded.config) {
            Some(advice) => complain(format_args!("pointsman cannot serve: {error}; {advice}")),
            None => complain(format_args!("pointsman cannot serve: {error}")),
        },
    }
}

fn control_runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(CONTROL_THREADS).thread_name("control").enable_all().build()
}

async fn serve(args: &ServeArgs, loaded: &Loaded) -> Result<(), ServeError> {
    let config = &loaded.config;
    let terminal = Terminal::of_process();
    let log = logging::init(&config.log)?;
    for warning in preflight::warnings(config) {
        tracing::warn!("{warning}");
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let hang_up = signal(SignalKind::hangup())?;
    let watcher = Watcher::new(args.source(), loaded.fingerprint.clone())?;
    let registry = Arc::new(Registry::new(config.worker_count(), config.metrics.max_aliases));
    let control::Parts { control, shared, refresh, background } = Control::start(loaded, Arc::clone(&registry)).await?;
    let (mirror, inbox) = Mirror::channel(config.shadow.queue, config.shadow.max_memory.bytes());
    mirror::start(inbox, Arc::clone(&shared), Arc::clone(&registry))?;
    let neighbours = Neighbours { refresh, mirror };
    let proxy = Proxy::start(listen(config)?, &shared, &registry, &neighbours).await?;
    drop(neighbours);
    let (stop, stopped) = watch::channel(());
    let (admin_addr, admin) = admin(config, &control, &log, stopped).await?;
    let mut tasks = vec![tokio::spawn(background), tokio::spawn(reload(watcher, control.clone(), log))];
    tracing::info!(
        rest = %proxy.rest_addr(),
        grpc = %proxy.grpc_addr(),
        admin = %admin_addr,
        workers = config.worker_count(),
        version = env!("CARGO_PKG_VERSION"),
        "serving"
    );
    if terminal.shows_errors() && config.log.format == LogFormat::Text {
        let (rest, grpc, file) = (proxy.rest_addr(), proxy.grpc_addr(), loaded.file.as_deref());
        Greeting { rest, grpc, admin: admin_addr, config, file }.show();
        tasks.push(tokio::spawn(greeting::listed(control.clone())));
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = terminal.closed(hang_up) => tracing::info!("the terminal was closed"),
    }
    down(config, &control, proxy).await;
    drop(stop);
    for task in tasks {
        task.abort();
    }
    control.leave().await;
    finish(admin, config.shutdown.grace.get().min(ADMIN_GRACE)).await.map_err(ServeError::Process)
}

/// A client of the admin port that says nothing, or reads nothing, does not hold up the end.
async fn finish(mut admin: AdminTask, grace: Duration) -> std::io::Result<()> {
    match tokio::time::timeout(grace, &mut admin).await {
        Ok(ended) => ended.map_err(std::io::Error::other)?,
        Err(_) => {
            admin.abort();
            tracing::warn!("the grace is over: connections of the admin port still open are closed");
            Ok(())
        }
    }
}

/// Everything under way ends by itself if it can within the grace.
async fn down(config: &Config, control: &Control, proxy: Proxy) {
    control.readiness().set_draining();
    proxy.announce_stop();
    tracing::info!("stopping: not ready any more");
    tokio::time::sleep(config.shutdown.delay.get()).await;
    if proxy.shutdown(config.shutdown.grace.get()).await {
        tracing::info!("stopped: every request was finished");
    } else {
        tracing::warn!("stopped: the grace was over before every request was finished");
    }
}

fn listen(config: &Config) -> Result<Listen, ServeError> {
    let listen = &config.listen;
    Ok(Listen {
        rest: listen.rest,
        grpc: listen.grpc,
        head_timeout: listen.head_timeout.get(),
        max_head_bytes: listen.max_head_bytes.bytes(),
        max_connections: descriptors::connections(listen.max_connections, descriptors::raise()),
        tls: listen.tls.as_ref().map(tls::server).transpose().map_err(ServeError::Tls)?,
    })
}

type AdminTask = tokio::task::JoinHandle<std::io::Result<()>>;

async fn admin(
    config: &Config,
    control: &Control,
    log: &LogHandle,
    mut stopped: watch::Receiver<()>,
) -> Result<(SocketAddr, AdminTask), ServeError> {
    let asked = config.listen.admin;
    let listener = TcpListener::bind(asked).await.map_err(|error| ServeError::Admin(asked, error))?;
    let address = listener.local_addr().map_err(|error| ServeError::Admin(asked, error))?;
    let router = admin::router(AdminState { control: control.clone(), log: Arc::new(log.clone()) });
    // With the client's address, for the log of what is refused.
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
        // An error means that the sender is gone, which is the signal.
        let _ = stopped.changed().await;
    });
    Ok((address, tokio::spawn(async move { serving.await })))
}

/// Takes in each new configuration; what it says of logging concerns only this process, so it is done here.
async fn reload(mut watcher: Watcher, control: Control, log: LogHandle) {
    loop {
        let change = watcher.next().await;
        let filter = filter_of(&change);
        let status = control.reload(change).await;
        let taken = status.rejected.is_empty();
        if let Some(filter) = filter.filter(|_| taken)
            && let Err(error) = log.set(&filter)
        {
            tracing::error!(%error, "the new log.level was not taken");
        }
        if taken && !status.restart_needed.is_empty() {
            tracing::warn!(keys = ?status.restart_needed, "these keys changed and need a restart");
        }
    }
}

fn filter_of(change: &Change) -> Option<String> {
    change.outcome.as_ref().ok().map(|loaded| loaded.config.log.level.to_string())
}
