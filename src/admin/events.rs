//! `GET /v1/events`: what has happened; as a list, or as a stream to a client that accepts `text/event-stream`

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::AdminState;
use super::api::{Answer, Answers, Operation, Schemas};
use super::event_stream::{self, Places};
use super::extract::Params;
use super::history::{HistoryPage, HistoryParams};
use super::problem::{Kind, Problem};
use crate::store::Event;

/// Where the browser's own client says what it has seen.
const LAST_EVENT_ID: &str = "last-event-id";

/// Which part of the list, or from where on to follow.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EventParams {
    /// Only events about this alias, collection or id.
    subject: Option<String>,
    /// For lists: the `next` of the page before.
    before: Option<u64>,
    /// For lists: from 1 to 1000 items, default 100. Values outside are taken as the nearest.
    limit: Option<u32>,
    /// For streams: the id of the last event that was seen; the header `Last-Event-ID` goes before it.
    after: Option<u64>,
}

/// A page, or a stream.
pub(super) struct Told(Response);

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Answers for Told {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        let page = Answer::json("A page, or a stream for `Accept: text/event-stream`.", &schemas.answer::<HistoryPage<Event>>());
        let stream = json!({"type": "string", "description": "Server-sent events. The data of each is an Event."});
        operation.answers(StatusCode::OK, page.or("text/event-stream", &stream));
        let description = "For streams: the id of the last event that was seen. It goes before `after`.";
        operation.header(LAST_EVENT_ID, description, &json!({"type": "string", "pattern": "^[0-9]{1,18}$"}));
    }
}

pub(super) async fn events(
    State(state): State<AdminState>,
    Extension(places): Extension<Places>,
    headers: HeaderMap,
    Params(params): Params<EventParams>,
) -> Result<Told, Problem> {
    let EventParams { subject, before, limit, after } = params;
    if !wants_stream(&headers) {
        if after.is_some() {
            return Err(Problem::new(
                Kind::Malformed,
                "`after` is for streams: ask with `Accept: text/event-stream`, or page with `before`",
            ));
        }
        let page = state.control.events(&HistoryParams { subject, before, limit }.into()).await?;
        return Ok(Told(Json(HistoryPage::from(page)).into_response()));
    }
    if before.is_some() || limit.is_some() {
        return Err(Problem::new(Kind::Malformed, "`before` and `limit` are for lists; a stream goes on from `after`"));
    }
    event_stream::follow(state.control, &places, last_seen(&headers)?.or(after), subject).await.map(Told)
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    accepted.filter_map(|media| media.split(';').next()).any(|media| media.trim().eq_ignore_ascii_case("text/event-stream"))
}

fn last_seen(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty()) else { return Ok(None) };
    let id = HeaderValue::to_str(value).ok().and_then(|text| text.parse().ok());
    id.map(Some).ok_or_else(|| Problem::new(Kind::Malformed, "Last-Event-ID is not the id of an event"))
}
