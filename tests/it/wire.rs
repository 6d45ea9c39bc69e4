//! A gRPC client of bare HTTP/2, for what a well-behaved one never sends or never shows.

use std::net::SocketAddr;

use bytes::{BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use http::{HeaderMap, Request};
use tokio::net::TcpStream;

use crate::house::PATIENCE;

/// How a call ended: what came before the messages, the messages as they stood on the wire, what came behind them.
pub(crate) struct Ended {
    pub(crate) headers: HeaderMap,
    /// The headers ended the stream.
    pub(crate) headers_only: bool,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Ended {
    /// The status, wherever it stood.
    pub(crate) fn status(&self) -> &str {
        self.text("grpc-status").expect("every call ends with a status")
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let found = self.headers.get(name).or_else(|| self.trailers.as_ref()?.get(name))?;
        Some(found.to_str().expect("printable"))
    }

    /// The one message of a unary answer.
    pub(crate) fn message<M: prost::Message + Default>(&self) -> M {
        M::decode(&self.body[5..]).expect("the message the method answers with")
    }
}

/// One connection.
pub(crate) async fn dial(address: SocketAddr) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(address).await.expect("accepted");
    stream.set_nodelay(true).expect("a TCP socket");
    let (sender, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    sender.ready().await.expect("ready")
}

/// A call's head, with these headers besides the usual ones.
pub(crate) fn head(method: &str, headers: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::post(format!("http://x/{method}")).header("content-type", "application/grpc").header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).expect("a request")
}

/// A unary call to its end.
pub(crate) async fn call(address: SocketAddr, method: &str, headers: &[(&str, &str)], body: Bytes) -> Ended {
    call_on(&dial(address).await, method, headers, body).await
}

/// The same over a connection that is there.
pub(crate) async fn call_on(connection: &SendRequest<Bytes>, method: &str, headers: &[(&str, &str)], body: Bytes) -> Ended {
    let mut sender = connection.clone().ready().await.expect("the connection is open");
    let call = async {
        let (answer, mut out) = sender.send_request(head(method, headers), false).expect("sent");
        // Refused by its head alone, it is answered before the rest could be sent.
        let _ = out.send_data(body, true);
        let (head, mut incoming) = answer.await.expect("an answer").into_parts();
        let headers_only = incoming.is_end_stream();
        let mut body = Vec::new();
        while let Some(chunk) = incoming.data().await {
            let chunk = chunk.expect("the answer comes whole");
            incoming.flow_control().release_capacity(chunk.len()).expect("what was taken");
            body.extend_from_slice(&chunk);
        }
        let trailers = incoming.trailers().await.expect("the answer comes whole");
        Ended { headers: head.headers, headers_only, body, trailers }
    };
    tokio::time::timeout(PATIENCE, call).await.expect("an answer in time")
}

/// A message with its prefix.
pub(crate) fn framed(message: &impl prost::Message) -> Bytes {
    let message = message.encode_to_vec();
    frame(0, u32::try_from(message.len()).expect("a small message"), &message)
}

/// Whatever is to stand on the wire: the length need not be true.
pub(crate) fn frame(flag: u8, length: u32, message: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(flag);
    frame.put_u32(length);
    frame.put_slice(message);
    frame.freeze()
}
