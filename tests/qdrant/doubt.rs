//! An alias change whose answer is an error: whether it was made is for the listing to say, and it is never sent again.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use pointsman::qdrant::{AliasFailed, Client};
use prost::Message;
use qdrant_client::qdrant::alias_operations::Action;
use qdrant_client::qdrant::{
    AliasDescription, ChangeAliases, CollectionDescription, CollectionOperationResponse, CreateAlias, ListAliasesResponse,
    ListCollectionsResponse,
};

use crate::house::{PATIENCE, client};

/// How the server treats the one change.
#[derive(Clone, Copy)]
struct Manner {
    makes_it: bool,
    grpc_status: &'static str,
}

/// A server with two collections and one alias.
#[derive(Clone)]
struct Server {
    manner: Manner,
    target: Arc<Mutex<String>>,
    changes: Arc<Mutex<Vec<ChangeAliases>>>,
}

impl Server {
    async fn start(manner: Manner) -> (Self, Client) {
        let server = Self { manner, target: Arc::new(Mutex::new("docs_v1".to_owned())), changes: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = serving.clone();
                let service = service_fn(move |request| server.clone().answer(request));
                tokio::spawn(
                    hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        (server, client(&url, &url, PATIENCE))
    }

    async fn answer(
        self,
        request: Request<Incoming>,
    ) -> Result<Response<impl hyper::body::Body<Data = Bytes, Error = Infallible>>, Infallible> {
        let path = request.uri().path().to_owned();
        let body = request.into_body().collect().await.expect("a request").to_bytes();
        let (message, status) = match path.as_str() {
            "/qdrant.Collections/List" => (self.collections().encode_to_vec(), "0"),
            "/qdrant.Collections/ListAliases" => (self.aliases().encode_to_vec(), "0"),
            "/qdrant.Collections/UpdateAliases" => (self.change(&body[5..]), self.manner.grpc_status),
            _ => (Vec::new(), "12"),
        };
        let mut frame = BytesMut::new();
        frame.put_u8(0);
        frame.put_u32(u32::try_from(message.len()).expect("a small message"));
        frame.extend_from_slice(&message);
        let trailers = HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), HeaderValue::from_static(status))]);
        let frames = [Frame::data(frame.freeze()), Frame::trailers(trailers)];
        let body = StreamBody::new(stream::iter(frames.map(Ok)));
        Ok(Response::builder().header("content-type", "application/grpc").body(body).expect("a response"))
    }

    fn collections(&self) -> ListCollectionsResponse {
        let collections = ["docs_v1", "docs_v2"].map(|name| CollectionDescription { name: name.to_owned() });
        ListCollectionsResponse { collections: collections.to_vec(), time: 0.0 }
    }

    fn aliases(&self) -> ListAliasesResponse {
        let collection_name = self.target.lock().expect("nobody panics").clone();
        ListAliasesResponse { aliases: vec![AliasDescription { alias_name: "docs".to_owned(), collection_name }], time: 0.0 }
    }

    fn change(&self, request: &[u8]) -> Vec<u8> {
        let request = ChangeAliases::decode(request).expect("a change");
        if self.manner.makes_it
            && let Some(Action::CreateAlias(CreateAlias { collection_name, .. })) = &request.actions[0].action
        {
            self.target.lock().expect("nobody panics").clone_from(collection_name);
        }
        self.changes.lock().expect("nobody panics").push(request);
        CollectionOperationResponse { result: true, time: 0.0 }.encode_to_vec()
    }

    /// The actions of each change that arrived.
    fn actions(&self) -> Vec<usize> {
        self.changes.lock().expect("nobody panics").iter().map(|change| change.actions.len()).collect()
    }
}

#[tokio::test]
async fn a_change_that_was_made_is_one_although_the_answer_is_an_error() {
    for grpc_status in ["13", "14", "4"] {
        let (server, client) = Server::start(Manner { makes_it: true, grpc_status }).await;
        let changed = client.switch_alias("docs", "docs_v2", None).await.expect("the listing shows it");
        assert!(changed.answer_lost, "status {grpc_status}");
        assert_eq!(changed.target.as_deref(), Some("docs_v2"));
        assert_eq!(server.actions(), [1], "one request, one action");
    }
}

#[tokio::test]
async fn a_change_that_was_not_made_is_an_error_with_the_reason_and_what_is() {
    for grpc_status in ["13", "14", "7"] {
        let (server, client) = Server::start(Manner { makes_it: false, grpc_status }).await;
        let failed = client.switch_alias("docs", "docs_v2", None).await.expect_err("the listing does not show it");
        assert!(matches!(&failed, AliasFailed::Request { found: Some(found), .. } if found == "docs_v1"), "{failed}");
        assert_eq!(server.actions(), [1], "never sent again");
    }
}

#[tokio::test]
async fn success_that_cannot_be_seen_is_no_success() {
    let (server, client) = Server::start(Manner { makes_it: false, grpc_status: "0" }).await;
    let failed = client.switch_alias("docs", "docs_v2", None).await.expect_err("it says yes and does nothing");
    assert!(matches!(failed, AliasFailed::NotSeen { .. }), "{failed}");
    assert_eq!(server.actions(), [1]);
}
