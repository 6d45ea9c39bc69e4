//! Decompresses gzip that arrives in pieces, for a scanner.

use std::io::{self, Write};

use flate2::write::GzDecoder;

use super::wire::Malformed;

/// A scanner that accepts bytes in pieces.
pub trait Scan {
    /// # Errors
    /// When the bytes are not in the scanner's format.
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Malformed>;
}

/// Why a gzip could not be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotInflated {
    #[error("it is larger than the limit once it is inflated")]
    TooLarge,
    #[error("it is no gzip, or not what is looked for in it")]
    Unreadable,
}

/// A gzip stream that is being decompressed.
#[derive(Debug)]
pub struct Inflated<S: Scan>(GzDecoder<Sink<S>>);

/// Passes decompressed bytes to the scanner, up to a limit, and drops the rest.
#[derive(Debug)]
struct Sink<S> {
    scanner: S,
    /// How many more bytes are passed on; a few compressed bytes can inflate to any number.
    left: usize,
    full: bool,
}

impl<S: Scan> Inflated<S> {
    /// Passes at most `limit` bytes to `scanner`.
    pub fn new(scanner: S, limit: usize) -> Self {
        Self(GzDecoder::new(Sink { scanner, left: limit, full: false }))
    }

    /// Feeds the next compressed bytes.
    ///
    /// # Errors
    /// When they are no gzip, inflate to more than the limit, or are not in the scanner's format.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), NotInflated> {
        self.0.write_all(bytes).map_err(|_| self.fault())
    }

    /// Returns the scanner after the last compressed byte. Decompresses the rest, and checks that the stream is complete.
    ///
    /// # Errors
    /// As [`Self::feed`].
    pub fn finish(mut self) -> Result<S, NotInflated> {
        if self.0.try_finish().is_err() {
            return Err(self.fault());
        }
        self.0.finish().map(|sink| sink.scanner).map_err(|_| NotInflated::Unreadable)
    }

    fn fault(&self) -> NotInflated {
        if self.0.get_ref().full { NotInflated::TooLarge } else { NotInflated::Unreadable }
    }
}

impl<S: Scan> Write for Sink<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.left.checked_sub(bytes.len());
        self.full = left.is_none();
        self.left = left.ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        self.scanner.feed(bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
