//! The certificate of the data ports.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsConfig;

#[derive(Debug, thiserror::Error)]
pub(super) enum TlsFault {
    #[error("{file} cannot be read as PEM: {error}")]
    Pem { file: String, error: pem::Error },
    #[error("{0} holds no certificate")]
    Empty(String),
    #[error("the certificate and the key do not work together: {0}")]
    Unusable(#[from] rustls::Error),
}

/// What clients are received with: TLS 1.2 and 1.3, HTTP/2 preferred.
pub(super) fn server(config: &TlsConfig) -> Result<Arc<ServerConfig>, TlsFault> {
    let chain = CertificateDer::pem_file_iter(&config.cert_file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain: Vec<_> = chain.map_err(|error| pem(&config.cert_file, error))?;
    if chain.is_empty() {
        return Err(TlsFault::Empty(config.cert_file.display().to_string()));
    }
    let key = PrivateKeyDer::from_pem_file(&config.key_file).map_err(|error| pem(&config.key_file, error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut server = builder.with_no_client_auth().with_single_cert(chain, key)?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(server))
}

fn pem(file: &Path, error: pem::Error) -> TlsFault {
    TlsFault::Pem { file: file.display().to_string(), error }
}
