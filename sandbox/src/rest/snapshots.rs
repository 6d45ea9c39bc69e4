//! Calls about snapshots. Archives stream from and to disk; none is held in memory.

use std::io;
use std::path::PathBuf;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde::Deserialize;
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tower_http::services::ServeFile;

use super::answer;
use super::call::{Call, Head};
use super::download;
use crate::Shared;
use crate::engine::{EngineError, EngineResult, check_new};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/collections/{name}/snapshots", get(list).post(create))
        .route("/collections/{name}/snapshots/{snapshot}", get(fetch).delete(remove))
        .route("/collections/{name}/snapshots/recover", put(recover))
        .route("/collections/{name}/snapshots/upload", post(upload).layer(DefaultBodyLimit::disable()))
}

/// `PUT …/snapshots/recover`; the priority decides between replicas, and there is one.
#[derive(Debug, Deserialize)]
struct Recover {
    location: String,
    #[serde(default)]
    checksum: Option<String>,
    #[serde(default)]
    api_key: Option<String>,
}

async fn list(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| store.list_snapshots(&call.name)).await
}

async fn create(State(shared): State<Shared>, call: Call) -> Response {
    let wait = call.params.wait_by_default();
    let began = call.began;
    let task = tokio::spawn(async move { call.answer(&shared, |store, call| store.create_snapshot(&call.name)).await });
    finish(task, wait, began).await
}

async fn remove(State(shared): State<Shared>, call: Call) -> Response {
    let wait = call.params.wait_by_default();
    let began = call.began;
    let task =
        tokio::spawn(async move { call.answer(&shared, |store, call| store.delete_snapshot(&call.name, call.segment("snapshot"))).await });
    finish(task, wait, began).await
}

async fn recover(State(shared): State<Shared>, call: Call) -> Response {
    let began = call.began;
    let wait = call.params.wait_by_default();
    let request = match call.json::<Recover>() {
        Ok(request) => request,
        Err(error) => return answer::failure(&error, began.elapsed()),
    };
    let task = tokio::spawn(async move { answer::respond(recover_from(&shared, call.name, request).await, began) });
    finish(task, wait, began).await
}

async fn recover_from(shared: &Shared, name: String, request: Recover) -> EngineResult<bool> {
    let checksum = request.checksum;
    if let Some(path) = request.location.strip_prefix("file://") {
        let path = PathBuf::from(path);
        return shared
            .run(move |store| {
                let file = store.local_snapshot(&path)?;
                store.recover_snapshot(&name, &file, checksum.as_deref())
            })
            .await;
    }
    let (file, temporary) = incoming(shared).await?;
    download::to_file(&request.location, request.api_key.as_deref(), file).await?;
    shared.run(move |store| store.recover_snapshot(&name, &temporary, checksum.as_deref())).await
}

async fn upload(State(shared): State<Shared>, request: Request) -> Response {
    let began = Instant::now();
    let (mut parts, body) = request.into_parts();
    let head = match Head::read(&mut parts).await {
        Ok(head) => head,
        Err(error) => return answer::failure(&error, began.elapsed()),
    };
    let request = Request::from_parts(parts, body);
    let received = receive(&shared, &head, request).await;
    let file = match received {
        Ok(file) => file,
        Err(error) => return answer::failure(&error, began.elapsed()),
    };
    let wait = head.params.wait_by_default();
    let task = tokio::spawn(async move {
        let recovered = shared.run(move |store| store.recover_snapshot(&head.name, &file, head.params.checksum.as_deref()));
        answer::respond(recovered.await, began)
    });
    finish(task, wait, began).await
}

/// Spools the archive to disk before anything else happens to it.
async fn receive(shared: &Shared, head: &Head, request: Request) -> EngineResult<TempPath> {
    check_new("path parameters", &head.name)?;
    let broken = |why: String| EngineError::malformed("multipart form", why);
    let mut form = Multipart::from_request(request, shared).await.map_err(|why| broken(why.body_text()))?;
    while let Some(mut field) = form.next_field().await.map_err(|why| broken(why.body_text()))? {
        if field.name() != Some("snapshot") {
            continue;
        }
        let (mut file, temporary) = incoming(shared).await?;
        while let Some(piece) = field.chunk().await.map_err(|why| broken(why.body_text()))? {
            file.write_all(&piece).await?;
        }
        file.flush().await?;
        return Ok(temporary);
    }
    Err(broken("the field `snapshot` is missing".to_owned()))
}

async fn incoming(shared: &Shared) -> EngineResult<(File, TempPath)> {
    let (file, path) = shared.run(|store| Ok(store.incoming_snapshot()?.into_parts())).await?;
    Ok((File::from_std(file), path))
}

async fn fetch(State(shared): State<Shared>, request: Request) -> Response {
    let began = Instant::now();
    let (mut parts, body) = request.into_parts();
    let head = match Head::read(&mut parts).await {
        Ok(head) => head,
        Err(error) => return answer::failure(&error, began.elapsed()),
    };
    let snapshot = head.segments.get("snapshot").cloned().unwrap_or_default();
    let wanted = snapshot.clone();
    let path = shared.run(move |store| store.snapshot_path(&head.name, &wanted)).await;
    match path {
        Ok(path) => serve_file(path, &snapshot, Request::from_parts(parts, body)).await,
        Err(error) => answer::failure(&error, began.elapsed()),
    }
}

/// Ranges and conditions are the library's business; the name to save it under is ours.
async fn serve_file(path: PathBuf, name: &str, request: Request) -> Response {
    let mut file = ServeFile::new(path);
    let served: Result<_, io::Error> = file.try_call(request).await;
    let mut response = match served {
        Ok(response) => response.map(Body::new).into_response(),
        Err(why) => return answer::failure(&why.into(), std::time::Duration::ZERO),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// Waits for work that goes on by itself, or answers that it has begun.
async fn finish(task: tokio::task::JoinHandle<Response>, wait: bool, began: Instant) -> Response {
    if !wait {
        return answer::accepted(began);
    }
    task.await.unwrap_or_else(|why| {
        let error = EngineError::service(format_args!("the task ended unexpectedly: {why}"));
        answer::failure(&error, began.elapsed())
    })
}
