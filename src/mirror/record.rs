//! Turns a query into a line of a capture, without anything that identifies the user.
//!
//! The line has neither headers nor the collection's name. Of the parameters it has only those of Qdrant that change an
//! answer, unless one carries the user id. The rest is the query itself. If the query contains the user id, for example in a
//! tenant filter, it is withheld.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use xxhash_rust::xxh3::xxh3_64;

use super::exchange::Wire;
use super::telling::Unit;
use super::wire::{flat, inflate, unframed};
use crate::golden::{Asked, PARAMETERS, Query};
use crate::live::{Question, Recorded, Sample, Settings};
use crate::metrics::Dropped;
use crate::protocol::Protocol;
use crate::protocol::names::{Scanner, nameless};
use crate::protocol::operations::{Hits, locate};
use crate::routing::{Carrier, Places, bare, identify};

/// Why there is no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    Unreadable,
    Withheld,
}

/// Sends a query's line to every capture that wants it.
pub(super) fn record(sample: &Sample) {
    let Sample { question, captures, live, held } = sample;
    let line = match recorded(question, &live.settings) {
        Ok(query) => Bytes::from(query.line()),
        Err(Unfit::Unreadable) => return captures.iter().for_each(|capture| capture.dropped(Dropped::Unreadable)),
        Err(Unfit::Withheld) => return captures.iter().for_each(|capture| capture.withheld()),
    };
    let hash = xxh3_64(&line);
    for capture in captures {
        let mut held = held.another();
        if held.take(line.len()) {
            capture.record(hash, Recorded { line: line.clone(), held });
        } else {
            capture.dropped(Dropped::QueueFull);
        }
    }
}

/// The query without identifying parts.
pub(super) fn recorded(question: &Question, settings: &Settings) -> Result<Query, Unfit> {
    let operation = Wire::of(question).ok_or(Unfit::Unreadable)?.operation;
    let hits = operation.hits.ok_or(Unfit::Unreadable)?;
    let carriers = &settings.identity.carriers;
    let (query, name) = match question.protocol {
        Protocol::Rest => {
            let body = text(question, settings.shadow.max_bytes)?;
            let query = Query::rest(operation.name, parameters(question, carriers), &body).map_err(|_| Unfit::Unreadable)?;
            let located = locate(&question.method, question.uri.path()).and_then(|located| located.name);
            (query, located.map(|name| name.decoded))
        }
        Protocol::Grpc => {
            let message = unframed(&question.headers, &question.body, settings.limits.grpc_inflate_bytes);
            let message = message.map_err(|_| Unfit::Unreadable)?;
            let name = name_in(&message);
            let batch = matches!(hits, Hits::Lists | Hits::PointsLists);
            let message = nameless(message, batch).map_err(|_| Unfit::Unreadable)?;
            (Query { operation: operation.name.to_owned(), asked: Asked::Grpc(message) }, name.map(Cow::Owned))
        }
    };
    let suffix = name.as_deref().and_then(|name| bare(carriers, name).unit);
    let unit = identify(carriers, &question.headers, Places { query: question.uri.query(), suffix });
    match unit {
        Some(unit) if says(&query, &Unit::new(&unit)) => Err(Unfit::Withheld),
        _ => Ok(query),
    }
}

fn text(question: &Question, limit: usize) -> Result<Bytes, Unfit> {
    let body = flat(&question.body);
    match question.headers.get(CONTENT_ENCODING) {
        None => Ok(body),
        Some(coding) if coding == "gzip" => inflate(&[body], limit).map_err(|_| Unfit::Unreadable),
        Some(_) => Err(Unfit::Unreadable),
    }
}

fn parameters(question: &Question, carriers: &[Carrier]) -> Option<String> {
    let carries = |name: &str| carriers.iter().any(|carrier| matches!(carrier, Carrier::Query(carried) if **carried == *name));
    let pairs = question.uri.query()?.split('&').filter(|pair| {
        let name = pair.split_once('=').map_or("", |(name, _)| name);
        PARAMETERS.contains(&name) && !carries(name)
    });
    let pairs: Vec<&str> = pairs.collect();
    (!pairs.is_empty()).then(|| pairs.join("&"))
}

fn name_in(message: &[u8]) -> Option<String> {
    let scanner = Scanner::whole(message).ok()?;
    String::from_utf8(scanner.found()?.name.as_ref()?.to_vec()).ok()
}

/// Whether the query contains the user id.
fn says(query: &Query, unit: &Unit<'_>) -> bool {
    match &query.asked {
        Asked::Grpc(message) => unit.is_in_message(message),
        Asked::Rest { parameters, body } => {
            let values = parameters.iter().flat_map(|parameters| parameters.split('&')).filter_map(|pair| pair.split_once('='));
            // What this parser rejects as JSON, Qdrant's rejects too, because it is the same; such a body says nothing.
            serde_json::from_str(body).is_ok_and(|body| unit.is_in_json(&body))
                || values.into_iter().any(|(_, value)| unit.is_in_text(value.as_bytes()))
        }
    }
}
