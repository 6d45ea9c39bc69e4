//! Messages as they travel: protobuf's numbers ([`wire`]), gRPC's frame around a message, at once ([`frame`]) or piece by piece
//! ([`framed`]), and gzip, of which a bounded part is inflated, at once ([`gzip`]) or piece by piece ([`inflated`]).

mod frame;
mod framed;
mod gzip;
mod inflated;
pub(super) mod wire;

pub use frame::{Frame, FrameFault, PREFIX, framed, only, prefix, unframed};
pub use framed::{Framed, Unreadable};
pub use gzip::{Inflate, inflate, peek};
pub use inflated::{Inflated, NotInflated, Scan};
pub use wire::Malformed;
