//! One attempt to deliver: what is sent, and what the answer means.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{message, signature};
use crate::control::plan::Webhook;
use crate::qdrant::whole;
use crate::store::{Event, Timestamp};

const EVENT: &str = "x-pointsman-event";
const DELIVERY: &str = "x-pointsman-delivery";
const TIMESTAMP: &str = "x-pointsman-timestamp";
const SIGNATURE: &str = "x-pointsman-signature";

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    Delivered(StatusCode),
    /// The receiver will never take it.
    Refused(StatusCode),
    /// To be tried again; not before the time the receiver asked for, if it did.
    Failed {
        reason: String,
        asked: Option<Duration>,
    },
}

impl Attempt {
    pub(super) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Delivered(status) | Self::Refused(status) => Some(*status),
            Self::Failed { .. } => None,
        }
    }

    /// For people; none when all went well.
    pub(super) fn error(&self) -> Option<String> {
        match self {
            Self::Delivered(_) => None,
            Self::Refused(status) => Some(format!("the receiver refused it: {status}")),
            Self::Failed { reason, .. } => Some(reason.clone()),
        }
    }
}

impl Webhook {
    /// Sends `event`. `delivery` is the same whenever this one is sent again.
    pub(super) async fn send(&self, event: &Event, delivery: &str, instance: &str) -> Attempt {
        let body = message::body(self.format, event, instance);
        let request = self.http.post(self.url.clone()).timeout(self.timeout);
        let request = request.headers(self.headers_of(event, delivery, &body)).body(body);
        match request.send().await {
            Ok(answer) => judge(answer.status(), answer.headers()),
            // Neither the URL nor the receiver's answer: both may hold secrets.
            Err(error) if error.is_timeout() => {
                Attempt::Failed { reason: format!("no answer within {} s", self.timeout.as_secs_f64()), asked: None }
            }
            Err(error) => Attempt::Failed { reason: whole(&error.without_url()), asked: None },
        }
    }

    fn headers_of(&self, event: &Event, delivery: &str, body: &[u8]) -> HeaderMap {
        let mut headers = self.headers.clone();
        let timestamp = (Timestamp::now().as_millis() / 1000).to_string();
        let mut set = |name: &'static str, value: &str| {
            // All of these are visible ASCII; an event of another kind would go out without the header.
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        set(header::CONTENT_TYPE.as_str(), "application/json");
        set(EVENT, &event.kind);
        set(DELIVERY, delivery);
        set(TIMESTAMP, &timestamp);
        if let Some(secret) = &self.secret {
            set(SIGNATURE, &signature::sign(secret.expose(), &timestamp, body));
        }
        headers
    }
}

/// The same bytes would get the same answer from a receiver that cannot read them, or that is gone for good. Everything
/// else may be mended meanwhile, such as a token or a path.
pub(super) fn judge(status: StatusCode, headers: &HeaderMap) -> Attempt {
    match status {
        status if status.is_success() => Attempt::Delivered(status),
        StatusCode::BAD_REQUEST
        | StatusCode::METHOD_NOT_ALLOWED
        | StatusCode::GONE
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::UNPROCESSABLE_ENTITY => Attempt::Refused(status),
        status => Attempt::Failed { reason: format!("the receiver answered {status}"), asked: retry_after(headers) },
    }
}

/// In seconds; a date is left aside, and the usual pause taken.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
