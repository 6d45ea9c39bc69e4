//! The API over its own router: what a client of it sees.

mod client;
mod conformance;
mod cross_site;
mod examples;
mod lanes;
mod openapi;
mod routes;
mod service;
