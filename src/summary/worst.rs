//! Tables bounded in memory: the worst rows are kept, the rest is added up.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::Hash;
use std::ops::AddAssign;

/// Rows kept when room is made, and shown.
pub(super) const KEPT: usize = 1000;

/// A row of a bounded table.
pub(super) trait Row: for<'a> AddAssign<&'a Self> + Default {
    /// How bad it is: the greatest are kept.
    fn badness(&self) -> (u64, u64);
}

/// Rows by name. Up to twice as many as are shown are held while counting, so that making room costs little for each
/// new row. A row let go of and met again starts anew: what it had counted stays in the rest.
#[derive(Clone, Debug)]
pub(super) struct Worst<K, R> {
    rows: HashMap<K, R>,
    /// How many rows were added up in `rest`.
    pub(super) others: u64,
    pub(super) rest: R,
}

impl<K, R: Default> Default for Worst<K, R> {
    fn default() -> Self {
        Worst {
            rows: HashMap::new(),
            others: 0,
            rest: R::default(),
        }
    }
}

impl<K: Eq + Hash + Ord + Clone, R: Row> Worst<K, R> {
    pub(super) fn row(&mut self, key: K) -> &mut R {
        if self.rows.len() >= 2 * KEPT && !self.rows.contains_key(&key) {
            self.make_room();
        }
        self.rows.entry(key).or_default()
    }

    /// All rows, unless there are more than so many.
    pub(super) fn few(&self, most: usize) -> impl Iterator<Item = (&K, &R)> {
        let few = self.rows.len() <= most;
        self.rows.iter().filter(move |_| few)
    }

    /// The rows kept, worst first.
    pub(super) fn sorted(&self) -> Vec<(&K, &R)> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_cached_key(|(key, row)| (Reverse(row.badness()), *key));
        rows
    }

    /// Leaves no more rows than are shown.
    pub(super) fn settle(&mut self) {
        if self.rows.len() > KEPT {
            self.make_room();
        }
    }

    fn make_room(&mut self) {
        let good: Vec<K> = self
            .sorted()
            .split_off(KEPT)
            .into_iter()
            .map(|(key, _)| key.clone())
            .collect();
        for key in good {
            if let Some(row) = self.rows.remove(&key) {
                self.rest += &row;
                self.others += 1;
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }
}

impl<K: Eq + Hash + Ord + Clone, R: Row> AddAssign<&Worst<K, R>> for Worst<K, R> {
    fn add_assign(&mut self, other: &Worst<K, R>) {
        for (key, row) in &other.rows {
            *self.row(key.clone()) += row;
        }
        self.others += other.others;
        self.rest += &other.rest;
    }
}

impl<K: Eq + Hash, R: PartialEq> PartialEq for Worst<K, R> {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows && self.others == other.others && self.rest == other.rest
    }
}
