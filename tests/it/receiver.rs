//! A receiver of webhooks: it writes down what arrives, and answers as it is told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::task::AbortHandle;

use crate::house::PATIENCE;

/// What arrived.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) at: Instant,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// What it was answered.
    pub(crate) status: u16,
}

impl Post {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("it is JSON")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn kind(&self) -> &str {
        self.header("x-pointsman-event")
    }

    pub(crate) fn delivery(&self) -> &str {
        self.header("x-pointsman-delivery")
    }
}

/// How the next posts are answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mood {
    Answers(u16),
    AsksForTime { seconds: u64 },
    Silent,
}

#[derive(Clone)]
struct Shared {
    posts: Arc<Mutex<Vec<Post>>>,
    mood: Arc<Mutex<Mood>>,
}

pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Shared,
    task: AbortHandle,
}

impl Receiver {
    pub(crate) async fn start(mood: Mood) -> Self {
        let shared = Shared { posts: Arc::default(), mood: Arc::new(Mutex::new(mood)) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let router = Router::new().fallback(receive).with_state(shared.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
        Self { address, shared, task }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn turn(&self, mood: Mood) {
        *self.shared.mood.lock() = mood;
    }

    pub(crate) fn posts(&self) -> Vec<Post> {
        self.shared.posts.lock().clone()
    }

    /// The kinds of what was taken, in the order it came.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.posts().iter().filter(|post| post.status == 200).map(|post| post.kind().to_owned()).collect()
    }

    /// Waits until what has arrived is as wanted.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&[Post]) -> bool) -> Vec<Post> {
        let met = async {
            while !wanted(&self.posts()) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let met = tokio::time::timeout(PATIENCE, met).await;
        assert!(met.is_ok(), "{what}: not in time; there is {:#?}", self.posts());
        self.posts()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let mood = *shared.mood.lock();
    let (status, wait) = match mood {
        Mood::Answers(status) => (status, None),
        Mood::AsksForTime { seconds } => (429, Some(seconds)),
        Mood::Silent => (0, None),
    };
    let post = Post { at: Instant::now(), path: uri.to_string(), headers, body: body.to_vec(), status };
    shared.posts.lock().push(post);
    if matches!(mood, Mood::Silent) {
        std::future::pending::<()>().await;
    }
    let mut headers = HeaderMap::new();
    if let Some(seconds) = wait {
        headers.insert("retry-after", seconds.into());
    }
    (StatusCode::from_u16(status).expect("a status"), headers)
}
