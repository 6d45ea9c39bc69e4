//! What has to hold for any bytes at all: one function a target, each of which panics when it does not.
//!
//! They are called from two sides: by the binaries in `fuzz_targets` under cargo-fuzz, and by `tests/fuzz.rs`, which is
//! part of `make test`, with the seeds in `corpus` and mutations of them. Where a parser takes its input in pieces, the
//! first byte of the data says how long the pieces are, and the answer must not depend on it.

mod answer_head;
mod answer_hits;
mod chunked;
mod config;
mod golden;
mod grpc;
mod identity;
mod interleave;
mod path;
mod request_head;
mod writes;

pub use answer_head::answer_head;
pub use answer_hits::{answer_json, answer_protobuf};
pub use chunked::chunked;
pub use config::config;
pub use golden::golden;
pub use grpc::{grpc_scan, grpc_splice};
pub use identity::identity;
pub use interleave::{interleave_json, interleave_protobuf};
pub use path::path;
pub use request_head::request_head;
pub use writes::{write_json, write_protobuf};

/// At most so many pieces: some parsers begin anew with each, and a run has to stay short.
const MAX_PIECES: usize = 64;

fn piece_length(bytes: &[u8], wanted: u8) -> usize {
    (usize::from(wanted) + 1).max(bytes.len().div_ceil(MAX_PIECES))
}

fn pieces(bytes: &[u8], wanted: u8) -> impl Iterator<Item = &[u8]> {
    bytes.chunks(piece_length(bytes, wanted))
}
