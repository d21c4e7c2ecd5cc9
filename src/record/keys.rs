//! Keys of requests, by the rules of both versions.

mod parts;
mod version1;

use crate::digest::Sha256;
#[cfg(feature = "sqlite")]
use crate::key::digits;
use crate::key::{Key, KeyVersion};
use crate::request::Request;
use crate::url::Base;

/// Makes the keys of a file, all of one version and with one base URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyMaker {
    pub(crate) version: KeyVersion,
    /// The URL that relative URLs are resolved against. `None`: relative URLs count as written.
    pub(crate) base: Option<Base>,
}

impl KeyMaker {
    /// Makes the key of a request.
    pub(crate) fn of(&self, request: &Request) -> Key {
        let mut hash = Sha256::new();
        match self.version {
            KeyVersion::One => version1::add(&mut hash, request),
            KeyVersion::Two => parts::add(&mut hash, request, self.base.as_ref()),
        }
        let mut digest = [0; 16];
        digest.copy_from_slice(&hash.finish()[..16]);
        Key::new(self.version, digest)
    }
}

impl Key {
    /// Makes the key of a request, of version 2. A relative URL counts as written.
    pub fn of(request: &Request) -> Key {
        KeyMaker::default().of(request)
    }
}

/// Makes the key of a row of a database of version 1, whose rows had no key: `1-` and the digest of the URL.
#[cfg(feature = "sqlite")]
pub(crate) fn key_of_url(url: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(url);
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash.finish()[..16]);
    format!("1-{}", String::from_utf8_lossy(&digits::of(digest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_from_its_text() {
        let request = "http://h/".into();
        let first = KeyMaker {
            version: KeyVersion::One,
            base: None,
        };
        let keys = [Key::of(&request), first.of(&request)];
        assert_ne!(keys[0], keys[1]);
        for (key, length) in keys.into_iter().zip([34, 32]) {
            assert_eq!(key.to_string().parse(), Ok(key));
            assert_eq!(key.to_string().len(), length);
            let json = serde_json::to_string(&key).unwrap();
            assert_eq!(serde_json::from_str::<Key>(&json).unwrap(), key);
        }
    }
}
