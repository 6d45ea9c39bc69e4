//! Opens one connection: resolves the name, races the addresses, and does TLS where the endpoint needs it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::endpoint::Endpoint;
use super::error::{ConnectCause, ConnectError, Stage};
use super::race;
use crate::net::Io;

/// Opens a connection to `endpoint`. It takes at most `limit`, and the error names the step that was in progress.
pub(crate) async fn dial(endpoint: &Endpoint, limit: Duration) -> Result<Io, ConnectError> {
    let mut stage = Stage::Resolve;
    let opened = tokio::time::timeout(limit, open(endpoint, &mut stage)).await;
    opened.unwrap_or(Err(ConnectCause::TimedOut(limit))).map_err(|cause| ConnectError::new(endpoint, stage, cause))
}

async fn open(endpoint: &Endpoint, stage: &mut Stage) -> Result<Io, ConnectCause> {
    let addresses = tokio::net::lookup_host((endpoint.host.as_ref(), endpoint.port)).await.map_err(ConnectCause::Io)?;
    *stage = Stage::Tcp;
    let stream = race::first(race::interleaved(addresses), tcp).await.map_err(ConnectCause::Io)?;
    let Some((config, name)) = &endpoint.tls else { return Ok(stream.into()) };
    *stage = Stage::Tls;
    let connector = TlsConnector::from(std::sync::Arc::clone(config));
    let stream = connector.connect(name.clone(), stream).await.map_err(ConnectCause::of_tls)?;
    Ok(stream.into())
}

async fn tcp(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // Without this a request in two writes waits up to 40 ms for an acknowledgement.
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;
    use crate::upstream::testing::reserved;
    use crate::upstream::{Speaks, Trust};

    /// Longer than any test takes.
    const LIMIT: Duration = Duration::from_secs(60);

    fn endpoint(url: &str) -> Endpoint {
        Endpoint::parse(url, 80, &Trust::Nobody.config().expect("no file is read"), Speaks::Http1).expect("a legal URL")
    }

    #[tokio::test]
    async fn a_refusal_names_the_address_and_the_reason() {
        let (_socket, closed) = reserved();
        let error = dial(&endpoint(&format!("http://{closed}")), LIMIT).await.expect_err("nothing listens there");
        assert_eq!(error.stage(), Stage::Tcp);
        assert!(error.is_refused() && !error.is_permanent(), "{error:?}");
        assert_eq!(error.to_string(), format!("{closed}: Connection refused (os error 111)"));
    }

    #[tokio::test]
    async fn a_server_that_does_not_answer_the_handshake_is_left_in_the_step_of_tls() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = endpoint(&format!("https://{}", listener.local_addr().expect("bound")));
        let mut stage = Stage::Resolve;
        let greeted = async {
            let (mut stream, _) = listener.accept().await.expect("accepted");
            stream.read_u8().await.expect("the first byte of a handshake")
        };
        tokio::select! {
            opened = open(&endpoint, &mut stage) => panic!("opened without a handshake: {opened:?}"),
            _ = greeted => {}
        }
        assert_eq!(stage, Stage::Tls);
    }

    #[tokio::test]
    async fn the_limit_ends_an_attempt() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("https://{}", listener.local_addr().expect("bound"));
        let error = dial(&endpoint(&url), Duration::from_millis(1)).await.expect_err("nobody shakes hands");
        assert!(error.is_timeout() && error.to_string().ends_with("within 1ms (timeouts.connect)"), "{error}");
    }

    #[tokio::test]
    async fn a_name_with_several_addresses_is_reached_at_the_one_that_listens() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        // `localhost` is also ::1 on most systems, and nothing listens there.
        let opened = dial(&endpoint(&format!("http://localhost:{port}")), LIMIT).await;
        assert!(opened.is_ok(), "{opened:?}");
    }
}
