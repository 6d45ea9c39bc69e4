//! The certificate of the data ports. `serve` listens with it, `preflight` only looks whether it could.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsConfig;

#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum TlsFault {
    #[error("{file} cannot be read as PEM: {error}; name a file with the certificate chain, the server's own certificate first")]
    Certificate { file: String, error: pem::Error },
    #[error("{0} holds no certificate; name a file with the certificate chain, the server's own certificate first")]
    Empty(String),
    #[error("{file} cannot be read as PEM: {error}; name a file with the private key of the certificate, without a passphrase")]
    Key { file: String, error: pem::Error },
    #[error("{key} is not the key of the first certificate in {certificate}: name the key that the certificate was issued for")]
    Mismatch { key: String, certificate: String },
    #[error("the certificate and the key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

impl TlsFault {
    /// The key of the configuration that is to be corrected.
    pub(in crate::cli) fn key(&self) -> &'static str {
        match self {
            Self::Certificate { .. } | Self::Empty(_) | Self::Unusable(_) => "listen.tls.cert_file",
            Self::Key { .. } | Self::Mismatch { .. } => "listen.tls.key_file",
        }
    }
}

/// What clients are received with: TLS 1.2 and 1.3, HTTP/2 preferred.
///
/// # Errors
/// Every file that cannot be used.
pub(in crate::cli) fn server(config: &TlsConfig) -> Result<Arc<ServerConfig>, Vec<TlsFault>> {
    let (certificates, key) = match (chain(&config.cert_file), key(&config.key_file)) {
        (Ok(certificates), Ok(key)) => (certificates, key),
        (certificates, key) => return Err(certificates.err().into_iter().chain(key.err()).collect()),
    };
    pair(config, certificates, key).map_err(|fault| vec![fault])
}

/// All certificates of a file.
pub(in crate::cli) fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = read.map_err(|error| TlsFault::Certificate { file: shown(file), error })?;
    if chain.is_empty() { Err(TlsFault::Empty(shown(file))) } else { Ok(chain) }
}

fn key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsFault> {
    PrivateKeyDer::from_pem_file(file).map_err(|error| TlsFault::Key { file: shown(file), error })
}

fn pair(config: &TlsConfig, chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Arc<ServerConfig>, TlsFault> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let server = builder.with_no_client_auth().with_single_cert(chain, key);
    let mut server = server.map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => TlsFault::Mismatch { key: shown(&config.key_file), certificate: shown(&config.cert_file) },
        error => TlsFault::Unusable(error),
    })?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(server))
}

fn shown(file: &Path) -> String {
    file.display().to_string()
}
