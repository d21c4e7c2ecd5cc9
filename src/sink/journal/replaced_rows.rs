//! Rows that replace earlier ones in a table without the column `supersedes`: those of the same key and index.
//!
//! Requests of one key are equal, so that it does not matter which of them has which row. The index of a row must tell
//! only which row it replaces, also after the input was edited and its requests stand at other positions.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::record::{Key, Kind};

/// Rows without success by their keys. Empty: a column tells which rows replace others.
#[derive(Default)]
pub(super) struct ReplaceableRows(HashMap<Key, KeyRows>);

/// Rows without success of one key, and the requests of that key in the input of this run.
#[derive(Default)]
struct KeyRows {
    /// Indices of the rows. True: the request was interrupted.
    standing: BTreeMap<u64, bool>,
    /// Indices that rows of this run have.
    given: BTreeSet<u64>,
    /// Positions of the requests.
    positions: BTreeSet<u64>,
}

impl ReplaceableRows {
    /// Adds a row of the file. Returns true if it replaces an earlier one.
    pub(super) fn add(&mut self, key: Key, index: u64, outcome: Kind, interrupted: bool) -> bool {
        if outcome != Kind::Success {
            let rows = self.0.entry(key).or_default();
            return rows.standing.insert(index, interrupted).is_some();
        }
        let Some(rows) = self.0.get_mut(&key) else {
            return false;
        };
        let replaced = rows.standing.remove(&index).is_some();
        if rows.standing.is_empty() {
            self.0.remove(&key);
        }
        replaced
    }

    /// Passes a request of the input that gets no row.
    pub(super) fn pass(&mut self, key: Key, position: u64) {
        if let Some(rows) = self.0.get_mut(&key) {
            rows.positions.insert(position);
        }
    }

    /// Returns the index of the row of a request that is sent again: that of the row that it replaces. Rows of
    /// interrupted requests come last, since these are not sent again without being asked for.
    pub(super) fn index_again(&mut self, key: Key, position: u64) -> u64 {
        let Some(rows) = self.0.get_mut(&key) else {
            return position;
        };
        rows.positions.insert(position);
        let free = |wanted: bool| {
            let of_kind = rows.standing.iter().filter(move |row| *row.1 == wanted);
            let mut indices = of_kind.map(|row| *row.0);
            let at = indices.clone().find(|index| *index == position);
            at.filter(|at| !rows.given.contains(at))
                .or_else(|| indices.find(|index| !rows.given.contains(index)))
        };
        let index = free(false).or_else(|| free(true)).unwrap_or(position);
        rows.given.insert(index);
        index
    }

    /// Returns the index of the first row of a request. It is the request's position, unless a row without success has
    /// that index: then it is the position of an equal request before, whose own row has another index.
    pub(super) fn index_of_new(&mut self, key: Key, position: u64) -> u64 {
        let Some(rows) = self.0.get_mut(&key) else {
            return position;
        };
        rows.positions.insert(position);
        let is_free = |at: &u64| !rows.standing.contains_key(at) && !rows.given.contains(at);
        let other = || rows.positions.iter().copied().find(|at| is_free(at));
        let index = match is_free(&position) {
            true => position,
            // Each equal request before has one row or one index that was given, so that a position is left.
            false => other().unwrap_or(position),
        };
        rows.given.insert(index);
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Request;

    fn failed_at(indices: &[(u64, bool)]) -> (ReplaceableRows, Key) {
        let key = Key::of(&Request::get("http://h/"));
        let mut rows = ReplaceableRows::default();
        for (index, interrupted) in indices {
            assert!(!rows.add(key, *index, Kind::Failed, *interrupted));
        }
        (rows, key)
    }

    #[test]
    fn a_row_replaces_one_of_its_index_that_was_no_success() {
        let (mut rows, key) = failed_at(&[(3, false), (5, false)]);
        assert!(rows.add(key, 3, Kind::Rejected, false));
        assert!(rows.add(key, 3, Kind::Success, false));
        assert!(!rows.add(key, 3, Kind::Success, false));
        assert!(!rows.add(key, 4, Kind::Success, false));
        assert!(rows.add(key, 5, Kind::Success, false));
        assert!(rows.0.is_empty());
    }

    #[test]
    fn a_request_that_is_sent_again_takes_each_row_once_and_interrupted_ones_last() {
        let (mut rows, key) = failed_at(&[(0, true), (3, false), (5, false)]);
        let indices = [5, 0, 1].map(|position| rows.index_again(key, position));
        assert_eq!(indices, [5, 3, 0]);
    }

    #[test]
    fn a_new_request_has_no_index_of_a_row_that_it_does_not_replace() {
        let (mut rows, key) = failed_at(&[(1, false)]);
        rows.pass(key, 0);
        assert_eq!(rows.index_of_new(key, 1), 0);
        assert_eq!(rows.index_of_new(key, 2), 2);
        let (mut rows, key) = failed_at(&[(1, false)]);
        assert_eq!(rows.index_again(key, 0), 1);
        assert_eq!(rows.index_of_new(key, 1), 0);
    }
}
