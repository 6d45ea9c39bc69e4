//! Messages as they travel: protobuf's fields ([`wire`]), gRPC's frame around them ([`frame`]), and gzip, of which a bounded part
//! is inflated at once ([`gzip`]) or piece by piece as an answer passes ([`inflated`]).

mod frame;
mod gzip;
mod inflated;
pub(super) mod wire;

pub use frame::{Frame, FrameFault, PREFIX, framed, only, prefix, unframed};
pub use gzip::{Inflate, inflate, peek};
pub use inflated::{Inflated, NotInflated, Scan};
pub use wire::Malformed;
