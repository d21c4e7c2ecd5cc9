//! Name by which a later run recognises a request.

pub(crate) mod digits;

use std::fmt;
use std::str::FromStr;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Name by which a later run recognises a request, whatever its position in the input.
///
/// The key is the first 128 bits of SHA-256 over everything that is sent because of this request.
///
/// The digest covers these parts, each as `name:length:content` with the length in bytes as a decimal number, so that
/// no part can be made to look like another:
///
/// | part | content |
/// |---|---|
/// | `id` | the request's own name, if it has one |
/// | `method` | |
/// | `url` | the URL as written, userinfo included; a relative one is resolved against the [base URL](crate::record::RecordOptions::base_url) where that is known |
/// | `param`, `value` | name and value of each query parameter added to the URL, as written |
/// | `header`, `value` | name (lower case) and value of each header of the request's own, credentials included, sorted by name |
/// | `without` | name of each header of the client's that the request leaves out, among the headers |
/// | `body` | the bytes, unless there are none |
/// | `file`, `reader`, `bytes`, `boundary` | the pieces of a streamed body: the path as given, the length if it is known, the bytes, and nothing |
/// | `invalid` | why the request cannot be sent, if that is known beforehand |
///
/// A streamed body is not read for the key: the content of a file may change between two runs, and the request is still
/// the same. Give an id to requests that differ only in the content of their readers. Settings of the client, time
/// limits, tags and conditions for success are no part of the key.
///
/// A key of this kind is of version 2, and is written as `2-` and 32 hexadecimal digits. Keys of version 1 (32
/// hexadecimal digits) covered the id alone, or method, URL and body if there was no id. A results file that begins
/// with keys of version 1 is continued with them.
///
/// ```
/// use haul::{Request, record::Key};
///
/// let key = |language| Key::of(&Request::get("https://example.com/").header("Accept-Language", language));
/// assert_ne!(key("de"), key("en"));
///
/// // printf 'method:3:GETurl:20:https://example.com/' | sha256sum
/// let plain = Key::of(&"https://example.com/".into());
/// assert_eq!(plain.to_string(), "2-528540e82974ac2984fc2b5f2594fe2f");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    version: KeyVersion,
    digest: [u8; 16],
}

/// Rule by which a key was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum KeyVersion {
    One,
    #[default]
    Two,
}

impl Key {
    /// Returns a key of this version with these bits.
    pub(crate) fn new(version: KeyVersion, digest: [u8; 16]) -> Key {
        Key { version, digest }
    }

    pub(crate) fn version(self) -> KeyVersion {
        self.version
    }

    /// Returns the 128 bits without the version.
    pub(crate) fn digest(self) -> [u8; 16] {
        self.digest
    }

    /// Returns the key as it is written.
    pub(crate) fn text(self) -> KeyText {
        let mut text = *b"2-00000000000000000000000000000000";
        text[PREFIX.len()..].copy_from_slice(&digits::of(self.digest));
        KeyText {
            text,
            from: match self.version {
                KeyVersion::One => PREFIX.len(),
                KeyVersion::Two => 0,
            },
        }
    }
}

impl KeyVersion {
    /// Returns the number of the version.
    pub(crate) fn number(self) -> u8 {
        match self {
            KeyVersion::One => 1,
            KeyVersion::Two => 2,
        }
    }
}

const PREFIX: &str = "2-";

/// Text of a key, made without allocating.
pub(crate) struct KeyText {
    text: [u8; 34],
    from: usize,
}

impl KeyText {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text[self.from..]
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("it has hexadecimal digits and a prefix")
    }
}

/// Text that is no key. A key is 32 hexadecimal digits, or `2-` and 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no key (2- and 32 hexadecimal digits)")]
pub struct InvalidKey(String);

impl FromStr for Key {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Key, InvalidKey> {
        let (version, hex) = match text.strip_prefix(PREFIX) {
            Some(hex) => (KeyVersion::Two, hex),
            None => (KeyVersion::One, text),
        };
        match digits::read(hex.as_bytes()) {
            Some(digest) => Ok(Key { version, digest }),
            None => Err(InvalidKey(text.to_owned())),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text().as_str())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.text().as_str())
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Key, D::Error> {
        from.deserialize_str(KeyVisitor)
    }
}

/// Reads a key without a copy of its text: a journal that is opened may hold ten million.
struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Key, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_text_is_no_key() {
        for wrong in [
            "",
            "ba78",
            "ba7816bf8f01cfea414140de5dae222g",
            "é",
            "2-",
            "2-ba7816bf8f01cfea414140de5dae222",
            "2-2-ba7816bf8f01cfea414140de5dae2223",
            "3-ba7816bf8f01cfea414140de5dae2223",
        ] {
            assert!(wrong.parse::<Key>().is_err(), "{wrong}");
        }
    }
}
