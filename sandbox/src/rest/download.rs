//! Fetching a snapshot from another server, for recovery from an `http://` location.

use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Uri;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::engine::{EngineError, EngineResult};

/// A server that sends nothing for this long is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Streams what a location holds into a file.
pub(super) async fn to_file(location: &str, api_key: Option<&str>, mut file: File) -> EngineResult<()> {
    let failed = |why: String| EngineError::bad_request(format_args!("Failed to download snapshot from {location}: {why}"));
    let uri: Uri = location.parse().map_err(|why| failed(format!("not a URL: {why}")))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => return Err(EngineError::not_served("recovery from https locations")),
        _ => return Err(failed("use file:// or http://".to_owned())),
    }
    let response = patiently(get(&uri, api_key)).await.map_err(failed)?.map_err(failed)?;
    if !response.status().is_success() {
        return Err(failed(format!("status {}", response.status())));
    }
    let mut body = response.into_body();
    while let Some(frame) = patiently(body.frame()).await.map_err(failed)? {
        let frame = frame.map_err(|why| failed(why.to_string()))?;
        if let Some(data) = frame.data_ref() {
            file.write_all(data).await?;
        }
    }
    file.flush().await?;
    Ok(())
}

async fn get(uri: &Uri, api_key: Option<&str>) -> Result<hyper::Response<hyper::body::Incoming>, String> {
    let authority = uri.authority().ok_or("the URL has no host")?;
    let address = (authority.host(), uri.port_u16().unwrap_or(80));
    let stream = TcpStream::connect(address).await.map_err(|why| why.to_string())?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|why| why.to_string())?;
    tokio::spawn(async move {
        if let Err(why) = connection.await {
            tracing::debug!(%why, "a download ended early");
        }
    });
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = hyper::Request::get(path).header("host", authority.as_str());
    if let Some(key) = api_key {
        request = request.header("api-key", key);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|why| why.to_string())?;
    sender.send_request(request).await.map_err(|why| why.to_string())
}

async fn patiently<T>(work: impl Future<Output = T>) -> Result<T, String> {
    tokio::time::timeout(PATIENCE, work).await.map_err(|_| format!("nothing arrived for {PATIENCE:?}"))
}
