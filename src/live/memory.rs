//! A bound on bytes that are held, over everything that holds some of them (I9).
//!
//! The data path has one for what it keeps and inflates of requests, the mirror one for its questions and answers. A limit for each
//! request alone bounds nothing: requests are many.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So many bytes, and how many of them are taken. Clones are the same memory.
#[derive(Clone, Debug)]
pub struct Memory(Arc<Taken>);

#[derive(Debug)]
struct Taken {
    bytes: AtomicUsize,
    most: usize,
}

/// Bytes that are held by one owner; given back on drop.
#[derive(Debug)]
pub struct Held {
    memory: Memory,
    bytes: usize,
}

impl Memory {
    #[must_use]
    pub fn of(most: usize) -> Self {
        Self(Arc::new(Taken { bytes: AtomicUsize::new(0), most }))
    }

    /// An account with nothing on it.
    #[must_use]
    pub fn hold(&self) -> Held {
        Held { memory: self.clone(), bytes: 0 }
    }

    #[must_use]
    pub fn is_free(&self) -> bool {
        self.0.bytes.load(Ordering::Relaxed) < self.0.most
    }
}

impl Held {
    /// Another account over the same memory, with nothing on it.
    #[must_use]
    pub fn another(&self) -> Self {
        self.memory.hold()
    }

    /// Takes `bytes` more; false, and nothing taken, when that is more than there is.
    #[must_use]
    pub fn take(&mut self, bytes: usize) -> bool {
        let Taken { bytes: taken, most } = &*self.memory.0;
        let before = taken.fetch_add(bytes, Ordering::Relaxed);
        let fits = before.saturating_add(bytes) <= *most;
        if fits {
            self.bytes += bytes;
        } else {
            taken.fetch_sub(bytes, Ordering::Relaxed);
        }
        fits
    }

    /// Gives all of it back.
    pub fn release(&mut self) {
        self.memory.0.bytes.fetch_sub(std::mem::take(&mut self.bytes), Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_over_all_owners_and_given_back() {
        let memory = Memory::of(100);
        let (mut one, mut other) = (memory.hold(), memory.hold());
        assert!(one.take(60) && !other.take(41) && other.take(40) && !memory.is_free());
        drop(one);
        assert!(memory.is_free() && other.take(60) && !other.another().take(1));
        other.release();
        assert!(memory.hold().take(100));
        drop(other);
        assert_eq!(memory.0.bytes.load(Ordering::Relaxed), 0);
    }
}
