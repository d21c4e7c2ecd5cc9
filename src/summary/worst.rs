//! Tables bounded in memory: the worst rows are kept, the rest is added up.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::Hash;
use std::ops::AddAssign;

/// Number of rows that are shown, and kept when room is made.
pub(super) const KEPT: usize = 1000;

/// A row of a bounded table.
pub(super) trait RankedRow: for<'a> AddAssign<&'a Self> + Default {
    /// Badness of the row: the rows with the greatest are kept.
    fn badness(&self) -> (u64, u64);
}

/// Rows by key. Up to twice as many rows as are shown are held while counting, so that making room costs little for
/// each new row. If a key comes again after its row was dropped, its row starts anew; the counts of the dropped row
/// stay in the rest.
#[derive(Clone, Debug)]
pub(super) struct Worst<K, R> {
    rows: Vec<(K, R)>,
    /// Index in `rows` of each key's row.
    places: HashMap<K, usize>,
    /// Index of the row asked for last, which is mostly asked for again.
    last: usize,
    /// Number of rows added up in `rest`.
    pub(super) others: u64,
    pub(super) rest: R,
}

impl<K, R: Default> Default for Worst<K, R> {
    fn default() -> Self {
        Worst {
            rows: Vec::new(),
            places: HashMap::new(),
            last: 0,
            others: 0,
            rest: R::default(),
        }
    }
}

impl<K: Eq + Hash + Ord + Clone, R: RankedRow> Worst<K, R> {
    pub(super) fn row(&mut self, key: &K) -> &mut R {
        if self.rows.get(self.last).is_none_or(|(last, _)| last != key) {
            self.last = self.place(key);
        }
        &mut self.rows[self.last].1
    }

    #[inline(never)]
    fn place(&mut self, key: &K) -> usize {
        if let Some(at) = self.places.get(key) {
            return *at;
        }
        if self.rows.len() >= 2 * KEPT {
            self.make_room();
        }
        let at = self.rows.len();
        self.rows.push((key.clone(), R::default()));
        self.places.insert(key.clone(), at);
        at
    }

    /// Returns the row of a key. `None`: it has none.
    pub(super) fn get(&self, key: &K) -> Option<&R> {
        self.places.get(key).map(|at| &self.rows[*at].1)
    }

    /// Returns all rows, or no row if there are more than `most`.
    pub(super) fn few(&self, most: usize) -> impl Iterator<Item = (&K, &R)> {
        let few = self.rows.len() <= most;
        let rows = self.rows.iter().map(|(key, row)| (key, row));
        rows.filter(move |_| few)
    }

    /// The rows kept, worst first.
    pub(super) fn sorted(&self) -> Vec<(&K, &R)> {
        let mut rows: Vec<_> = self.rows.iter().map(|(key, row)| (key, row)).collect();
        rows.sort_by_cached_key(|(key, row)| (Reverse(row.badness()), *key));
        rows
    }

    /// Drops the rows beyond the [`KEPT`] worst.
    pub(super) fn settle(&mut self) {
        if self.rows.len() > KEPT {
            self.make_room();
        }
    }

    fn make_room(&mut self) {
        let rows = &self.rows;
        let mut ranked: Vec<_> = (0..rows.len())
            .map(|at| (rows[at].1.badness(), at))
            .collect();
        // Only the set of kept rows matters: selecting them takes a sixth of the time of sorting.
        ranked.select_nth_unstable_by(KEPT, |(left, left_at), (right, right_at)| {
            let by_key = || rows[*left_at].0.cmp(&rows[*right_at].0);
            right.cmp(left).then_with(by_key)
        });
        let mut is_kept = vec![true; rows.len()];
        for (_, at) in &ranked[KEPT..] {
            is_kept[*at] = false;
        }
        let mut is_kept = is_kept.into_iter();
        let dropped = self
            .rows
            .extract_if(.., |_| !is_kept.next().unwrap_or(true));
        for (_, good) in dropped {
            self.rest += &good;
            self.others += 1;
        }
        let kept = self.rows.iter().enumerate();
        self.places = kept.map(|(at, (key, _))| (key.clone(), at)).collect();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }
}

impl<K: Eq + Hash + Ord + Clone, R: RankedRow> AddAssign<&Worst<K, R>> for Worst<K, R> {
    fn add_assign(&mut self, other: &Worst<K, R>) {
        for (key, row) in &other.rows {
            *self.row(key) += row;
        }
        self.others += other.others;
        self.rest += &other.rest;
    }
}

impl<K: Eq + Hash, R: PartialEq> PartialEq for Worst<K, R> {
    fn eq(&self, other: &Self) -> bool {
        let counted = self.others == other.others && self.rest == other.rest;
        let row_of = |key| other.places.get(key).map(|at| &other.rows[*at].1);
        counted
            && self.rows.len() == other.rows.len()
            && self.rows.iter().all(|(key, row)| row_of(key) == Some(row))
    }
}
