//! Whom is a request for? The carriers are tried in the configured order; the first that holds an id wins.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use percent_encoding::percent_decode;

use super::Carrier;

/// A larger token is not looked into: it is the client's, and unbounded.
const MAX_TOKEN: usize = 16 * 1024;

/// Where carriers look, besides the headers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Places<'r> {
    pub query: Option<&'r str>,
    /// What the name's suffix said.
    pub suffix: Option<&'r str>,
}

/// A collection name with its suffix taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BareName<'n> {
    pub name: &'n str,
    pub unit: Option<&'n str>,
}

/// Splits `docs@@u=42` where a suffix carrier is configured.
#[must_use]
pub fn bare<'n>(carriers: &[Carrier], name: &'n str) -> BareName<'n> {
    for carrier in carriers {
        if let Carrier::NameSuffix(separator) = carrier
            && let Some((bare, unit)) = name.split_once(separator.as_ref())
            // Without a name in front of it, it is not a suffix: taken off, another segment of the path would become the name.
            && !bare.is_empty()
        {
            return BareName { name: bare, unit: Some(unit) };
        }
    }
    BareName { name, unit: None }
}

/// The unit id, or none: the request is anonymous.
#[must_use]
pub fn identify<'r>(carriers: &[Carrier], headers: &'r HeaderMap, places: Places<'r>) -> Option<Cow<'r, [u8]>> {
    carriers.iter().find_map(|carrier| look(carrier, headers, places)).filter(|unit| !unit.is_empty())
}

fn look<'r>(carrier: &Carrier, headers: &'r HeaderMap, places: Places<'r>) -> Option<Cow<'r, [u8]>> {
    let found = match carrier {
        // Clients append a per-request value to a static one: the last is the nearer.
        Carrier::Header(name) => Cow::Borrowed(headers.get_all(name).iter().next_back()?.as_bytes().trim_ascii()),
        Carrier::Cookie(name) => Cow::Borrowed(cookie(headers, name)?),
        Carrier::Query(name) => parameter(places.query?, name)?,
        Carrier::JwtClaim(name) => Cow::Owned(claim(headers, name)?),
        Carrier::NameSuffix(_) => Cow::Borrowed(places.suffix?.as_bytes()),
    };
    (!found.is_empty()).then_some(found)
}

fn cookie<'r>(headers: &'r HeaderMap, name: &str) -> Option<&'r [u8]> {
    let pairs = headers.get_all(COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.map(<[u8]>::trim_ascii).find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

fn parameter<'r>(query: &'r str, name: &str) -> Option<Cow<'r, [u8]>> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(percent_decode(value.as_bytes()).into())
}

/// A claim of the bearer token or of a JWT in `api-key`. The signature is Qdrant's to check.
fn claim(headers: &HeaderMap, name: &str) -> Option<Vec<u8>> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let token = bearer.or_else(|| headers.get("api-key").map(http::HeaderValue::as_bytes))?;
    let payload = token.split(|byte| *byte == b'.').nth(1).filter(|payload| payload.len() <= MAX_TOKEN)?;
    let json = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&json).ok()?;
    match claims.get(name)? {
        serde_json::Value::String(text) => Some(text.clone().into_bytes()),
        serde_json::Value::Number(number) => Some(number.to_string().into_bytes()),
        _ => None,
    }
}

#[cfg(test)]
#[path = "identify_tests.rs"]
mod tests;
