//! One bitmap, and how many units it stands for.

use super::UnitEstimate;

/// How many cells a bitmap has. Up to a tenth of it in units, the estimate is good to half a percent.
pub const CELLS: usize = 1 << 16;

/// How many words of 64 cells.
pub const WORDS: usize = CELLS / u64::BITS as usize;

/// With fewer free cells than these, units that share cells are a larger error than leaving out fifteen of sixteen.
const ROOM: usize = CELLS / 256;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bitmap {
    words: Box<[u64; WORDS]>,
    /// Kept beside the words so that reading it does not cost a walk over 8 KiB.
    occupied: u32,
}

impl Default for Bitmap {
    fn default() -> Self {
        Self { words: Box::new([0; WORDS]), occupied: 0 }
    }
}

impl Bitmap {
    pub(super) fn of_words(words: Box<[u64; WORDS]>) -> Self {
        let occupied = words.iter().map(|word| word.count_ones()).sum();
        Self { words, occupied }
    }

    pub(super) fn words(&self) -> &[u64] {
        self.words.as_slice()
    }

    pub(super) fn insert(&mut self, cell: u16) {
        let word = &mut self.words[usize::from(cell / 64)];
        let bit = 1 << (cell % 64);
        self.occupied += u32::from(*word & bit == 0);
        *word |= bit;
    }

    pub(super) fn combine(&mut self, other: &Self, each: impl Fn(u64, u64) -> u64) {
        for (mine, theirs) in self.words.iter_mut().zip(other.words()) {
            *mine = each(*mine, *theirs);
        }
        self.occupied = self.words.iter().map(|word| word.count_ones()).sum();
    }

    pub(super) const fn occupied(&self) -> u32 {
        self.occupied
    }

    /// The occupied cells, ascending.
    pub(super) fn cells(&self) -> impl Iterator<Item = u16> + '_ {
        let occupied = |cell: &u16| self.words[usize::from(cell / 64)] & (1 << (cell % 64)) != 0;
        (0..=u16::MAX).filter(occupied)
    }

    /// Whether this says more than a bitmap of one in sixteen of its units would.
    pub(super) fn has_room(&self) -> bool {
        CELLS - self.occupied as usize >= ROOM
    }

    /// How many units there are if one in `thinned` was put into this bitmap.
    pub(super) fn estimate(&self, thinned: u32) -> UnitEstimate {
        let (cells, thinned) = (CELLS as f64, f64::from(thinned));
        let saturated = self.occupied as usize == CELLS;
        // A full one says only that there were at least as many as usually leave one cell free.
        let free = if saturated { 1.0 } else { cells - f64::from(self.occupied) };
        let load = (cells / free).ln();
        let units = thinned * cells * load;
        let sharing = (cells * (load.exp() - load - 1.0)).max(0.0) * thinned * thinned;
        // A binomial number of them was put in.
        let thinning = units * (thinned - 1.0);
        UnitEstimate { units, standard_error: (sharing + thinning).sqrt(), saturated }
    }
}
