//! The only way to open a connection to an upstream: its address, its TLS trust, and how connections are opened.
//!
//! The data path, the mirror and the control plane all open their connections here, so that every rule about connections
//! (the limit `timeouts.connect`, the order of addresses, trust) applies to all of them. Proxy variables of the environment
//! never apply to upstreams. Imports `net` and no room above.

mod body;
mod dial;
mod endpoint;
mod error;
mod flight;
pub(crate) mod h1;
pub(crate) mod h2;
mod health;
mod http;
mod persistence;
mod prefix;
mod race;
mod resend;
mod tally;
#[cfg(test)]
mod testing;
mod trust;
mod validity;

pub(crate) use self::http::{Http, HttpAnswer, HttpError};
pub(crate) use body::Body;
pub(crate) use dial::dial;
pub use endpoint::{Credentials, Endpoint, EndpointFault, Speaks, Upstream};
pub use error::{ConnectCause, ConnectError, Stage};
pub(crate) use persistence::{OpenLimits, Persistence};
pub use prefix::{Prefix, TargetFault};
pub(crate) use resend::{Lost, Resends};
pub(crate) use tally::Tally;
pub use trust::{Trust, TrustFault};
pub(crate) use validity::{RENEW_DAYS, Standing, Validity};
