//! Digest algorithms that answers can be made with.

use crate::digest::Sha256;

/// Algorithm of a challenge (RFC 7616 section 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DigestAlgorithm {
    hash: HashFunction,
    /// True for the variants that end in `-sess`: the secret is hashed with the nonces of both sides.
    pub(super) per_session: bool,
}

/// Hash functions, the weaker one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum HashFunction {
    Md5,
    Sha256,
}

impl DigestAlgorithm {
    /// The algorithm of a challenge that names none.
    pub(super) const MD5: DigestAlgorithm = DigestAlgorithm {
        hash: HashFunction::Md5,
        per_session: false,
    };

    /// Returns the algorithm of this name, in any case. `None`: it is not supported.
    pub(super) fn named(name: &[u8]) -> Option<DigestAlgorithm> {
        let known = [HashFunction::Md5, HashFunction::Sha256].into_iter();
        let mut known = known.flat_map(|hash| {
            [false, true].map(|per_session| DigestAlgorithm { hash, per_session })
        });
        known.find(|known| known.name().as_bytes().eq_ignore_ascii_case(name))
    }

    pub(super) fn name(self) -> &'static str {
        match (self.hash, self.per_session) {
            (HashFunction::Md5, false) => "MD5",
            (HashFunction::Md5, true) => "MD5-sess",
            (HashFunction::Sha256, false) => "SHA-256",
            (HashFunction::Sha256, true) => "SHA-256-sess",
        }
    }

    /// Returns a value that orders algorithms by strength.
    pub(super) fn strength(self) -> impl Ord + use<> {
        self.hash
    }

    /// Returns the digest of the parts with a colon between each two, in lower-case hexadecimal.
    pub(super) fn of(self, parts: &[&[u8]]) -> String {
        let text = parts.join(&b':');
        match self.hash {
            HashFunction::Md5 => hexadecimal(&md5::compute(text).0),
            HashFunction::Sha256 => {
                let mut hash = Sha256::new();
                hash.update(text);
                hexadecimal(&hash.finish())
            }
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
