//! Keys and certificates, and upstreams that do not answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use pointsman::qdrant::{Client, FailureKind};
use pointsman_sandbox::{Sandbox, SandboxOptions};
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;

use crate::house::{House, PATIENCE, access, client};

#[tokio::test]
async fn the_key_goes_along_on_both_protocols_and_is_missed_where_it_lacks() {
    let sandbox = Sandbox::start(SandboxOptions { api_key: Some("sesame".to_owned()), ..SandboxOptions::default() }).await.expect("ports");
    let (rest, grpc) = (sandbox.rest_url(), sandbox.grpc_url().expect("gRPC"));
    let mut with_key = access(&rest, &grpc, PATIENCE, RootCertStore::empty());
    with_key.api_key = Some(HeaderValue::from_static("sesame"));
    let with_key = Client::new(with_key);
    assert!(with_key.list().await.expect("a listing").collections.is_empty());
    assert!(with_key.describe("docs").await.expect_err("there is none").is_not_found());

    let without = client(&rest, &grpc, PATIENCE);
    assert!(without.list().await.is_err());
    let failure = without.describe("docs").await.expect_err("no key");
    assert!(!failure.is_transient() && failure.to_string().contains("401"), "{failure}");
}

/// A server whose certificate only `roots` vouch for.
async fn tls_server() -> (String, RootCertStore) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("an address makes a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("a certificate");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("the provider's own versions").with_no_client_auth();
    let mut config = config.with_single_cert(vec![made.cert.der().clone()], key).expect("the key belongs to the certificate");
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("https://{}", listener.local_addr().expect("it is bound"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let service = service_fn(async |_: Request<Incoming>| {
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(r#"{"version": "1.18.2"}"#)))
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    (url, roots)
}

#[tokio::test]
async fn rest_trusts_the_authority_the_data_path_trusts_and_no_other() {
    let (url, roots) = tls_server().await;
    let trusting = Client::new(access(&url, &url, PATIENCE, roots));
    assert_eq!(trusting.version().await.expect("an answer"), "1.18.2");
    let failure = client(&url, &url, PATIENCE).version().await.expect_err("nobody vouches for it");
    assert!(matches!(&failure.kind, FailureKind::Unreachable(reason) if reason.contains("certificate")), "{failure}");
}

#[tokio::test]
async fn silence_ends_in_a_timeout_and_a_closed_door_in_a_reason() {
    let house = House::with_alias().await;
    house.fault("*", json!({"connection": "stall"}));
    let failure = house.impatient().count_points("docs_v1").await.expect_err("no answer");
    assert!(matches!(failure.kind, FailureKind::Timeout(_)) && failure.is_transient(), "{failure}");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    drop(listener);
    let failure = client(&url, &url, Duration::from_secs(5)).count_points("docs").await.expect_err("nobody listens");
    assert!(matches!(failure.kind, FailureKind::Unreachable(_)), "{failure}");
    assert!(failure.to_string().starts_with("default: POST /collections/docs/points/count: cannot be reached: "), "{failure}");
}
