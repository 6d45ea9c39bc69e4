//! HTTP/1.1 connections: one for each request in progress, kept alive between requests.

mod connection;
mod pool;

pub(crate) use connection::Connection;
pub(crate) use pool::Pool;
