//! Sockets: one type for each side, plain or TLS, and writes gathered into few system calls.
//!
//! Used by `upstream` for connections to Qdrant and by `proxy` for client connections. Imports no other room.

pub(crate) mod gather;
mod io;
mod silence;

pub(crate) use io::Io;
pub(crate) use silence::Silence;
