//! Connections for HTTP/1.1: one for each request under way, kept between requests.

mod connection;
mod pool;

pub(crate) use connection::Connection;
pub(crate) use pool::Pool;
