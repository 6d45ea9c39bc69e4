//! The API over its own router: what a client of it sees.

mod client;
mod cross_site;
mod lanes;
mod openapi;
mod routes;
mod service;
