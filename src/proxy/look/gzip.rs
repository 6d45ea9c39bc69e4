//! A compressed answer, inflated piece by piece for whoever looks at it; the client gets it as it is.
//!
//! Most clients ask for compressed answers without being told to, so without this most answers would say nothing.

use std::io::{self, Write};

use flate2::write::GzDecoder;

use super::Blind;
use crate::proxy::grpc::wire::Malformed;

/// A scanner that takes an answer in pieces.
pub(super) trait Scan {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Malformed>;
}

#[derive(Debug)]
pub(super) struct Inflated<S: Scan>(GzDecoder<Sink<S>>);

/// Where inflated bytes go: to the scanner, up to a limit, and then nowhere.
#[derive(Debug)]
struct Sink<S> {
    scanner: S,
    /// How many more are looked at; a few bytes can inflate to any number.
    left: usize,
    full: bool,
}

impl<S: Scan> Inflated<S> {
    pub(super) fn new(scanner: S, limit: usize) -> Self {
        Self(GzDecoder::new(Sink { scanner, left: limit, full: false }))
    }

    /// The next compressed bytes.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), Blind> {
        self.0.write_all(bytes).map_err(|_| self.blind())
    }

    /// The scanner, after the last compressed byte. Inflates what is left, and checks that it is whole.
    pub(super) fn finish(mut self) -> Result<S, Blind> {
        if self.0.try_finish().is_err() {
            return Err(self.blind());
        }
        self.0.finish().map(|sink| sink.scanner).map_err(|_| Blind::Unreadable)
    }

    fn blind(&self) -> Blind {
        if self.0.get_ref().full { Blind::TooLarge } else { Blind::Unreadable }
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
