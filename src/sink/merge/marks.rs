//! Sets of rows and positions, and the first of them.

use std::collections::BTreeSet;

/// Set of numbers from 0, one bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NumberSet {
    words: Vec<u64>,
}

impl NumberSet {
    pub(super) fn insert(&mut self, number: u64) {
        let (word, bit) = (number as usize / 64, number % 64);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << bit;
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        let word = self.words.get(number as usize / 64);
        word.is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Returns the numbers in ascending order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        let words = (0_u64..).zip(&self.words).filter(|(_, word)| **word != 0);
        words.flat_map(|(at, word)| {
            let bits = (0..64).filter(move |bit| word >> bit & 1 == 1);
            bits.map(move |bit| 64 * at + bit)
        })
    }
}

/// Number of lines whose places are kept.
pub(super) const SHOWN: usize = 10;

/// Rows of one kind: their number, and the first of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FirstRows {
    pub(super) count: u64,
    pub(super) first: BTreeSet<u64>,
}

impl FirstRows {
    pub(super) fn add(&mut self, row: u64) {
        self.count += 1;
        self.first.insert(row);
        if self.first.len() > SHOWN {
            self.first.pop_last();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_in_order() {
        let mut set = NumberSet::default();
        for number in [700, 0, 63, 64, 128] {
            set.insert(number);
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 128, 700]);
        assert!(set.contains(64) && !set.contains(65) && !set.contains(70_000));
    }

    #[test]
    fn the_lowest_rows_are_kept() {
        let mut rows = FirstRows::default();
        (0..100).rev().for_each(|row| rows.add(row));
        assert_eq!(rows.count, 100);
        assert_eq!(
            rows.first.into_iter().collect::<Vec<_>>(),
            (0..10).collect::<Vec<_>>()
        );
    }
}
