//! Starting and stopping a sandbox; used by the binary, and in-process by tests and the demo.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::engine::{CollectionInfo, CollectionStatus, EngineError, EngineResult, OptimizersStatus, Store};
use crate::faults::Faults;
use crate::requests::RequestLog;
use crate::{grpc, rest};

/// How long running requests may take to end once the sandbox is told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// How to start.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// Where REST listens; port 0 takes any.
    pub rest_addr: SocketAddr,
    /// Where gRPC listens; none for REST alone.
    pub grpc_addr: Option<SocketAddr>,
    /// Where collections live; none for a folder that goes with the process.
    pub data_dir: Option<PathBuf>,
    /// The key every request must bring.
    pub api_key: Option<String>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { rest_addr: any, grpc_addr: Some(any), data_dir: None, api_key: None }
    }
}

/// Why a sandbox did not start or stop.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// A port could not be had.
    #[error("cannot listen on {address}: {source}; is another server using the port?")]
    Listen {
        /// The port.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The data could not be opened.
    #[error("cannot open the data: {0}")]
    Open(#[from] EngineError),
    /// A server ended in failure.
    #[error("serving failed: {0}")]
    Serve(#[from] io::Error),
    /// A server panicked.
    #[error("a server ended unexpectedly: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// What REST and gRPC share.
#[derive(Clone)]
pub struct Shared {
    /// Collections and aliases.
    pub store: Arc<Store>,
    /// What is to go wrong.
    pub faults: Arc<Faults>,
    /// What arrived.
    pub log: Arc<RequestLog>,
    /// The key every request must bring.
    pub api_key: Option<Arc<str>>,
}

impl Shared {
    /// Runs a call on the store where it may block.
    pub async fn run<T: Send + 'static>(&self, call: impl FnOnce(&Store) -> EngineResult<T> + Send + 'static) -> EngineResult<T> {
        let store = Arc::clone(&self.store);
        match tokio::task::spawn_blocking(move || call(&store)).await {
            Ok(result) => result,
            Err(why) => Err(EngineError::service(format_args!("the engine did not finish the call: {why}"))),
        }
    }

    /// What a collection reports about itself, once faults have had their say.
    pub async fn info(&self, name: &str) -> EngineResult<CollectionInfo> {
        let requested = name.to_owned();
        let (mut info, resolved) = self.run(move |store| Ok((store.info(&requested)?, store.resolve(&requested)))).await?;
        if let Some(status) = self.faults.status(name, resolved.as_deref()) {
            info.status = status;
            if status == CollectionStatus::Red {
                info.optimizer_status = OptimizersStatus::Error("Fault injected by the sandbox".to_owned());
            }
        }
        Ok(info)
    }

    /// Whether a request may pass: `api-key` wins over `authorization`, even when it is wrong.
    pub fn admits(&self, headers: &http::HeaderMap) -> Result<(), &'static str> {
        let Some(expected) = &self.api_key else {
            return Ok(());
        };
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
        match text("api-key").or(bearer) {
            None => Err("Must provide an API key or an Authorization bearer token"),
            Some(key) if key == &**expected => Ok(()),
            Some(_) => Err("Invalid API key or JWT"),
        }
    }
}

/// A running sandbox; dropping it stops it without waiting.
pub struct Sandbox {
    /// Where REST listens.
    pub rest_addr: SocketAddr,
    /// Where gRPC listens.
    pub grpc_addr: Option<SocketAddr>,
    /// Collections and aliases.
    pub store: Arc<Store>,
    /// What is to go wrong.
    pub faults: Arc<Faults>,
    /// What arrived.
    pub log: Arc<RequestLog>,
    stop: watch::Sender<bool>,
    servers: JoinSet<io::Result<()>>,
}

impl Sandbox {
    /// Opens the data and both ports; requests are answered when this returns.
    pub async fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        let folder = options.data_dir.clone();
        let store = tokio::task::spawn_blocking(move || Store::open(folder.as_deref())).await??;
        let shared = Shared {
            store: Arc::new(store),
            faults: Arc::new(Faults::default()),
            log: Arc::new(RequestLog::default()),
            api_key: options.api_key.as_deref().map(Arc::from),
        };
        let (stop, stopped) = watch::channel(false);
        let mut servers = JoinSet::new();

        let rest = listen(options.rest_addr).await?;
        let rest_addr = rest.local_addr()?;
        servers.spawn(rest::serve(rest, shared.clone(), until(stopped.clone())));

        let mut grpc_addr = None;
        if let Some(address) = options.grpc_addr {
            let grpc = listen(address).await?;
            grpc_addr = Some(grpc.local_addr()?);
            servers.spawn(grpc::serve(grpc, shared.clone(), until(stopped)));
        }
        Ok(Self { rest_addr, grpc_addr, store: shared.store, faults: shared.faults, log: shared.log, stop, servers })
    }

    /// The REST address as a URL.
    pub fn rest_url(&self) -> String {
        format!("http://{}", self.rest_addr)
    }

    /// The gRPC address as a URL, if there is one.
    pub fn grpc_url(&self) -> Option<String> {
        self.grpc_addr.map(|address| format!("http://{address}"))
    }

    /// Waits until a server ends by itself, which only a failure makes it do.
    pub async fn failed(&mut self) -> SandboxError {
        match self.servers.join_next().await {
            Some(Ok(Err(why))) => why.into(),
            Some(Err(why)) => why.into(),
            Some(Ok(Ok(()))) | None => io::Error::other("a server stopped by itself").into(),
        }
    }

    /// Stops: no new requests, a moment for the running ones, then everything is written down.
    pub async fn shutdown(mut self) -> Result<(), SandboxError> {
        self.stop.send_replace(true);
        let ending = async {
            while let Some(ended) = self.servers.join_next().await {
                ended??;
            }
            Ok::<(), SandboxError>(())
        };
        match tokio::time::timeout(GRACE, ending).await {
            Ok(result) => result?,
            Err(_) => self.servers.shutdown().await,
        }
        // Dropping the store flushes it, which may block.
        let store = self.store;
        tokio::task::spawn_blocking(move || drop(store)).await?;
        Ok(())
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, SandboxError> {
    TcpListener::bind(address).await.map_err(|source| SandboxError::Listen { address, source })
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means the sandbox was dropped, which stops the servers too.
    let _gone = stopped.wait_for(|stopped| *stopped).await;
}
