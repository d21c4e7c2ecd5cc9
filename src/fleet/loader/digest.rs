//! Digest over the keys of the input, and the lane of a key.

use std::fmt::Write as _;

use crate::digest::Sha256;

/// Running digest: each step is the hash of the digest before it and of a key, so that the order counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct InputDigest([u8; 32]);

impl InputDigest {
    pub(super) fn add(&mut self, key: &[u8; 16]) {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(key);
        self.0 = hash.finish();
    }

    /// Digest in hexadecimal digits. Empty: no key was added.
    pub(super) fn text(&self) -> String {
        if self.0 == [0; 32] {
            return String::new();
        }
        self.0.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// Lane of a request: the first 8 bytes of its key as a number, modulo the number of lanes.
pub(super) fn lane_of(key: &[u8; 16], lanes: u32) -> u32 {
    let (first, _) = key.split_at(8);
    let number = first
        .iter()
        .fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    (number % u64::from(lanes.max(1))) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_the_first_half_of_the_key_as_a_big_endian_number() {
        let mut key = [0xff; 16];
        key[..8].copy_from_slice(&1_000_003_u64.to_be_bytes());
        assert_eq!(lane_of(&key, 8), 3);
        assert_eq!(lane_of(&key, 1), 0);
        assert_eq!(lane_of(&[0xff; 16], 7), (u64::MAX % 7) as u32);
    }

    #[test]
    fn a_digest_depends_on_the_order_of_keys() {
        let (mut one, mut other) = (InputDigest::default(), InputDigest::default());
        assert_eq!(one.text(), "");
        one.add(&[1; 16]);
        one.add(&[2; 16]);
        other.add(&[2; 16]);
        other.add(&[1; 16]);
        assert_ne!(one, other);
        assert_eq!(one.text().len(), 64);
    }
}
