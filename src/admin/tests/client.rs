//! A client without a socket.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt;

use super::conformance::check_answer;
use crate::admin::{AdminState, LogFilter, router};
use crate::config::Config;
use crate::control::Control;
use crate::control::testing::{config, control, list, listing};

/// An API in front of a control plane that has listed `docs -> docs_v1`.
pub(super) struct Api {
    pub(super) control: Control,
    router: Router,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: header::HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Api {
    pub(super) async fn new() -> Self {
        let api = Self::unlisted(config()).await;
        list(&api.control, listing(&[("docs", "docs_v1"), ("a/b c", "docs_v1")], &["docs_v1", "candidate_v2"])).await;
        api
    }

    pub(super) async fn unlisted(config: Config) -> Self {
        let control = control(config).await;
        let log = Arc::new(Words(Mutex::new("info".to_owned())));
        let router = router(AdminState { control: control.clone(), log });
        Self { control, router }
    }

    /// Every answer that a test sees is held to the document.
    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().to_string());
        let response = self.router.clone().oneshot(request).await.expect("the router is infallible");
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.expect("the body is in memory");
        let answer = Answer { status: parts.status, headers: parts.headers, body: body.to_vec() };
        check_answer(&method, &path, answer.status.as_u16(), answer.header(header::CONTENT_TYPE), &answer.body);
        answer
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &[], "").await
    }

    pub(super) async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        let said = |wanted: &str| headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        if !said("host") {
            request = request.header(header::HOST, "localhost:7335");
        }
        if !body.is_empty() && !said("content-type") {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).expect("the parts are legal")).await
    }
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(super) fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Checks that this is a whole problem document, and gives the end of its type.
    pub(super) fn problem(&self) -> String {
        assert_eq!(self.header(header::CONTENT_TYPE), "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        assert!(["title", "detail"].iter().all(|field| body[field].as_str().is_some_and(|text| !text.is_empty())), "{body}");
        let kind = body["type"].as_str().expect("a problem has a type");
        kind.strip_prefix("urn:pointsman:problem:").expect("the type is ours").to_owned()
    }
}

/// Takes any filter but the empty one.
struct Words(Mutex<String>);

impl LogFilter for Words {
    fn filter(&self) -> Result<String, String> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn set_filter(&self, filter: &str) -> Result<(), String> {
        if filter.is_empty() {
            return Err("is empty".to_owned());
        }
        filter.clone_into(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }
}
