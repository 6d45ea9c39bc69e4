//! Messages on the wire: protobuf's numbers ([`wire`]); gRPC's frame, as a whole ([`frame`]) or in pieces ([`framed`]); and
//! gzip, of which a bounded part is decompressed, as a whole ([`gzip`]) or in pieces ([`inflated`]).

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
