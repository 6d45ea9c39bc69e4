//! Pointsman: a routing reverse proxy in front of the Qdrant vector database.
//!
//! # The map of the house
//!
//! Arrows point down; nobody below knows anybody above.
//!
//! ```text
//! cli        commands: parse, start, print
//! admin      HTTP API for operators                     mirror  asks a shadow what users asked, and compares
//! control    the control plane: routes, canaries        proxy   the data plane: one request, from accept to observe
//! rollout    plans and state machines, pure              |
//! experiment who is in which arm, and what follows, pure |
//! qdrant     what the control plane asks of Qdrant       |
//!    \____________________ live __________________________/     the snapshot both share
//! upstream   the one way to an upstream: trust, dialling        net     sockets
//! protocol   Qdrant's wire formats: operations, names, points, hits
//! store      what lasts                                         what they are made of; these know nobody
//!   golden   stats   interleaving   metrics   routing   config   but each other's plainest types
//! ```

pub mod admin;
pub mod cli;
pub mod config;
pub mod control;
pub mod experiment;
pub mod golden;
pub mod interleaving;
pub mod live;
pub mod logging;
pub mod metrics;
pub mod mirror;
mod net;
pub mod protocol;
pub mod proxy;
pub mod qdrant;
pub mod rollout;
pub mod routing;
pub mod stats;
pub mod store;
pub mod upstream;
