//! TLS trust for upstreams: the authorities of the operating system, or those of a file instead.
//!
//! A file may also hold a server's self-signed certificate, as `openssl req -x509` makes it. Such a certificate is trusted
//! if the server presents exactly it, byte for byte; its names and dates are always checked.

use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// The trust anchors for an upstream's certificate.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'p> {
    /// The content of this PEM text, and no other authority.
    Given(&'p [u8]),
    /// The authorities of the operating system.
    System,
    /// For endpoints without TLS: reading the system's authorities would waste time.
    Nobody,
}

/// Why certificates cannot be used. Each text continues after the key, `ca_file`.
#[derive(Debug, thiserror::Error)]
pub enum TrustFault {
    #[error("is not a PEM file of certificates: {0}")]
    NotPem(rustls_pki_types::pem::Error),
    #[error("holds a certificate that cannot be trusted: {0}")]
    Unusable(rustls::Error),
    #[error("holds no certificate")]
    Empty,
    #[error("is not set, and the system has no usable certificate authorities {0}")]
    NoSystem(String),
    #[error("cannot be used: {0}")]
    Library(Box<dyn std::error::Error + Send + Sync>),
}

impl Trust<'_> {
    /// # Errors
    /// When the file holds no usable certificate, or the system has none.
    pub fn config(self) -> Result<Arc<ClientConfig>, TrustFault> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().map_err(|error| TrustFault::Library(error.into()))?;
        let config = match self {
            Self::Given(pem) => {
                let verifier = Arc::new(GivenVerifier::of(pem, provider)?);
                builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
            }
            Self::System => builder.with_root_certificates(system_roots()?).with_no_client_auth(),
            Self::Nobody => builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth(),
        };
        Ok(Arc::new(config))
    }
}

fn system_roots() -> Result<RootCertStore, TrustFault> {
    let loaded = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Systems contain certificates that rustls refuses; one usable authority is enough.
    roots.add_parsable_certificates(loaded.certs);
    if roots.is_empty() {
        let errors: Vec<String> = loaded.errors.iter().map(ToString::to_string).collect();
        return Err(TrustFault::NoSystem(errors.join("; ")));
    }
    Ok(roots)
}

/// The usual verification with the certificates of a file, and after it the comparison with each of them.
#[derive(Debug)]
struct GivenVerifier {
    usual: Arc<WebPkiServerVerifier>,
    given: Vec<CertificateDer<'static>>,
}

impl GivenVerifier {
    fn of(pem: &[u8], provider: Arc<CryptoProvider>) -> Result<Self, TrustFault> {
        let given: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(TrustFault::NotPem)?;
        if given.is_empty() {
            return Err(TrustFault::Empty);
        }
        let mut roots = RootCertStore::empty();
        for certificate in &given {
            roots.add(certificate.clone()).map_err(TrustFault::Unusable)?;
        }
        let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        Ok(Self { usual: usual.map_err(|error| TrustFault::Library(error.into()))?, given })
    }
}

impl ServerCertVerifier for GivenVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let refused = match self.usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Ok(verified) => return Ok(verified),
            Err(refused) => refused,
        };
        // rustls checks the dates before the chain, so a certificate that is refused for its chain is within its dates.
        if !lacks_a_chain(&refused) || !self.given.iter().any(|given| given == end_entity) {
            return Err(refused);
        }
        let parsed = ParsedCertificate::try_from(end_entity)?;
        rustls::client::verify_server_name(&parsed, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// Whether the only fault is a missing authority: none has its issuer's name, or one with that name has not signed it.
fn lacks_a_chain(error: &rustls::Error) -> bool {
    use CertificateError::{BadSignature, UnknownIssuer};
    matches!(error, rustls::Error::InvalidCertificate(UnknownIssuer | BadSignature)) || is_authority(error)
}

/// Whether the server presented an authority's own certificate.
fn is_authority(error: &rustls::Error) -> bool {
    let rustls::Error::InvalidCertificate(CertificateError::Other(other)) = error else { return false };
    matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

/// What a TLS error means, and what to do about it if that is known.
pub(super) fn explain(error: &rustls::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => f.write_str(
            "the certificate is signed by no authority that Pointsman trusts; put the certificate of its authority, or the \
             server's own if it is self-signed, into a PEM file and name it in the upstream's `ca_file`",
        ),
        error if is_authority(error) => f.write_str(
            "the certificate is self-signed (CA:TRUE) and not one that Pointsman trusts; put exactly this certificate into a \
             PEM file and name it in the upstream's `ca_file`",
        ),
        rustls::Error::InvalidCertificate(
            reason @ (CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }),
        ) => {
            write!(
                f,
                "{reason}; use one of these names in the upstream's URL, or a certificate with the URL's name among its subjectAltNames"
            )
        }
        error => write!(f, "{error}"),
    }
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;
