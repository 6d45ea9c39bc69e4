//! A Qdrant-compatible server on the real engine, for demos and tests.
//!
//! `Sandbox::start` opens a REST and a gRPC port over one `Store`. Both protocols are thin shells: they translate, ask the
//! store, and consult the same `Faults` and `RequestLog`, so that a test can hurt one collection and see what arrived,
//! whichever way it came.
//!
//! ```text
//! net      accepting connections that can be cut on demand
//! rest     Qdrant's REST API, and the sandbox's own controls under /sandbox
//! grpc     Qdrant's gRPC services
//! faults   what is to go wrong, for which collection
//! requests what arrived
//! engine   collections, aliases, points: Qdrant's own engine
//! ```
//!
//! Kept and reported but without effect, because one process has one copy of everything: shard and replica numbers, write
//! ordering, read consistency, strict mode.

pub mod engine;
pub mod faults;
pub mod grpc;
pub mod net;
pub mod requests;
pub mod rest;
mod server;

pub use server::{Sandbox, SandboxError, SandboxOptions, Shared};

/// The release whose behaviour is served; clients compare it with their own.
pub const QDRANT_VERSION: &str = "1.18.2";
/// What the sandbox calls itself.
pub const TITLE: &str = concat!("qdrant - pointsman sandbox ", env!("CARGO_PKG_VERSION"));
