//! Keeps pages of other sites from using the admin port through an operator's browser.
//!
//! Three rules, for every request: its `Host` is a name of this port (a page whose own name was made to point here still
//! sends that name: DNS rebinding); its `Origin`, if any, is this port; `Sec-Fetch-Site`, if any, says the same. And a
//! change that has a body says that it is JSON, which no form and no script of another site can say without being asked
//! for permission first, and that permission is never given.
//!
//! An IP address passes as a host: a name can be made to point anywhere, but a page from an address is from that address.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use http_body::Body as _;

use super::AdminState;
use super::auth::{bears_any, changes, turned_away};
use super::problem::{Kind, Problem};
use crate::config::{AdminConfig, WebOrigin};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Lets requests pass that no page of another site can have sent.
pub(super) async fn refuse_cross_site(State(state): State<AdminState>, request: Request, next: Next) -> Response {
    match judge(&request, &state.control.plan().admin) {
        Ok(()) => next.run(request).await,
        Err(problem) => turned_away(&state, &request, problem),
    }
}

fn judge(request: &Request, admin: &AdminConfig) -> Result<(), Problem> {
    let host = host(request)?;
    if let Some(host) = &host
        && !is_local(host, admin)
        // A page that was brought here by a false name does not have the token.
        && !bears_any(request.headers(), admin)
    {
        return Err(Problem::new(Kind::ForeignHost, foreign_host(host)));
    }
    let granted = same_origin(request.headers(), host.as_ref(), admin)?;
    if !granted {
        same_site(request)?;
    }
    if changes(request.method()) { json_only(request) } else { Ok(()) }
}

/// Whom a request is addressed to; none where HTTP/1.0 does not say, which no browser speaks.
fn host(request: &Request) -> Result<Option<Authority>, Problem> {
    let malformed =
        |what: &str| Problem::new(Kind::Malformed, format!("{what}; send one `Host` header with the name and port of this API"));
    let mut said = request.headers().get_all(header::HOST).iter();
    let (first, more) = (said.next(), said.next());
    if more.is_some() {
        return Err(malformed("there is more than one Host header"));
    }
    let parse = |value: &[u8]| Authority::try_from(value).ok().filter(|host| !host.as_str().contains('@'));
    let stated =
        first.map(|value| parse(value.as_bytes()).ok_or_else(|| malformed("the Host header is not a name and a port"))).transpose()?;
    match (request.uri().authority(), stated) {
        (Some(asked), Some(stated)) if !asked.as_str().eq_ignore_ascii_case(stated.as_str()) => {
            Err(malformed("the request is for one host and its Host header names another"))
        }
        (Some(asked), _) => Ok(Some(asked.clone())),
        (None, Some(stated)) => Ok(Some(stated)),
        (None, None) if request.version() <= Version::HTTP_10 => Ok(None),
        (None, None) => Err(malformed("there is no Host header")),
    }
}

fn is_local(host: &Authority, admin: &AdminConfig) -> bool {
    let name = host.host();
    let address = name.parse::<IpAddr>().is_ok()
        || name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).is_some_and(|name| name.parse::<Ipv6Addr>().is_ok());
    let loopback = name.strip_suffix('.').unwrap_or(name).eq_ignore_ascii_case("localhost");
    address || loopback || admin.allowed_hosts.iter().any(|allowed| allowed.matches(name, host.port_u16()))
}

fn foreign_host(host: &Authority) -> String {
    format!(
        "the admin API does not answer for the host `{host}`: add `{}` to `admin.allowed_hosts`, or ask by IP address or localhost, \
         or send `Authorization: Bearer <admin.token>`",
        host.host()
    )
}

/// Whether the request says that it is from an origin that may ask; an error where it is from another one.
fn same_origin(headers: &HeaderMap, host: Option<&Authority>, admin: &AdminConfig) -> Result<bool, Problem> {
    let Some(said) = headers.get(header::ORIGIN) else { return Ok(false) };
    let text = said.to_str().unwrap_or("a text that is not ASCII");
    let origin: Option<WebOrigin> = text.parse().ok();
    let own = |origin: &WebOrigin| {
        host.is_some_and(|host| {
            // Behind a proxy that does TLS, the usual port of https is not spelt out either.
            let port = host.port_u16().unwrap_or(if [80, 443].contains(&origin.port()) { origin.port() } else { 80 });
            host.host().eq_ignore_ascii_case(origin.host()) && port == origin.port()
        })
    };
    match origin {
        Some(origin) if admin.allowed_origins.contains(&origin) => Ok(true),
        Some(origin) if own(&origin) => Ok(false),
        _ => Err(cross_site(&format!("it comes from a page of the origin `{text}`"))),
    }
}

/// What browsers say of where a request comes from. Following a link here is no harm.
fn same_site(request: &Request) -> Result<(), Problem> {
    let said = |name: &HeaderName| request.headers().get(name).map(HeaderValue::as_bytes);
    let link = matches!(*request.method(), Method::GET | Method::HEAD) && said(&SEC_FETCH_MODE) == Some(b"navigate");
    match said(&SEC_FETCH_SITE) {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) if link => Ok(()),
        Some(site) => Err(cross_site(&format!("the browser says `Sec-Fetch-Site: {}`", String::from_utf8_lossy(site)))),
    }
}

fn cross_site(why: &str) -> Problem {
    let detail =
        format!("the admin API takes no requests from pages of other sites, and {why}: add that page's origin to `admin.allowed_origins`");
    Problem::new(Kind::CrossSite, detail)
}

/// A form or a script of another site may send three content types unasked; JSON is none of them.
fn json_only(request: &Request) -> Result<(), Problem> {
    let said = request.headers().get(header::CONTENT_TYPE);
    let essence = said.map(|value| value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii());
    let refused = |what: String| Problem::new(Kind::MediaType, format!("{what}; send `Content-Type: application/json`"));
    match essence {
        Some(essence) if essence.eq_ignore_ascii_case(b"application/json") => Ok(()),
        Some(essence) => Err(refused(format!("this API does not take `{}`", String::from_utf8_lossy(essence)))),
        None if request.body().is_end_stream() => Ok(()),
        None => Err(refused("the body does not say what it is".to_owned())),
    }
}
