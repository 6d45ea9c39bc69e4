//! Compressed messages: the name stands inside the compressed bytes.
//!
//! To find it, a bounded beginning is inflated. To change it, the whole message is, up to a limit, and sent on
//! uncompressed: gRPC allows that message by message, and compressing again would cost more than it saves on a LAN.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::read::GzDecoder;
use smallvec::SmallVec;

use super::scan::Scanner;
use super::wire::Malformed;
use crate::live::Held;

/// How much is inflated at a time.
const STEP: usize = 64 * 1024;
/// Any encoder that writes fields in order has written the name by then.
const PEEK: u64 = 16 * 1024;

#[derive(Debug, thiserror::Error)]
pub(super) enum Inflate {
    #[error("the compressed message cannot be read: {0}")]
    Broken(io::Error),
    #[error("the compressed message is too large to change")]
    TooLarge,
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Scans as much of a compressed message as is there, up to a bound. An end of input is no fault: it may be a beginning.
pub(super) fn peek(compressed: &[Bytes]) -> Result<Scanner, Inflate> {
    let mut scanner = Scanner::default();
    let mut decoder = GzDecoder::new(Chunks::new(compressed)).take(PEEK);
    let mut buffer = [0_u8; 2048];
    loop {
        match decoder.read(&mut buffer) {
            Ok(0) => return Ok(scanner),
            Ok(read) => scanner.feed(&buffer[..read])?,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(scanner),
            Err(error) => return Err(Inflate::Broken(error)),
        }
    }
}

/// The whole message, uncompressed, if it is no larger than `limit`, and there is memory for it on the account `held`.
pub(super) fn inflate(compressed: &[Bytes], limit: usize, held: &mut Held) -> Result<(Bytes, Scanner), Inflate> {
    let mut plain = Vec::new();
    let mut decoder = GzDecoder::new(Chunks::new(compressed)).take(limit as u64 + 1);
    // Step by step: a few kilobytes may inflate to a thousand times as much, and the memory is asked for before it is used.
    loop {
        let before = plain.len();
        if before > limit || !held.take(STEP) {
            return Err(Inflate::TooLarge);
        }
        plain.reserve_exact(STEP);
        decoder.by_ref().take(STEP as u64).read_to_end(&mut plain).map_err(Inflate::Broken)?;
        if plain.len() < before + STEP {
            break;
        }
    }
    if plain.len() > limit {
        return Err(Inflate::TooLarge);
    }
    let mut scanner = Scanner::default();
    scanner.feed(&plain)?;
    scanner.finish()?;
    Ok((plain.into(), scanner))
}

/// Reads across chunks.
struct Chunks {
    left: SmallVec<[Bytes; 4]>,
}

impl Chunks {
    fn new(chunks: &[Bytes]) -> Self {
        Self { left: chunks.iter().rev().cloned().collect() }
    }
}

impl Read for Chunks {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(chunk) = self.left.last_mut() {
            if chunk.is_empty() {
                self.left.pop();
                continue;
            }
            let take = chunk.len().min(out.len());
            out[..take].copy_from_slice(&chunk.split_to(take));
            return Ok(take);
        }
        Ok(0)
    }
}
