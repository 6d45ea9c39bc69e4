//! A set of units as a text for JSON documents: `units:` and eight bytes a unit while all of them are known; else `levels:`
//! and, with dots between them, each level: two bytes a cell while that is shorter, else the whole bitmap. All in base64,
//! little-endian, ascending. A set has exactly one text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::bitmap::{Bitmap, CELLS, WORDS};
use super::{EXACT, Known, LEVELS, UnitSet};

const UNITS: &str = "units:";
const CELLS_OF: &str = "levels:";
const BITMAP_BYTES: usize = CELLS / 8;

/// Why a text is not a [`UnitSet`].
#[derive(Debug, thiserror::Error)]
pub enum UnitSetFault {
    #[error("a set of units must begin with `units:`, or with `levels:` and have {LEVELS} of them")]
    Form,
    #[error("a set of units is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    #[error("a set of units holds {found} bytes: eight for each of up to {EXACT} units, two for each of up to 4095 cells, or 8192")]
    Length { found: usize },
    #[error("a set of units lists its units or cells out of order")]
    Order,
}

impl From<UnitSet> for String {
    fn from(set: UnitSet) -> Self {
        if let Known::All(units) = &set.units {
            let bytes: Vec<u8> = units.iter().flat_map(|hash| hash.to_le_bytes()).collect();
            return format!("{UNITS}{}", STANDARD.encode(bytes));
        }
        let levels = set.levels.each_ref().map(|level| STANDARD.encode(to_bytes(level)));
        format!("{CELLS_OF}{}", levels.join("."))
    }
}

impl TryFrom<String> for UnitSet {
    type Error = UnitSetFault;

    fn try_from(text: String) -> Result<Self, UnitSetFault> {
        if let Some(units) = text.strip_prefix(UNITS) {
            return from_units(&STANDARD.decode(units)?);
        }
        let levels = text.strip_prefix(CELLS_OF).ok_or(UnitSetFault::Form)?.split('.');
        let levels = levels.map(|level| from_bytes(&STANDARD.decode(level)?)).collect::<Result<Vec<_>, UnitSetFault>>()?;
        Ok(Self::of_levels(levels.try_into().map_err(|_| UnitSetFault::Form)?))
    }
}

fn from_units(bytes: &[u8]) -> Result<UnitSet, UnitSetFault> {
    let hashes = listed(bytes, u64::from_le_bytes)?;
    if hashes.len() > EXACT {
        return Err(UnitSetFault::Length { found: bytes.len() });
    }
    Ok(hashes.into_iter().collect())
}

fn to_bytes(level: &Bitmap) -> Vec<u8> {
    if is_short(level.occupied() as usize) {
        return level.cells().flat_map(u16::to_le_bytes).collect();
    }
    level.words().iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn from_bytes(bytes: &[u8]) -> Result<Bitmap, UnitSetFault> {
    let mut words = Box::new([0; WORDS]);
    if bytes.len() == BITMAP_BYTES {
        let (numbers, _) = bytes.as_chunks::<8>();
        words.iter_mut().zip(numbers).for_each(|(word, bytes)| *word = u64::from_le_bytes(*bytes));
    } else {
        let cells = listed(bytes, u16::from_le_bytes)?;
        if !is_short(cells.len()) {
            return Err(UnitSetFault::Length { found: bytes.len() });
        }
        cells.iter().for_each(|cell| words[usize::from(cell / 64)] |= 1 << (cell % 64));
    }
    Ok(Bitmap::of_words(words))
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

/// Is the list of cells the shorter form?
const fn is_short(cells: usize) -> bool {
    cells * 2 < BITMAP_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: u64) -> UnitSet {
        (0..count).map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect()
    }

    #[test]
    fn sets_of_every_size_come_back_as_they_were() {
        for count in [0, 1, 1_024, 1_025, 5_000, 70_000, 300_000] {
            let text = serde_json::to_string(&of(count)).expect("a set has a text");
            assert_eq!(serde_json::from_str::<UnitSet>(&text).expect("its text is a set"), of(count), "with {count} units");
        }
    }

    #[test]
    fn few_units_take_few_bytes() {
        assert!(String::from(of(30)).len() < 350);
        assert!(String::from(of(3_000)).len() < 9_000);
    }

    #[test]
    fn damaged_texts_are_refused_with_the_reason() {
        let disorder = format!("{CELLS_OF}{}..", STANDARD.encode([5, 0, 4, 0]));
        let many = format!("{UNITS}{}", STANDARD.encode((0..1_025_u64).flat_map(u64::to_le_bytes).collect::<Vec<_>>()));
        let crowded = format!("{CELLS_OF}{}..", STANDARD.encode((0..4_097_u16).flat_map(u16::to_le_bytes).collect::<Vec<_>>()));
        for (text, reason) in [
            ("", "begin with"),
            ("levels:AAA=", "begin with"),
            ("levels:*..", "base64"),
            ("levels:AA==..", "bytes"),
            ("units:AAAA", "bytes"),
            (&many, "bytes"),
            (&crowded, "bytes"),
            (&disorder, "out of order"),
        ] {
            let fault = UnitSet::try_from(text.to_owned()).map_err(|fault| fault.to_string());
            assert!(fault.as_ref().is_err_and(|fault| fault.contains(reason)), "{text}: {fault:?}");
        }
    }
}
