//! The REST API over real sockets: one sandbox a test, on ports the system picks.

mod aliases;
mod collections;
mod faults;
mod points;
mod queries;
mod snapshots;
mod support;
mod wire;
