//! Results that took the place of earlier ones.

use std::collections::HashMap;

use crate::key::Key;

/// Upper bound for the number of keys that are remembered: about 50 MB.
const MOST_KEYS: usize = 1 << 20;

/// Result of an earlier run that was read as an input.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadResult {
    /// Key that the result has.
    pub(super) key: Key,
    pub(super) is_success: bool,
    /// True if the result took the place of an earlier one without success.
    pub(super) supersedes: bool,
}

/// Results without success that were read so far, and that no later one has taken the place of.
#[derive(Debug, Default)]
pub(super) struct UnsuccessfulResults(HashMap<Key, u32>);

impl UnsuccessfulResults {
    /// Adds a result. Returns true if it took the place of one that was added before.
    pub(super) fn supersedes(&mut self, result: ReadResult) -> bool {
        let ReadResult { key, .. } = result;
        let standing = self.0.get(&key).copied().unwrap_or(0);
        let supersedes = result.supersedes && standing > 0;
        let left = standing - u32::from(supersedes);
        let standing = left.saturating_add(u32::from(!result.is_success));
        if standing == 0 {
            self.0.remove(&key);
        } else if self.0.len() < MOST_KEYS || self.0.contains_key(&key) {
            self.0.insert(key, standing);
        }
        supersedes
    }
}

#[cfg(test)]
mod tests {
    use super::{ReadResult, UnsuccessfulResults};
    use crate::key::Key;

    #[test]
    fn a_result_supersedes_one_without_success_once() {
        let mut results = UnsuccessfulResults::default();
        let [one, two] = ["http://h/1", "http://h/2"].map(|url| Key::of(&url.into()));
        for (key, is_success, supersedes, expected) in [
            // Only the later result is in the input.
            (one, false, true, false),
            (one, false, true, true),
            (two, true, true, false),
            (two, false, false, false),
            (two, false, false, false),
            (two, true, true, true),
            (one, true, true, true),
            (one, true, true, false),
            (two, true, true, true),
            (two, true, true, false),
        ] {
            let facts = ReadResult {
                key,
                is_success,
                supersedes,
            };
            assert_eq!(results.supersedes(facts), expected, "{facts:?}");
        }
        assert!(results.0.is_empty());
    }
}
