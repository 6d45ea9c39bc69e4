//! The gRPC API over real sockets, mostly with the official client.

mod everyday;
mod support;
mod wire;
