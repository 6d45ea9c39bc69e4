//! Decompresses gzip, up to a limit.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::read::GzDecoder;

/// How much is decompressed at a time.
const STEP: usize = 64 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum Inflate {
    #[error("what is compressed cannot be read: {0}")]
    Broken(#[source] io::Error),
    #[error("what is compressed is too large once it is inflated")]
    TooLarge,
}

/// Returns all of it, if it has at most `limit` bytes, and `room` has room for each step.
///
/// # Errors
/// When it is larger, or no gzip.
pub fn inflate(compressed: &[Bytes], limit: usize, mut room: impl FnMut(usize) -> bool) -> Result<Bytes, Inflate> {
    let mut plain = Vec::new();
    let mut decoder = GzDecoder::new(Chunks::new(compressed)).take(limit as u64 + 1);
    // In steps: a few kilobytes may inflate to a thousand times as much (a gzip bomb), and the memory is reserved before it
    // is used.
    loop {
        let before = plain.len();
        if before > limit || !room(STEP) {
            return Err(Inflate::TooLarge);
        }
        plain.reserve_exact(STEP);
        decoder.by_ref().take(STEP as u64).read_to_end(&mut plain).map_err(Inflate::Broken)?;
        if plain.len() < before + STEP {
            break;
        }
    }
    if plain.len() > limit { Err(Inflate::TooLarge) } else { Ok(plain.into()) }
}

/// Passes the first `limit` bytes to `read`, in pieces, until it wants no more. An end of input is no error: the input may
/// be only a beginning.
///
/// # Errors
/// When it is no gzip, or the error of `read`.
pub fn peek<E: From<Inflate>>(compressed: &[Bytes], limit: u64, mut read: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
    let mut decoder = GzDecoder::new(Chunks::new(compressed)).take(limit);
    let mut buffer = [0_u8; 2048];
    loop {
        match decoder.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(bytes) => read(&buffer[..bytes])?,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(Inflate::Broken(error).into()),
        }
    }
}

/// Reads across chunks.
struct Chunks<'c> {
    left: &'c [Bytes],
    /// How much of the first chunk has been read.
    read: usize,
}

impl<'c> Chunks<'c> {
    fn new(chunks: &'c [Bytes]) -> Self {
        Self { left: chunks, read: 0 }
    }
}

impl Read for Chunks<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some((first, rest)) = self.left.split_first() {
            let unread = &first[self.read..];
            if unread.is_empty() {
                (self.left, self.read) = (rest, 0);
                continue;
            }
            let take = unread.len().min(out.len());
            out[..take].copy_from_slice(&unread[..take]);
            self.read += take;
            return Ok(take);
        }
        Ok(0)
    }
}
