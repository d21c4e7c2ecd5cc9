//! Set of digests that takes little memory.

/// Set of 64-bit digests in one table with linear probing. An entry takes 10 to 15 bytes; in a `HashSet<u64>` it takes
/// up to 21.
#[derive(Debug, Default)]
pub(in crate::record) struct Digests {
    /// Slots of the table. 0: the slot is free.
    slots: Vec<u64>,
    entries: usize,
}

/// Slots of the smallest table.
const SMALLEST: usize = 16;

impl Digests {
    pub(in crate::record) fn contains(&self, digest: u64) -> bool {
        !self.slots.is_empty() && self.slots[self.slot_of(digest)] != 0
    }

    /// Adds a digest. Returns false if it was there already.
    pub(in crate::record) fn insert(&mut self, digest: u64) -> bool {
        if (self.entries + 1) * 5 > self.slots.len() * 4 {
            self.grow();
        }
        let slot = self.slot_of(digest);
        if self.slots[slot] != 0 {
            return false;
        }
        self.slots[slot] = kept(digest);
        self.entries += 1;
        true
    }

    /// Returns the slot that holds the digest, or the free slot that it belongs in. A free slot exists, since a fifth
    /// of the table is free.
    fn slot_of(&self, digest: u64) -> usize {
        let digest = kept(digest);
        let size = self.slots.len();
        let mut slot = ((u128::from(digest) * size as u128) >> 64) as usize;
        while self.slots[slot] != 0 && self.slots[slot] != digest {
            slot = (slot + 1) % size;
        }
        slot
    }

    fn grow(&mut self) {
        let larger = (self.slots.len() * 3 / 2).max(SMALLEST);
        let old = std::mem::replace(&mut self.slots, vec![0; larger]);
        for digest in old.into_iter().filter(|digest| *digest != 0) {
            let slot = self.slot_of(digest);
            self.slots[slot] = digest;
        }
    }
}

/// Returns the digest as it is kept: zero marks a free slot, and is kept as 1.
fn kept(digest: u64) -> u64 {
    digest.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_in_the_set_once_it_was_inserted() {
        let mut digests = Digests::default();
        assert!(!digests.contains(7));
        let all = || (0..100_000_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for digest in all() {
            assert!(
                !digests.contains(digest) && digests.insert(digest),
                "{digest}"
            );
        }
        for digest in all() {
            assert!(
                digests.contains(digest) && !digests.insert(digest),
                "{digest}"
            );
        }
        assert!(!digests.contains(3));
    }

    #[test]
    fn digests_that_share_a_slot_are_told_apart() {
        let mut digests = Digests::default();
        for digest in [u64::MAX, u64::MAX - 1, u64::MAX - 2, 2, 3] {
            assert!(digests.insert(digest));
        }
        assert!(digests.contains(u64::MAX - 2) && !digests.contains(u64::MAX - 3));
    }

    #[test]
    fn an_entry_takes_at_most_16_bytes() {
        let mut digests = Digests::default();
        for count in 1..50_000_u64 {
            digests.insert(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let bytes = 8 * digests.slots.capacity() as u64;
            assert!(
                bytes <= (16 * count).max(8 * SMALLEST as u64),
                "{bytes} for {count}"
            );
        }
    }
}
