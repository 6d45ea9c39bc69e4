//! Upstreams that follow a script: bare HTTP/1.1 for REST, bare HTTP/2 for gRPC.
//!
//! A test that needs one for REST takes the aliases from a sandbox's gRPC port; the one for gRPC answers the listing itself.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, Request, Response};
use qdrant_client::qdrant::{AliasDescription, CollectionDescription, ListAliasesResponse, ListCollectionsResponse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::house::Upstream;
use crate::wire::framed;

/// A port that refuses connections until its socket listens, and cannot be taken by another process in between.
pub(crate) fn reserved() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let address = socket.local_addr().expect("bound");
    (socket, address)
}

/// One that refuses them as long as this process lives.
pub(crate) fn refusing_port() -> SocketAddr {
    let (socket, address) = reserved();
    std::mem::forget(socket);
    address
}

/// Hands every connection to the script, each in a task of its own.
pub(crate) async fn listen<S, F>(script: S) -> SocketAddr
where
    S: Fn(TcpStream) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).expect("a TCP socket");
            tokio::spawn(script(stream));
        }
    });
    address
}

/// A sandbox whose REST door is the script instead.
pub(crate) async fn rest<S, F>(script: S) -> Upstream
where
    S: Fn(Exchange) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let address = listen(move |stream| script(Exchange { stream, buffer: BytesMut::new() })).await;
    Upstream { rest: format!("http://{address}"), ..Upstream::sandbox().await }
}

/// The serving side of one HTTP/1.1 connection.
pub(crate) struct Exchange {
    pub(crate) stream: TcpStream,
    buffer: BytesMut,
}

impl Exchange {
    /// The next request's head; none at the end of the connection.
    pub(crate) async fn head(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = self.buffer.split_to(end + 4);
                return Some(String::from_utf8(head.to_vec()).expect("a head is text"));
            }
            self.fill().await?;
        }
    }

    /// A body with a length, whole.
    pub(crate) async fn body(&mut self, head: &str) -> Vec<u8> {
        let length = field(head, "content-length").map_or(0, |length| length.parse().expect("a number"));
        while self.buffer.len() < length {
            self.fill().await.expect("the body comes whole");
        }
        self.buffer.split_to(length).to_vec()
    }

    /// A body in chunks, with its framing.
    pub(crate) async fn chunks(&mut self) -> Vec<u8> {
        while !self.buffer.ends_with(b"0\r\n\r\n") {
            self.fill().await.expect("the body comes whole");
        }
        self.buffer.split().to_vec()
    }

    /// Reads and forgets; how much it was.
    pub(crate) async fn swallow(&mut self, length: u64) -> u64 {
        let mut seen = self.buffer.split().len() as u64;
        while seen < length && self.fill().await.is_some() {
            seen += self.buffer.split().len() as u64;
        }
        seen
    }

    pub(crate) async fn say(&mut self, text: &str) {
        // A test may have seen enough and closed its side.
        let _ = self.stream.write_all(text.as_bytes()).await;
    }

    /// An answer as Qdrant's.
    pub(crate) async fn ok(&mut self) {
        self.say(&answer(r#"{"result":true,"status":"ok","time":0.0}"#)).await;
    }

    async fn fill(&mut self) -> Option<()> {
        let read = self.stream.read_buf(&mut self.buffer).await.ok()?;
        (read > 0).then_some(())
    }
}

/// The value of a header in a head; names are compared as they are written by Pointsman, in lower case.
pub(crate) fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

pub(crate) fn answer(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// A gRPC call as the script sees it.
pub(crate) struct Call {
    pub(crate) request: Request<RecvStream>,
    pub(crate) respond: SendResponse<Bytes>,
}

/// An upstream whose gRPC door is the script, with the alias `docs` for `docs_v1`, and a second collection `docs_v2`.
pub(crate) async fn grpc<S, F>(script: S) -> Upstream
where
    S: Fn(Call) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let script = Arc::new(script);
    let address = listen(move |stream| connection(stream, Arc::clone(&script))).await;
    Upstream { grpc: format!("http://{address}"), ..Upstream::sandbox().await }
}

async fn connection<S, F>(stream: TcpStream, script: Arc<S>)
where
    S: Fn(Call) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((request, respond))) = connection.accept().await {
        let call = Call { request, respond };
        match call.request.uri().path() {
            "/qdrant.Collections/ListAliases" => call.message(&aliases()),
            "/qdrant.Collections/List" => call.message(&collections()),
            _ => drop(tokio::spawn(script(call))),
        }
    }
}

fn aliases() -> ListAliasesResponse {
    let alias = AliasDescription { alias_name: "docs".to_owned(), collection_name: "docs_v1".to_owned() };
    ListAliasesResponse { aliases: vec![alias], ..Default::default() }
}

fn collections() -> ListCollectionsResponse {
    let names = ["docs_v1", "docs_v2"].map(|name| CollectionDescription { name: name.to_owned() });
    ListCollectionsResponse { collections: names.into(), ..Default::default() }
}

impl Call {
    /// The request's body, whole.
    pub(crate) async fn body(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        let incoming = self.request.body_mut();
        while let Some(chunk) = incoming.data().await {
            let chunk = chunk.expect("the request comes whole");
            incoming.flow_control().release_capacity(chunk.len()).expect("what was taken");
            body.extend_from_slice(&chunk);
        }
        body
    }

    /// Answers with one message and status 0.
    pub(crate) fn message(mut self, message: &impl prost::Message) {
        let mut stream = self.respond.send_response(headers(), false).expect("the stream is open");
        stream.send_data(framed(message), false).expect("the stream is open");
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", 0.into());
        stream.send_trailers(trailers).expect("the stream is open");
    }
}

/// What every gRPC answer begins with.
pub(crate) fn headers() -> Response<()> {
    Response::builder().header("content-type", "application/grpc").body(()).expect("an answer")
}
