//! Endless variations of a seed corpus, the same for the same seed. Used by `tests/fuzz.rs` where cargo-fuzz, which knows
//! what its inputs reach, is not at hand.

/// No input becomes longer, so that every run stays short.
const MAX_LENGTH: usize = 8 * 1024;
const MAX_STEPS: usize = 6;

pub(crate) struct Mutations<'c> {
    corpus: &'c [Vec<u8>],
    random: Random,
}

impl<'c> Mutations<'c> {
    pub(crate) fn new(corpus: &'c [Vec<u8>], seed: u64) -> Self {
        Self { corpus, random: Random(seed.max(1)) }
    }

    pub(crate) fn another(&mut self) -> Vec<u8> {
        let mut input = self.entry().to_vec();
        for _ in 0..=self.random.below(MAX_STEPS) {
            self.step(&mut input);
        }
        input.truncate(MAX_LENGTH);
        input
    }

    fn entry(&mut self) -> &'c [u8] {
        &self.corpus[self.random.below(self.corpus.len())]
    }

    fn step(&mut self, input: &mut Vec<u8>) {
        let at = self.random.below(input.len() + 1);
        match self.random.below(7) {
            0 => flip(input, at, 1 << self.random.below(8)),
            1 => input.insert(at, self.random.byte()),
            2 => input.truncate(at),
            3 => drop(input.drain(self.random.range(input.len()))),
            // The same again, where it was: repeated fields, slashes, headers.
            4 => {
                let range = self.random.range(input.len());
                let copy = input[range.clone()].to_vec();
                input.splice(range.start..range.start, copy);
            }
            5 => flip(input, at, self.random.byte()),
            // A piece of another input, in place of a piece of this one.
            _ => {
                let other = self.entry();
                let piece = &other[self.random.range(other.len())];
                input.splice(self.random.range(input.len()), piece.iter().copied());
            }
        }
    }
}

fn flip(input: &mut [u8], at: usize, mask: u8) {
    if let Some(byte) = input.get_mut(at) {
        *byte ^= mask;
    }
}

/// xorshift64: small, and the same everywhere for ever.
struct Random(u64);

impl Random {
    fn draw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn byte(&mut self) -> u8 {
        self.draw().to_be_bytes()[0]
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.draw() >> 33).expect("31 bits") % end
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let (one, other) = (self.below(length + 1), self.below(length + 1));
        one.min(other)..one.max(other)
    }
}
