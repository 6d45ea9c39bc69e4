//! A set of units as a text for JSON documents: `cells:` and two bytes a cell while there are few, else `bitmap:` and the
//! whole bitmap; both in base64, little-endian. A set has exactly one text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{CELLS, UnitSet};

const FEW: &str = "cells:";
const MANY: &str = "bitmap:";
const BITMAP_BYTES: usize = CELLS / 8;

/// Why a text is not a [`UnitSet`].
#[derive(Debug, thiserror::Error)]
pub enum UnitSetFault {
    #[error("a set of units must begin with `cells:` or `bitmap:`")]
    Form,
    #[error("a set of units is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    #[error("a set of units holds {found} bytes: a list must have two for each of up to 4095 cells, a bitmap 8192")]
    Length { found: usize },
    #[error("a set of units lists its cells out of order")]
    Order,
}

impl From<UnitSet> for String {
    fn from(set: UnitSet) -> Self {
        if is_short(set.occupied as usize) {
            let bytes: Vec<u8> = set.cells().flat_map(u16::to_le_bytes).collect();
            return format!("{FEW}{}", STANDARD.encode(bytes));
        }
        let bytes: Vec<u8> = set.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        format!("{MANY}{}", STANDARD.encode(bytes))
    }
}

impl TryFrom<String> for UnitSet {
    type Error = UnitSetFault;

    fn try_from(text: String) -> Result<Self, UnitSetFault> {
        if let Some(cells) = text.strip_prefix(FEW) {
            return from_cells(&STANDARD.decode(cells)?);
        }
        from_bitmap(&STANDARD.decode(text.strip_prefix(MANY).ok_or(UnitSetFault::Form)?)?)
    }
}

/// Is the list of cells the shorter form?
const fn is_short(cells: usize) -> bool {
    cells * 2 < BITMAP_BYTES
}

fn from_cells(bytes: &[u8]) -> Result<UnitSet, UnitSetFault> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() || !is_short(pairs.len()) {
        return Err(UnitSetFault::Length { found: bytes.len() });
    }
    let cells: Vec<u16> = pairs.iter().copied().map(u16::from_le_bytes).collect();
    if !cells.is_sorted_by(|one, next| one < next) {
        return Err(UnitSetFault::Order);
    }
    let mut set = UnitSet::default();
    cells.into_iter().for_each(|cell| set.insert_cell(cell));
    Ok(set)
}

fn from_bitmap(bytes: &[u8]) -> Result<UnitSet, UnitSetFault> {
    let (words, rest) = bytes.as_chunks::<8>();
    if bytes.len() != BITMAP_BYTES || !rest.is_empty() {
        return Err(UnitSetFault::Length { found: bytes.len() });
    }
    let words: Box<[u64]> = words.iter().copied().map(u64::from_le_bytes).collect();
    let occupied = words.iter().map(|word| word.count_ones()).sum();
    Ok(UnitSet { words, occupied })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cells: impl IntoIterator<Item = u16>) -> UnitSet {
        let mut set = UnitSet::default();
        cells.into_iter().for_each(|cell| set.insert_cell(cell));
        set
    }

    #[test]
    fn sets_of_every_size_come_back_as_they_were() {
        for count in [0, 1, 2, 4_095, 4_096, 40_000, u16::MAX] {
            let set = of((0..count).map(|at| at.wrapping_mul(40_503)));
            let text = serde_json::to_string(&set).expect("a set has a text");
            assert_eq!(serde_json::from_str::<UnitSet>(&text).expect("its text is a set"), set, "with {count} cells");
        }
    }

    #[test]
    fn few_units_take_few_bytes() {
        assert!(String::from(of(0..30)).len() < 100);
    }

    #[test]
    fn damaged_texts_are_refused_with_the_reason() {
        let disorder = format!("{FEW}{}", STANDARD.encode([5, 0, 4, 0]));
        for (text, reason) in
            [("", "begin with"), ("cells:*", "base64"), ("cells:AAAA", "bytes"), ("bitmap:AAAA", "bytes"), (&disorder, "out of order")]
        {
            let fault = UnitSet::try_from(text.to_owned()).map_err(|fault| fault.to_string());
            assert!(fault.as_ref().is_err_and(|fault| fault.contains(reason)), "{text}: {fault:?}");
        }
    }
}
