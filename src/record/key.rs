//! What a request is matched by when a batch is resumed.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::Sha256;
use crate::request::{Body, Request};
use crate::url;

/// What a request is recognised by, in whichever order and at whichever place the input names it: the first 128 bits
/// of SHA-256 over its id, or where it has none over `METHOD URL`, a line feed and the body.
///
/// A streamed body is not read for that. A file counts by its path as given: what stands in it may change between two
/// runs, and the request is still the same. A reader counts by its length, so give requests that differ in what their
/// readers hold an id.
///
/// The URL is hashed as given, query parameters added and userinfo included, so two users of one server have two keys.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key([u8; 16]);

impl Key {
    /// The key of a request.
    pub fn of(request: &Request) -> Key {
        let mut hash = Sha256::new();
        if let Some(id) = request.get_id() {
            hash.update(id);
        } else {
            hash.update(request.method().as_str());
            hash.update(" ");
            hash.update(request.url());
            let query = request.options().map_or(&[][..], |o| &o.query);
            if !query.is_empty() {
                hash.update(if request.url().contains('?') {
                    "&"
                } else {
                    "?"
                });
                hash.update(url::form(query.iter().map(|(n, v)| (&**n, &**v))));
            }
            hash.update("\n");
            match request.sends() {
                Body::Bytes(bytes) => hash.update(bytes),
                Body::Streamed(stream) => stream.identify(&mut |part| hash.update(part)),
            }
        }
        let mut key = [0; 16];
        key.copy_from_slice(&hash.finish()[..16]);
        Key(key)
    }

    pub(super) fn hex(self) -> [u8; 32] {
        let mut text = [0; 32];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = b"0123456789abcdef"[usize::from(byte >> 4)];
            pair[1] = b"0123456789abcdef"[usize::from(byte & 15)];
        }
        text
    }
}

/// Text that is no key: 32 hexadecimal digits are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no key (32 hexadecimal digits)")]
pub struct InvalidKey(String);

impl FromStr for Key {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Key, InvalidKey> {
        read(text.as_bytes()).ok_or_else(|| InvalidKey(text.to_owned()))
    }
}

fn read(text: &[u8]) -> Option<Key> {
    let text: &[u8; 32] = text.try_into().ok()?;
    let (mut key, mut wrong) = ([0; 16], 0);
    for (byte, pair) in key.iter_mut().zip(text.chunks_exact(2)) {
        let (high, low) = (DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]);
        *byte = high << 4 | low;
        wrong |= high | low;
    }
    // Looked at once: a results file may have ten million keys.
    (wrong < 16).then_some(Key(key))
}

/// The values of hexadecimal digits; 255 is none.
const DIGITS: [u8; 256] = {
    let mut values = [255; 256];
    let mut digit = 0;
    while digit < 16 {
        let lower = b"0123456789abcdef"[digit];
        values[lower as usize] = digit as u8;
        values[lower.to_ascii_uppercase() as usize] = digit as u8;
        digit += 1;
    }
    values
};

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.hex()).unwrap_or_default())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(std::str::from_utf8(&self.hex()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Key, D::Error> {
        std::borrow::Cow::<str>::deserialize(from)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_digest_of_the_id_if_there_is_one() {
        // printf abc | sha256sum
        let by_id = Key::of(&Request::get("http://h/").id("abc"));
        assert_eq!(by_id.to_string(), "ba7816bf8f01cfea414140de5dae2223");
        assert_eq!(by_id, Key::of(&Request::post("http://other/").id("abc")));
    }

    #[test]
    fn without_an_id_method_url_parameters_and_body_make_the_key() {
        // printf 'POST http://h/p?a=1\nbody' | sha256sum
        let key = Key::of(&Request::post("http://h/p").query("a", "1").body("body"));
        assert_eq!(key, Key::of(&Request::post("http://h/p?a=1").body("body")));
        assert_eq!(key.to_string(), "725707421ba4361536aa0d08f3b49759");
        for other in [
            Request::put("http://h/p?a=1").body("body"),
            Request::post("http://h/p?a=2").body("body"),
            Request::post("http://h/p?a=1").body("Body"),
            Request::post("http://u:p@h/p?a=1").body("body"),
        ] {
            assert_ne!(key, Key::of(&other));
        }
    }

    #[test]
    fn a_streamed_body_is_known_by_its_path_or_length_without_being_read() {
        let put = || Request::put("http://h/");
        let file = Key::of(&put().body_file("no/such/file"));
        assert_eq!(file, Key::of(&put().body_file("no/such/file")));
        let reader = Key::of(&put().body_reader(std::io::Cursor::new("abc")));
        assert_eq!(
            reader,
            Key::of(&put().body_reader(std::io::Cursor::new("xyz")))
        );
        let keys = [
            file,
            reader,
            Key::of(&put()),
            Key::of(&put().body("no/such/file")),
            Key::of(&put().body_file("another")),
            Key::of(&put().body_reader(std::io::Cursor::new("abcd"))),
            Key::of(&put().body_stream(std::io::empty(), None)),
        ];
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[..i].contains(key), "{i}");
        }
    }

    #[test]
    fn a_key_reads_back_from_its_text() {
        let key = Key::of(&"http://h/".into());
        assert_eq!(key.to_string().parse(), Ok(key));
        for wrong in ["", "ba78", "ba7816bf8f01cfea414140de5dae222g", "é"] {
            assert!(wrong.parse::<Key>().is_err(), "{wrong}");
        }
    }
}
