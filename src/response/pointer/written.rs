//! Values at JSON pointers in any text that RFC 8259 permits.
//!
//! Numbers of any size, halves of surrogate pairs and nesting of any depth are passed on as they are written, though no
//! `Value` can hold them. The texts are checked by `serde_json`'s `RawValue`, which calls itself for no nesting.

use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{is_index, tokens};

/// Returns the text of the value at each of the pointers, in their order. `None`: no value is there.
///
/// # Errors
/// When the text is not JSON.
pub(crate) fn find_written<'j>(
    json: &'j str,
    pointers: &[&str],
) -> Result<Vec<Option<&'j RawValue>>, serde_json::Error> {
    let whole: &RawValue = serde_json::from_str(json)?;
    let at = |pointer: &&str| {
        let mut tokens = tokens(pointer)?.into_iter();
        tokens.try_fold(whole, |value, token| within(value, &token))
    };
    Ok(pointers.iter().map(at).collect())
}

/// Returns the value that a token leads to. `None`: there is none.
fn within<'j>(value: &'j RawValue, token: &str) -> Option<&'j RawValue> {
    let mut reader = serde_json::Deserializer::from_str(value.get());
    match value.get().as_bytes().first()? {
        b'{' => reader.deserialize_map(OneStep(token)).ok()?,
        b'[' => reader.deserialize_seq(OneStep(token)).ok()?,
        _ => None,
    }
}

/// Looks for the value that a token leads to.
struct OneStep<'t>(&'t str);

impl<'j> Visitor<'j> for OneStep<'_> {
    type Value = Option<&'j RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_seq<A: SeqAccess<'j>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let (mut found, mut index) = (None, 0);
        while let Some(item) = list.next_element::<&RawValue>()? {
            if is_index(self.0, index) {
                found = Some(item);
            }
            index += 1;
        }
        Ok(found)
    }

    fn visit_map<A: MapAccess<'j>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = object.next_key::<&RawValue>()? {
            // A key with half a surrogate pair is no text, and no token.
            let is_key = serde_json::from_str::<String>(key.get()).is_ok_and(|key| key == self.0);
            match is_key {
                true => found = Some(object.next_value()?),
                false => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    fn found(json: &str, pointer: &str) -> Option<String> {
        let found = find_written(json, &[pointer]).unwrap();
        found[0].map(|value| value.get().to_owned())
    }

    #[test]
    fn values_that_no_number_or_text_can_hold_are_found_as_they_are_written() {
        let json = r#"{"a": 1e999, "\ud800": 1, "b": ["\ud800", 12345678901234567890.10], "a\u0062": {"c": -0.0}}"#;
        for (pointer, value) in [
            ("/a", Some("1e999")),
            ("/a/b", None),
            ("/b/0", Some("\"\\ud800\"")),
            ("/b/0/x", None),
            ("/b/1", Some("12345678901234567890.10")),
            ("/b/01", None),
            ("/ab/c", Some("-0.0")),
            ("", Some(json)),
        ] {
            assert_eq!(found(json, pointer).as_deref(), value, "{pointer}");
        }
    }

    #[test]
    fn nesting_of_any_depth_is_read() {
        let deep = format!(
            "[{{\"a\":{}7{}}}]",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        assert!(found(&deep, "/0/a").is_some());
        assert_eq!(
            found(&deep, &format!("/0/a{}", "/0".repeat(50))).map(|v| v.len()),
            Some(199_901)
        );
    }

    #[test]
    fn ordinary_texts_give_the_values_of_the_strict_search() {
        let json = r#" {"a": [1, {"b/c": "x", "b/c": null}], "": {"~": 2}} "#;
        for pointer in [
            "",
            "/a",
            "/a/1",
            "/a/1/b~1c",
            "/",
            "//~0",
            "/a/2",
            "/a/-1",
            "a",
            "/x",
        ] {
            let strict = find(json, &[pointer]).unwrap()[0].map(RawValue::get);
            assert_eq!(found(json, pointer).as_deref(), strict, "{pointer}");
        }
        for json in ["", "{", "1 2", "[1,]", "01", "\"\n\"", "nul", "1e"] {
            assert!(find_written(json, &[]).is_err(), "{json}");
        }
    }
}
