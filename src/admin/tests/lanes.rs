//! Long computations: where they run, how many, and what those get who come when there are too many. Everything here is on
//! one thread: a computation on it would stop the test for good.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Response, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use futures_util::poll;
use tokio::sync::mpsc as events;
use tower::ServiceExt;

use crate::admin::lane::{Lane, compute};

/// Longer than anything takes on a busy machine; only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A resource whose every computation says that it has begun, and then blocks its thread until it is let go.
struct Slow {
    router: Router,
    begun: events::UnboundedReceiver<String>,
    let_go: mpsc::Sender<()>,
}

impl Slow {
    fn new(lane: &Arc<Lane>) -> Self {
        let (begin, begun) = events::unbounded_channel();
        let (let_go, gate) = mpsc::channel();
        let gate = Arc::new(Mutex::new(gate));
        let slow = move |request: Request<Body>| {
            let (begin, gate, what) = (begin.clone(), Arc::clone(&gate), request.uri().to_string());
            async move {
                begin.send(what.clone()).expect("the test listens");
                gate.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(PATIENCE).expect("it is let go");
                assert!(!what.ends_with("bug"), "a bug");
                what
            }
        };
        let slow = get(slow.clone()).post(slow).layer(from_fn_with_state(Arc::clone(lane), compute));
        Self { router: Router::new().route("/slow", slow).route("/quick", get(|| async { "quick" })), begun, let_go }
    }

    fn ask(&self, method: Method, path: &str) -> impl Future<Output = Response<Body>> + use<> {
        self.ask_as(method, path, "")
    }

    fn ask_as(&self, method: Method, path: &str, token: &str) -> impl Future<Output = Response<Body>> + use<> {
        let request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, token);
        let request = request.body(Body::empty()).expect("it is legal");
        let asked = self.router.clone().oneshot(request);
        async { asked.await.expect("the router is infallible") }
    }

    async fn next_begun(&mut self) -> String {
        tokio::time::timeout(PATIENCE, self.begun.recv()).await.expect("one begins in time").expect("the resource is there")
    }
}

async fn text(response: Response<Body>) -> (StatusCode, String) {
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("it is in memory");
    (status, String::from_utf8(body.to_vec()).expect("it is text"))
}

fn ok(body: &str) -> (StatusCode, String) {
    (StatusCode::OK, body.to_owned())
}

#[tokio::test]
async fn a_few_compute_some_wait_and_the_rest_are_sent_away() {
    let mut slow = Slow::new(&Lane::new("reports", 1, 2));
    let mut first = pin!(slow.ask(Method::GET, "/slow?a"));
    assert!(poll!(first.as_mut()).is_pending());
    assert_eq!(slow.next_begun().await, "/slow?a");
    // The one that has begun may have looked already, so the same question is computed again: once for all who wait.
    let [mut second, mut third] = [0, 0].map(|_| Box::pin(slow.ask(Method::GET, "/slow?a")));
    let mut change = pin!(slow.ask(Method::POST, "/slow?a"));
    assert!(poll!(second.as_mut()).is_pending() && poll!(third.as_mut()).is_pending() && poll!(change.as_mut()).is_pending());
    for method in [Method::GET, Method::POST] {
        let away = slow.ask(method, "/slow?b").await;
        assert_eq!((away.status(), &away.headers()[header::RETRY_AFTER]), (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().expect("legal")));
        assert!(text(away).await.1.contains("urn:pointsman:problem:busy"));
    }
    let mut late = pin!(slow.ask(Method::GET, "/slow?a"));
    assert!(poll!(late.as_mut()).is_pending(), "there is room for who asks what is waited for anyway");
    assert_eq!(text(slow.ask(Method::GET, "/quick").await).await, ok("quick"), "nothing else waits");

    (0..3).for_each(|_| slow.let_go.send(()).expect("they wait"));
    let answers: [Response<Body>; 5] = tokio::join!(first, second, third, late, change).into();
    for answer in answers {
        assert_eq!(text(answer).await, ok("/slow?a"));
    }
    assert_eq!([slow.next_begun().await, slow.next_begun().await], ["/slow?a", "/slow?a"]);
    assert!(slow.begun.try_recv().is_err(), "six requests were three computations");
}

#[tokio::test]
async fn what_is_seen_with_a_token_is_not_shared_with_a_caller_without_it() {
    let mut slow = Slow::new(&Lane::new("lists", 1, 8));
    let mut first = pin!(slow.ask(Method::GET, "/slow?a"));
    assert!(poll!(first.as_mut()).is_pending());
    slow.next_begun().await;
    let mut asked = ["Bearer a", "Bearer a", "Bearer b"].map(|token| Box::pin(slow.ask_as(Method::GET, "/slow?a", token)));
    assert!(asked.iter_mut().all(|asked| poll_once(asked.as_mut()).is_pending()));
    (0..3).for_each(|_| slow.let_go.send(()).expect("they wait"));
    let [one, same, other] = asked;
    tokio::join!(first, one, same, other);
    assert_eq!([slow.next_begun().await, slow.next_begun().await], ["/slow?a", "/slow?a"]);
    assert!(slow.begun.try_recv().is_err(), "four requests by three callers were three computations");
}

#[tokio::test]
async fn a_client_that_is_slow_with_its_body_takes_no_slot() {
    let mut slow = Slow::new(&Lane::new("batches", 1, 1));
    let endless = Body::from_stream(futures_util::stream::pending::<Result<String, std::io::Error>>());
    let request = Request::builder().method(Method::POST).uri("/slow?never").body(endless).expect("it is legal");
    let mut never = pin!(slow.router.clone().oneshot(request));
    assert!(poll!(never.as_mut()).is_pending());
    let mut asked = pin!(slow.ask(Method::POST, "/slow?a"));
    assert!(poll!(asked.as_mut()).is_pending());
    assert_eq!(slow.next_begun().await, "/slow?a");
    slow.let_go.send(()).expect("it waits");
    assert_eq!(text(asked.await).await, ok("/slow?a"));
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn what_is_no_longer_wanted_is_not_begun_and_a_bug_takes_no_slot_along() {
    let lane = Lane::new("reports", 1, 8);
    let mut slow = Slow::new(&lane);
    let mut first = pin!(slow.ask(Method::GET, "/slow?bug"));
    assert!(poll!(first.as_mut()).is_pending());
    slow.next_begun().await;
    {
        let mut left = pin!(slow.ask(Method::GET, "/slow?left"));
        assert!(poll!(left.as_mut()).is_pending());
    }
    let mut last = pin!(slow.ask(Method::GET, "/slow?last"));
    assert!(poll!(last.as_mut()).is_pending());
    (0..2).for_each(|_| slow.let_go.send(()).expect("they wait"));
    let (first, last) = tokio::join!(first, last);
    assert_eq!(first.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(text(last).await, ok("/slow?last"));
    assert_eq!(slow.next_begun().await, "/slow?last");
}

#[tokio::test]
async fn nothing_waits_for_ever() {
    let mut slow = Slow::new(&Lane::with_patience("reports", 1, 8, Duration::ZERO));
    let mut first = pin!(slow.ask(Method::GET, "/slow?a"));
    assert!(poll!(first.as_mut()).is_pending());
    slow.next_begun().await;
    for method in [Method::GET, Method::POST] {
        let late = tokio::time::timeout(PATIENCE, slow.ask(method, "/slow?b")).await.expect("it is answered in time");
        assert_eq!((late.status(), &late.headers()[header::RETRY_AFTER]), (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().expect("legal")));
        assert!(text(late).await.1.contains("no room came free for reports"));
    }
    slow.let_go.send(()).expect("it waits");
    assert_eq!(text(first.await).await, ok("/slow?a"));
    slow.let_go.send(()).expect("the next one waits");
    assert_eq!(text(slow.ask(Method::GET, "/slow?b").await).await, ok("/slow?b"), "what was late holds no place");
}
