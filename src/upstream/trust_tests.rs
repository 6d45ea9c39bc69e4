use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls_pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::upstream::{ConnectError, Endpoint, Speaks, dial};

/// A certificate and its key.
struct Own {
    pem: String,
    der: CertificateDer<'static>,
    key: KeyPair,
    params: CertificateParams,
}

/// As `openssl req -x509` makes it: self-signed, authority and server certificate in one.
fn self_signed(names: &[&str], alter: impl FnOnce(&mut CertificateParams)) -> Own {
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).expect("legal names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    alter(&mut params);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("signed");
    Own { pem: certificate.pem(), der: certificate.der().clone(), key, params }
}

/// One handshake with a server that presents `own`, where `trusted` is the content of `ca_file`.
async fn handshake(own: &Own, trusted: &str) -> Result<(), ConnectError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let key = PrivateKeyDer::try_from(own.key.serialize_der()).expect("a key");
    let server = builder.with_no_client_auth().with_single_cert(vec![own.der.clone()], key).expect("a pair");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("https://{}", listener.local_addr().expect("bound"));
    let config = Trust::Given(trusted.as_bytes()).config().expect("a PEM file");
    let endpoint = Endpoint::parse(&url, 443, &config, Speaks::Http1).expect("a legal URL");
    let serve = async {
        let (stream, _) = listener.accept().await.expect("accepted");
        // A client that does not trust it disconnects.
        let _ = TlsAcceptor::from(Arc::new(server)).accept(stream).await;
    };
    let (opened, ()) = tokio::join!(dial(&endpoint, Duration::from_secs(60)), serve);
    opened.map(drop)
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_where_it_is_in_the_file() {
    let own = self_signed(&["127.0.0.1"], |_| {});
    handshake(&own, &own.pem).await.expect("exactly this certificate is trusted");
    let other = self_signed(&["127.0.0.1"], |_| {});
    handshake(&own, &format!("{}{}", other.pem, own.pem)).await.expect("it is the second one of the file");
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_trusted_where_it_is_in_the_file() {
    let authority = self_signed(&[], |_| {});
    let issuer = Issuer::new(authority.params, authority.key);
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("an address");
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, &issuer).expect("signed");
    let own = Own { pem: certificate.pem(), der: certificate.der().clone(), key, params };
    handshake(&own, &own.pem).await.expect("exactly this certificate is trusted");
}

#[tokio::test]
async fn another_self_signed_certificate_is_refused_with_what_to_do() {
    let (own, other) = (self_signed(&["127.0.0.1"], |_| {}), self_signed(&["127.0.0.1"], |_| {}));
    let refused = handshake(&own, &other.pem).await.expect_err("another certificate");
    assert!(refused.is_permanent());
    let text = refused.to_string();
    assert!(text.contains("self-signed (CA:TRUE)") && text.contains("`ca_file`"), "{text}");
}

#[tokio::test]
async fn its_dates_count() {
    let expired = self_signed(&["127.0.0.1"], |params| params.not_after = date_time_ymd(2001, 1, 1));
    let refused = handshake(&expired, &expired.pem).await.expect_err("it has expired").to_string();
    assert!(refused.contains("expired"), "{refused}");
    let early = self_signed(&["127.0.0.1"], |params| params.not_before = date_time_ymd(3001, 1, 1));
    let refused = handshake(&early, &early.pem).await.expect_err("it is not valid yet").to_string();
    assert!(refused.contains("not valid yet"), "{refused}");
}

#[tokio::test]
async fn its_names_count() {
    let elsewhere = self_signed(&["elsewhere.example"], |_| {});
    let refused = handshake(&elsewhere, &elsewhere.pem).await.expect_err("it is another server's").to_string();
    assert!(refused.contains("elsewhere.example") && refused.contains("subjectAltNames"), "{refused}");
}

#[test]
fn a_file_without_a_certificate_is_a_fault() {
    assert!(matches!(Trust::Given(b"").config(), Err(TrustFault::Empty)));
    let broken = b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    assert!(matches!(Trust::Given(broken).config(), Err(TrustFault::NotPem(_))));
}
