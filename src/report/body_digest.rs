//! Digests of bodies, by which results are compared.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// Digest of a body. Bodies are compared only if they were kept in the same form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BodyDigest {
    form: u8,
    hash: u64,
}

impl BodyDigest {
    /// Makes the digest of a body that was kept in this form, above 0.
    pub(super) fn new(form: u8, body: impl Hash) -> BodyDigest {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let hash = hasher.finish();
        BodyDigest { form, hash }
    }

    /// Adds the digest to `to`.
    pub(super) fn pack(self, to: &mut Vec<u8>) {
        to.push(self.form);
        to.extend_from_slice(&self.hash.to_le_bytes());
    }

    /// Takes a digest that was packed. `None`: there is none.
    pub(super) fn unpack(from: &mut &[u8]) -> Option<BodyDigest> {
        let [form] = *take(from)?;
        let hash = u64::from_le_bytes(*take(from)?);
        Some(BodyDigest { form, hash })
    }

    /// Returns true if the bodies differ. `None`: they cannot be compared.
    pub(super) fn differs(self, other: BodyDigest) -> Option<bool> {
        let comparable = self.form != 0 && self.form == other.form;
        comparable.then_some(self.hash != other.hash)
    }
}

/// Takes the first bytes. `None`: there are fewer.
fn take<'a, const N: usize>(from: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (first, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(first)
}
