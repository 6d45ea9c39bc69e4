//! A counter with one writer and any number of readers.

use std::sync::atomic::{AtomicU64, Ordering};

/// Written by one worker, read by scrapes. A load and a store, not a locked add: nobody else writes.
#[derive(Debug, Default)]
pub(super) struct Cell(AtomicU64);

impl Cell {
    pub(super) fn add(&self, amount: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
    }

    pub(super) fn sub(&self, amount: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_sub(amount), Ordering::Relaxed);
    }

    /// Sets these bits.
    pub(super) fn set(&self, bits: u64) {
        let before = self.0.load(Ordering::Relaxed);
        // Most often they are set already, and then no other core's copy of the line has to go.
        if before & bits != bits {
            self.0.store(before | bits, Ordering::Relaxed);
        }
    }

    /// Sets a value that only grows.
    pub(super) fn raise(&self, to: u64) {
        if self.0.load(Ordering::Relaxed) < to {
            self.0.store(to, Ordering::Relaxed);
        }
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
