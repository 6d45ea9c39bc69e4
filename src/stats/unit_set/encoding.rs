//! A set of units as a text for JSON documents: `units:` and eight bytes a unit while all of them are known; then `cells:`
//! and two bytes a cell while there are few, else `bitmap:` and the whole bitmap; all in base64, little-endian. A set has
//! exactly one text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{CELLS, EXACT, UnitSet};

const KNOWN: &str = "units:";
const FEW: &str = "cells:";
const MANY: &str = "bitmap:";
const BITMAP_BYTES: usize = CELLS / 8;

/// Why a text is not a [`UnitSet`].
#[derive(Debug, thiserror::Error)]
pub enum UnitSetFault {
    #[error("a set of units must begin with `units:`, `cells:` or `bitmap:`")]
    Form,
    #[error("a set of units is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    #[error(
        "a set of units holds {found} bytes: a list must have eight for each of up to 1024 units or two for each of up to 4095 cells, a bitmap 8192"
    )]
    Length { found: usize },
    #[error("a set of units lists its units or cells out of order")]
    Order,
}

impl From<UnitSet> for String {
    fn from(set: UnitSet) -> Self {
        if let Some(hashes) = &set.hashes {
            let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
            return format!("{KNOWN}{}", STANDARD.encode(bytes));
        }
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
        if let Some(units) = text.strip_prefix(KNOWN) {
            return from_units(&STANDARD.decode(units)?);
        }
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

fn from_units(bytes: &[u8]) -> Result<UnitSet, UnitSetFault> {
    let hashes = listed(bytes, u64::from_le_bytes)?;
    if hashes.len() > EXACT {
        return Err(UnitSetFault::Length { found: bytes.len() });
    }
    Ok(hashes.into_iter().collect())
}

fn from_cells(bytes: &[u8]) -> Result<UnitSet, UnitSetFault> {
    let cells = listed(bytes, u16::from_le_bytes)?;
    if !is_short(cells.len()) {
        return Err(UnitSetFault::Length { found: bytes.len() });
    }
    let mut words = vec![0; CELLS / 64];
    cells.iter().for_each(|cell| words[usize::from(cell / 64)] |= 1 << (cell % 64));
    Ok(UnitSet::of_cells(words.into_boxed_slice()))
}

/// Numbers of `N` bytes each, ascending.
fn listed<const N: usize, T: Ord>(bytes: &[u8], number: fn([u8; N]) -> T) -> Result<Vec<T>, UnitSetFault> {
    let (numbers, rest) = bytes.as_chunks::<N>();
    if !rest.is_empty() {
        return Err(UnitSetFault::Length { found: bytes.len() });
    }
    let numbers: Vec<T> = numbers.iter().copied().map(number).collect();
    if !numbers.is_sorted_by(|one, next| one < next) {
        return Err(UnitSetFault::Order);
    }
    Ok(numbers)
}

fn from_bitmap(bytes: &[u8]) -> Result<UnitSet, UnitSetFault> {
    let (words, rest) = bytes.as_chunks::<8>();
    if bytes.len() != BITMAP_BYTES || !rest.is_empty() {
        return Err(UnitSetFault::Length { found: bytes.len() });
    }
    Ok(UnitSet::of_cells(words.iter().copied().map(u64::from_le_bytes).collect()))
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
        for count in [0, 1, 1_024, 1_025, 9_000] {
            let set: UnitSet = (0..count).map(|at: u64| at.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
            let text = String::from(set.clone());
            assert_eq!(UnitSet::try_from(text).expect("its text is a set"), set, "with {count} units");
        }
    }

    #[test]
    fn few_units_take_few_bytes() {
        assert!(String::from(of(0..30)).len() < 100);
    }

    #[test]
    fn damaged_texts_are_refused_with_the_reason() {
        let disorder = format!("{FEW}{}", STANDARD.encode([5, 0, 4, 0]));
        let many = format!("{KNOWN}{}", STANDARD.encode((0..1_025_u64).flat_map(u64::to_le_bytes).collect::<Vec<_>>()));
        for (text, reason) in [
            ("", "begin with"),
            ("cells:*", "base64"),
            ("cells:AAAA", "bytes"),
            ("bitmap:AAAA", "bytes"),
            ("units:AAAA", "bytes"),
            (&many, "bytes"),
            (&disorder, "out of order"),
        ] {
            let fault = UnitSet::try_from(text.to_owned()).map_err(|fault| fault.to_string());
            assert!(fault.as_ref().is_err_and(|fault| fault.contains(reason)), "{text}: {fault:?}");
        }
    }
}
