//! TLS on both sides, over both protocols: clients to Pointsman, Pointsman to its upstreams.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use pointsman_sandbox::requests::Filter;
use qdrant_client::qdrant::points_client::PointsClient;
use qdrant_client::qdrant::{Query, QueryPointsBuilder};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls_pki_types::PrivateKeyDer;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tonic::transport::{Certificate, Channel, ClientTlsConfig};

use crate::house::{PATIENCE, Pointsman, Upstream, alias, client, collection, get, origin, query, send};
use crate::peer;

/// An authority, and a certificate of it for this machine.
pub(crate) struct Authority {
    folder: tempfile::TempDir,
    ca: String,
    server: Arc<rustls::ServerConfig>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::named("127.0.0.1")
    }

    /// The same for a server of this name.
    pub(crate) fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let ca = params.self_signed(&key).expect("signed").pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().expect("a key");
        let names = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = names.signed_by(&key, &issuer).expect("signed");
        Self::of(&ca, &certificate, &key)
    }

    fn of(ca: &str, certificate: &rcgen::Certificate, key: &KeyPair) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, content) in [("ca.pem", ca), ("server.pem", &certificate.pem()), ("server.key", &key.serialize_pem())] {
            std::fs::write(folder.path().join(name), content).expect("written");
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let mut server = builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).expect("a pair");
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self { folder, ca: ca.to_owned(), server: Arc::new(server) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Takes TLS off connections on their way to `address`; takes note of what they agreed to speak.
    async fn in_front_of(&self, address: SocketAddr, spoken: &Agreed) -> String {
        let (acceptor, spoken) = (TlsAcceptor::from(Arc::clone(&self.server)), Arc::clone(spoken));
        let front = peer::listen(move |stream| {
            let (acceptor, spoken) = (acceptor.clone(), Arc::clone(&spoken));
            async move {
                // Whoever does not trust the certificate goes away here.
                let Ok(mut outside) = acceptor.accept(stream).await else { return };
                spoken.lock().expect("no panic").push(outside.get_ref().1.alpn_protocol().map(<[u8]>::to_vec));
                let mut inside = TcpStream::connect(address).await.expect("the sandbox accepts");
                // An end without a goodbye is the other side's way to end.
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            }
        })
        .await;
        format!("https://{front}")
    }

    /// With a certificate that is its own authority, as `openssl req -x509` makes it.
    fn self_signed() -> Self {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("an address");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("signed");
        Self::of(&certificate.pem(), &certificate, &key)
    }

    /// A sandbox behind TLS, and the certificate that is to be trusted for it.
    pub(crate) async fn sandbox(&self, trusted: &Self, spoken: &Spoken) -> Upstream {
        let sandbox = Upstream::sandbox().await;
        let engine = sandbox.engine();
        let rest = self.in_front_of(engine.rest_addr, &spoken[0]).await;
        let grpc = self.in_front_of(engine.grpc_addr.expect("it listens for gRPC"), &spoken[1]).await;
        Upstream { rest, grpc, ca_file: Some(trusted.path("ca.pem")), ..sandbox }
    }
}

/// What connections to an upstream agreed to speak: by REST, and by gRPC.
pub(crate) type Spoken = [Agreed; 2];
pub(crate) type Agreed = Arc<Mutex<Vec<Option<Vec<u8>>>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_protocols_work_with_tls_on_both_sides() {
    let (public, private) = (Authority::new(), Authority::new());
    let spoken = Spoken::default();
    let upstream = private.sandbox(&private, &spoken).await;
    let sandbox = format!("http://{}", upstream.engine().rest_addr);
    collection(&sandbox, "docs_v1").await;
    collection(&sandbox, "docs_v2").await;
    alias(&sandbox, "docs", "docs_v1").await;
    let (cert, key) = (public.path("server.pem"), public.path("server.key"));
    let listen = format!("listen: {{tls: {{cert_file: {cert:?}, key_file: {key:?}}}}}");
    let pointsman = Pointsman::start(&upstream, &listen).await;
    pointsman.split("docs", "docs_v2", 0, 100).await;

    let root = reqwest::Certificate::from_pem(public.ca.as_bytes()).expect("PEM");
    let http = reqwest::Client::builder().add_root_certificate(root).build().expect("a client");
    let url = format!("https://{}/collections/docs/points/query", pointsman.rest);
    let answer = http.post(&url).json(&query()).send().await.expect("an answer");
    assert_eq!(answer.headers()["x-pointsman-variant"], "candidate");
    assert_eq!(origin(&answer.json().await.expect("JSON")), "docs_v2");

    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&public.ca));
    let channel = Channel::from_shared(format!("https://{}", pointsman.grpc)).expect("a URL").tls_config(tls).expect("PEM");
    let mut client = PointsClient::new(channel.connect().await.expect("a connection"));
    let request = QueryPointsBuilder::new("docs").query(Query::new_nearest(vec![1.0, 0.5])).limit(1).with_payload(true);
    let answer = client.query(request.build()).await.expect("an answer").into_inner();
    assert_eq!(answer.result[0].payload["from"].as_str().expect("a text"), "docs_v2");

    let queries = Filter { operation: Some("uery".to_owned()), ..Filter::default() };
    let queries = upstream.engine().log.list(&queries);
    assert_eq!(queries.len(), 2);
    assert!(queries.iter().all(|request| request.headers["forwarded"] == "for=127.0.0.1;proto=https"), "{queries:?}");
    // REST offers nothing, so that nobody answers it in HTTP/2; gRPC insists on it.
    for (spoken, wanted) in spoken.iter().zip([None, Some(b"h2".to_vec())]) {
        let spoken = spoken.lock().expect("no panic");
        assert!(!spoken.is_empty() && spoken.iter().all(|agreed| *agreed == wanted), "{spoken:?} instead of {wanted:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_with_a_strangers_certificate_gets_no_request() {
    let (ours, strange) = (Authority::new(), Authority::new());
    let (here, there) = (Upstream::sandbox().await, strange.sandbox(&ours, &Spoken::default()).await);
    collection(&here.rest, "docs_v1").await;
    alias(&here.rest, "docs", "docs_v1").await;
    let extra = format!(
        "  far: {{rest_url: \"{}\", grpc_url: \"{}\", ca_file: {:?}}}\n\
         routes: {{docs: {{variants: [{{name: stable, weight: 0}}, {{name: far, upstream: far, collection: docs_v1, weight: 1}}], anonymous: random}}}}",
        there.rest,
        there.grpc,
        ours.path("ca.pem")
    );
    let pointsman = Pointsman::start(&here, &extra).await;
    let request = pointsman.http.post(pointsman.rest("/collections/docs/points/query")).json(&query());
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.headers()["x-pointsman-fallback"], "connection");
    let message = QueryPointsBuilder::new("docs").build();
    let ended = crate::wire::call(pointsman.grpc, "qdrant.Points/Query", &[], crate::wire::framed(&message)).await;
    assert_eq!((ended.status(), ended.text("x-pointsman-fallback")), ("0", Some("connection")));
    assert_eq!(there.engine().log.count(&Filter::default()), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_with_a_self_signed_certificate_is_trusted_by_that_certificate_alone() {
    let (own, other) = (Authority::self_signed(), Authority::self_signed());
    let upstream = own.sandbox(&own, &Spoken::default()).await;
    let sandbox = format!("http://{}", upstream.engine().rest_addr);
    collection(&sandbox, "docs_v1").await;
    alias(&sandbox, "docs", "docs_v1").await;
    let wrong = format!("  far: {{rest_url: \"{}\", grpc_url: \"{}\", ca_file: {:?}}}", upstream.rest, upstream.grpc, other.path("ca.pem"));
    let split = "routes: {away: {variants: [{name: stable, weight: 0}, {name: far, upstream: far, collection: docs_v1, weight: 1}]}}";
    alias(&sandbox, "away", "docs_v1").await;
    // It is ready when the aliases have been listed, which the control plane does by its own connection.
    let pointsman = Pointsman::start(&upstream, &format!("{wrong}\n{split}\nfallback: {{enabled: false}}")).await;
    let answer = pointsman.http.post(pointsman.rest("/collections/docs/points/query")).json(&query()).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let answer = client(&pointsman).query(QueryPointsBuilder::new("docs").query(Query::new_nearest(vec![1.0, 0.5]))).await;
    answer.expect("gRPC trusts it too");

    let refused = pointsman
        .http
        .post(pointsman.rest("/collections/away/points/query"))
        .header("x-user-id", "u")
        .json(&query())
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["x-pointsman-error"]),
        (502, &"upstream-unreachable".parse().expect("a value"))
    );
    let text = refused.text().await.expect("a text");
    assert!(text.contains("self-signed") && text.contains("ca_file"), "{text}");
}

/// The mirror has connections of its own, by the same trust.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shadow_behind_tls_is_asked_over_tls() {
    let private = Authority::new();
    let spoken = Spoken::default();
    let upstream = private.sandbox(&private, &spoken).await;
    let sandbox = format!("http://{}", upstream.engine().rest_addr);
    for name in ["docs_v1", "docs_v2"] {
        collection(&sandbox, name).await;
    }
    alias(&sandbox, "docs", "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let spec = json!({"alias": "docs", "collection": "docs_v2", "percentage": 100});
    let made = send(&pointsman.http, reqwest::Method::POST, &pointsman.admin("/v1/shadows"), &spec).await;
    let path = pointsman.admin(&format!("/v1/shadows/{}", made["id"].as_str().expect("it has an id")));
    let grpc = client(&pointsman);
    for _ in 0..10 {
        send(&pointsman.http, reqwest::Method::POST, &pointsman.rest("/collections/docs/points/query"), &query()).await;
        let asked = QueryPointsBuilder::new("docs").query(Query::new_nearest(vec![1.0, 0.5])).limit(1).with_payload(true);
        grpc.query(asked).await.expect("an answer");
    }
    let compared = async {
        loop {
            let report = get(&pointsman.http, &path).await["report"].clone();
            if report["comparisons"] == 20 {
                return report;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let report = tokio::time::timeout(PATIENCE, compared).await.expect("all are compared in time");
    assert!(report["last_failure"].is_null(), "{report:#}");
    let asked = upstream.engine().log.list(&Filter { collection: Some("docs_v2".to_owned()), ..Filter::default() });
    let queries = asked.iter().filter(|request| request.operation.contains("uery")).count();
    assert_eq!(queries, 20, "both protocols, each question once");
    for spoken in &spoken {
        assert!(spoken.lock().expect("no panic").len() >= 2, "a connection of the users', and one of the mirror's");
    }
}
