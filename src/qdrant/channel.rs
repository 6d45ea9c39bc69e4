//! A gRPC channel to one upstream, built from the same endpoint the data path connects to.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::failure::with_sources;
use crate::live::Endpoint;

/// How one upstream is reached.
#[derive(Clone, Debug)]
pub struct Connection {
    pub endpoint: Endpoint,
    pub api_key: Option<HeaderValue>,
    pub connect_timeout: Duration,
    /// For one call, connecting included.
    pub timeout: Duration,
}

impl Connection {
    /// A channel that connects when it is first used.
    ///
    /// # Errors
    /// When the endpoint's authority does not make a URI.
    pub(super) fn open(&self) -> Result<Channel, http::Error> {
        let authority = &self.endpoint.authority;
        let origin = Uri::builder().scheme(self.endpoint.scheme()).authority(authority.clone()).path_and_query("/").build()?;
        // The channel itself is told "http": it would wrap an https address in TLS a second time.
        let address = Uri::builder().scheme("http").authority(authority.clone()).path_and_query("/").build()?;
        let endpoint = self.endpoint.clone();
        let connect = tower::service_fn(move |_: Uri| dial(endpoint.clone()));
        Ok(Channel::builder(address).origin(origin).connect_timeout(self.connect_timeout).connect_with_connector_lazy(connect))
    }
}

/// Plain TCP or TLS over it.
trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

async fn dial(endpoint: Endpoint) -> io::Result<TokioIo<Box<dyn Io>>> {
    let tcp = TcpStream::connect((endpoint.host.as_ref(), endpoint.port)).await?;
    tcp.set_nodelay(true)?;
    let stream: Box<dyn Io> = match endpoint.tls {
        None => Box::new(tcp),
        Some((config, name)) => {
            let mut config = rustls::ClientConfig::clone(&config);
            config.alpn_protocols = vec![b"h2".to_vec()];
            Box::new(TlsConnector::from(Arc::new(config)).connect(name, tcp).await?)
        }
    };
    Ok(TokioIo::new(stream))
}

/// Puts the key into each call.
#[derive(Clone)]
pub(super) struct ApiKey(pub(super) Option<HeaderValue>);

impl Interceptor for ApiKey {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(key) = &self.0 {
            let mut value = MetadataValue::try_from(key.as_bytes())
                .map_err(|_| Status::invalid_argument("the configured api_key is not printable ASCII and cannot be sent"))?;
            value.set_sensitive(true);
            request.metadata_mut().insert("api-key", value);
        }
        Ok(request)
    }
}

/// What a status says, with what really happened in the transport.
pub(super) fn reason(status: &Status) -> String {
    with_sources(status.message().to_owned(), status)
}
