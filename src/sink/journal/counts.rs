//! Counts by key.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

/// Lowers a count by one. Returns false if there was no count.
pub(super) fn take_one<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: K) -> bool {
    if counts.is_empty() {
        return false;
    }
    let Entry::Occupied(mut entry) = counts.entry(key) else {
        return false;
    };
    *entry.get_mut() -= 1;
    if *entry.get() == 0 {
        entry.remove();
    }
    true
}

/// Lowers a count to this number if it is higher.
pub(super) fn at_most<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: K, most: u32) {
    if counts.is_empty() {
        return;
    }
    if let Entry::Occupied(mut entry) = counts.entry(key) {
        let count = (*entry.get()).min(most);
        if count == 0 {
            entry.remove();
        } else {
            *entry.get_mut() = count;
        }
    }
}
