//! How wide columns are where the terminal has no room for all of them.

/// A column as it would like to be, and the least it makes do with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) wanted: usize,
    pub(super) least: usize,
}

/// Takes from the widest column that can give, until all fit beside each other with `gap` between them, or none can give.
pub(super) fn widths(columns: &[Wish], gap: usize, limit: usize) -> Vec<usize> {
    let mut widths: Vec<usize> = columns.iter().map(|column| column.wanted).collect();
    let gaps = gap * columns.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > limit {
        let giving = (0..widths.len()).filter(|column| widths[*column] > columns[*column].least).max_by_key(|column| widths[*column]);
        let Some(widest) = giving else { break };
        widths[widest] -= 1;
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_give_first_and_none_gives_all() {
        let columns = [(30, 10), (20, 10), (8, 8)].map(|(wanted, least)| Wish { wanted, least });
        assert_eq!(widths(&columns, 2, 80), [30, 20, 8]);
        assert_eq!(widths(&columns, 2, 52), [20, 20, 8]);
        assert_eq!(widths(&columns, 2, 44), [16, 16, 8]);
        assert_eq!(widths(&columns, 2, 10), [10, 10, 8]);
    }
}
