//! A memory budget: one bound on the bytes that several holders keep together (I9).
//!
//! The data path has one for the bodies it keeps and decompresses, the mirror one for its queries and answers. A limit for
//! each request alone would bound nothing, because there are many requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The budget, and how much of it is used. Clones share the same budget.
#[derive(Clone, Debug)]
pub struct Memory(Arc<Taken>);

#[derive(Debug)]
struct Taken {
    bytes: AtomicUsize,
    most: usize,
}

/// Bytes that one owner holds; released on drop.
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

    /// A new owner that holds nothing.
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
    /// Another owner of the same budget that holds nothing.
    #[must_use]
    pub fn another(&self) -> Self {
        self.memory.hold()
    }

    /// Takes `bytes` more. Returns false, and takes nothing, if that exceeds the budget.
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

    /// Releases all of it.
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
