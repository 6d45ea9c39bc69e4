//! An HTTP/1.1 client for low request rates: the mirror and the control plane. It opens connections with the dialler of this
//! room, so the same time limit, address order and trust apply as on the data path.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::uri::{InvalidUri, PathAndQuery};
use http::{HeaderMap, Method, Request, StatusCode, Uri, response};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::{Instant, timeout_at};

use super::body::Body;
use super::dial::dial;
use super::endpoint::Endpoint;
use super::error::ConnectError;
use super::prefix::TargetFault;
use crate::net::Io;

/// Qdrant closes connections that were idle for five seconds.
const IDLE: Duration = Duration::from_secs(3);

/// Connections to one REST endpoint. Cheap to clone; clones share connections.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: legacy::Client<Dialler, Body>,
    endpoint: Arc<Endpoint>,
}

/// Why there is no answer, or no complete one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// Nothing was sent.
    #[error(transparent)]
    Connect(ConnectError),
    /// Nothing was sent.
    #[error("the request cannot be written: {0}")]
    Request(#[from] TargetFault),
    #[error("the deadline has passed")]
    Late,
    #[error(transparent)]
    Broken(legacy::Error),
    #[error("the answer broke off: {0}")]
    Cut(hyper::Error),
}

impl From<InvalidUri> for HttpError {
    fn from(error: InvalidUri) -> Self {
        Self::Request(TargetFault::Path(error.to_string()))
    }
}

impl From<legacy::Error> for HttpError {
    fn from(error: legacy::Error) -> Self {
        let connect = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<ConnectError>()).cloned();
        connect.map_or(Self::Broken(error), Self::Connect)
    }
}

impl Http {
    /// Connections to `endpoint`, each opened within `limit`.
    pub(crate) fn new(endpoint: &Endpoint, limit: Duration) -> Self {
        let endpoint = Arc::new(endpoint.clone());
        let dialler = Dialler { endpoint: Arc::clone(&endpoint), limit };
        let client = legacy::Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE).pool_timer(TokioTimer::new()).build(dialler);
        Self { client, endpoint }
    }

    /// Sends a request for `path` below the endpoint's prefix; `deadline` ends it, and the reading of its answer. Redirects are not followed: Qdrant sends no client
    /// elsewhere, and a key must not be carried there.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Body,
        deadline: Instant,
    ) -> Result<HttpAnswer, HttpError> {
        let uri = self.endpoint.uri(PathAndQuery::try_from(path)?)?;
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let answer = timeout_at(deadline, self.client.request(request)).await.map_err(|_| HttpError::Late)??;
        let (head, body) = answer.into_parts();
        Ok(HttpAnswer { head, body, deadline })
    }
}

/// An answer whose body has not been read yet.
#[derive(Debug)]
pub(crate) struct HttpAnswer {
    head: response::Parts,
    body: Incoming,
    deadline: Instant,
}

impl HttpAnswer {
    pub(crate) fn status(&self) -> StatusCode {
        self.head.status
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    pub(crate) fn into_headers(self) -> HeaderMap {
        self.head.headers
    }

    /// The next chunk of the body; none at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        loop {
            let next = std::future::poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx));
            match timeout_at(self.deadline, next).await.map_err(|_| HttpError::Late)? {
                None => return Ok(None),
                Some(frame) => {
                    if let Ok(chunk) = frame.map_err(HttpError::Cut)?.into_data() {
                        return Ok(Some(chunk));
                    }
                }
            }
        }
    }
}

/// The dialler in the form that the client library needs.
#[derive(Clone, Debug)]
struct Dialler {
    endpoint: Arc<Endpoint>,
    limit: Duration,
}

/// The connection type that the client library needs.
type Dialled = Pin<Box<dyn Future<Output = Result<TokioIo<Io>, ConnectError>> + Send>>;

impl tower::Service<Uri> for Dialler {
    type Response = TokioIo<Io>;
    type Error = ConnectError;
    type Future = Dialled;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Dialled {
        let Self { endpoint, limit } = self.clone();
        Box::pin(async move { dial(&endpoint, limit).await.map(TokioIo::new) })
    }
}

impl Connection for Io {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::upstream::testing::{LONG, reserved, upstream};

    /// A client of a server that reads one head on each connection and sends `answer`.
    async fn client(answer: &'static str) -> Http {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut read = Vec::new();
                while !read.ends_with(b"\r\n\r\n") {
                    read.push(stream.read_u8().await.expect("a request"));
                }
                stream.write_all(answer.as_bytes()).await.expect("taken");
                // The connection stays open, so that the client waits for the missing bytes.
                std::future::pending::<()>().await;
            }
        });
        Http::new(&upstream(address, false, 1).rest, LONG)
    }

    async fn get(http: &Http, within: Duration) -> Result<HttpAnswer, HttpError> {
        http.send(Method::GET, "/collections?a=1", HeaderMap::new(), Body::empty(), Instant::now() + within).await
    }

    #[tokio::test]
    async fn an_answer_is_read_to_its_end() {
        let http = client("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
        let mut answer = get(&http, LONG).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.chunk().await.expect("a piece").as_deref(), Some(&b"hello"[..]));
        assert!(answer.chunk().await.expect("the end").is_none());
    }

    #[tokio::test]
    async fn the_deadline_ends_the_body_too() {
        let http = client("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe").await;
        let late = async {
            let mut answer = get(&http, Duration::from_millis(300)).await?;
            while answer.chunk().await?.is_some() {}
            Ok::<(), HttpError>(())
        };
        assert!(matches!(late.await, Err(HttpError::Late)));
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_not_followed() {
        let http = client("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n").await;
        assert_eq!(get(&http, LONG).await.expect("an answer").status(), StatusCode::FOUND);
    }

    #[tokio::test]
    async fn a_failure_to_connect_keeps_what_it_was() {
        let (_socket, address) = reserved();
        let http = Http::new(&upstream(address, false, 1).rest, LONG);
        let failed = get(&http, LONG).await.expect_err("it refuses");
        assert!(matches!(&failed, HttpError::Connect(error) if error.is_refused()), "{failed:?}");
    }
}
