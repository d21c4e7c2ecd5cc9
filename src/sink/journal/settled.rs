//! Intents that have their outcome, and outcomes that are older than the intents of their key.
//!
//! The file of intents is removed when each has its outcome. A request that is equal to one of an earlier run, whose
//! intent is gone, has an intent in a new file: the outcome of the earlier request must not settle it.

use std::collections::HashMap;

use super::counts::take_one;
use crate::record::Key;

/// Numbers of the outcomes of each key that settle an intent or would settle one.
#[derive(Default)]
pub(super) struct SettledIntents {
    /// Outcomes that are still to come and settle no intent, since they are older.
    older: HashMap<Key, u32>,
    /// Intents that have their outcome.
    settled: HashMap<Key, u32>,
    /// Numbers of outcomes that settle an intent, as far as they are not the usual ones: 1 for a key that is counted
    /// among the requests, since there may be ten million of them, and 0 for others.
    unusual: HashMap<[u8; 16], u32>,
}

impl SettledIntents {
    /// `older`: numbers of outcomes that are older than the intents, as the file of intents has them.
    pub(super) fn new(older: HashMap<Key, u32>) -> SettledIntents {
        SettledIntents {
            older,
            ..SettledIntents::default()
        }
    }

    /// Takes one of the outcomes that are older than the intents of their key. False: there is none.
    pub(super) fn is_older(&mut self, key: Key) -> bool {
        take_one(&mut self.older, key)
    }

    pub(super) fn add_settled(&mut self, key: Key) {
        *self.settled.entry(key).or_default() += 1;
    }

    /// Adds an outcome. `settles`: false if its request was not sent. `was_counted` and `is_counted`: true if the key was
    /// counted among the requests before, and is from now on.
    pub(super) fn add_outcome(
        &mut self,
        key: Key,
        settles: bool,
        was_counted: bool,
        is_counted: bool,
    ) {
        let now = self.outcomes(key, was_counted) + u32::from(settles);
        let usual = u32::from(is_counted);
        if now != usual {
            self.unusual.insert(key.digest(), now);
        } else if !self.unusual.is_empty() {
            self.unusual.remove(&key.digest());
        }
    }

    fn outcomes(&self, key: Key, is_counted: bool) -> u32 {
        let unusual = self.unusual.get(&key.digest()).copied();
        unusual.unwrap_or(u32::from(is_counted))
    }

    /// Number of outcomes of a key without an intent. `is_counted`: true if the key is counted among the requests.
    pub(super) fn older(&self, key: Key, is_counted: bool) -> u32 {
        let settled = self.settled.get(&key).copied().unwrap_or_default();
        self.outcomes(key, is_counted).saturating_sub(settled)
    }
}
