//! Tags: values that callers attach to requests.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// JSON that a request carries to its outcome and record, in the text in which it was written.
///
/// The digits of numbers, order of keys, repeated keys and escapes stay as they are. Line ends between its parts become
/// blanks, since a record is one line.
///
/// ```
/// use haul::request::Tag;
/// use haul::Request;
///
/// let tag = Tag::parse(r#"{"row": 12345678901234567890123, "b": 1.50, "a": null}"#)?;
/// let request = Request::get("https://example.com/").tagged(tag);
/// assert_eq!(request.tag_value().unwrap()["b"], 1.5);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// The text is parsed into a [`Value`] only when a value is asked for. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tag(Arc<TagText>);

#[derive(Debug)]
struct TagText {
    text: Box<RawValue>,
    /// Parsed value of `text`. Empty until it is asked for.
    value: OnceLock<Value>,
}

impl Tag {
    /// Reads a tag and keeps its text, without white space before and after it.
    ///
    /// # Errors
    /// When the text is not JSON.
    pub fn parse(json: &str) -> Result<Tag, serde_json::Error> {
        serde_json::from_str(json).map(Tag::written)
    }

    /// Makes a tag of its text.
    pub(crate) fn written(text: Box<RawValue>) -> Tag {
        let (text, value) = (in_one_line(text), OnceLock::new());
        Tag(Arc::new(TagText { text, value }))
    }

    /// Returns the text of the tag, which is JSON.
    pub fn as_json(&self) -> &str {
        self.0.text.get()
    }

    /// Returns the tag as a value.
    ///
    /// A tag that a [`Value`] cannot hold (the number 1e999, more than 128 levels) is its text.
    pub fn value(&self) -> &Value {
        self.0.value.get_or_init(|| {
            let text = self.as_json();
            serde_json::from_str(text).unwrap_or_else(|_| text.into())
        })
    }
}

/// Returns the text with blanks in place of its line ends. Texts within it have none, but their escapes.
fn in_one_line(text: Box<RawValue>) -> Box<RawValue> {
    match text.get().contains(['\n', '\r']) {
        true => RawValue::from_string(text.get().replace(['\n', '\r'], " ")).unwrap_or(text),
        false => text,
    }
}

impl Deref for Tag {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.value()
    }
}

impl From<Value> for Tag {
    fn from(value: Value) -> Tag {
        let text = to_raw_value(&value).expect("every Value can be written");
        let value = value.into();
        Tag(Arc::new(TagText { text, value }))
    }
}

/// Compares the texts of two tags.
impl PartialEq for Tag {
    fn eq(&self, other: &Tag) -> bool {
        self.as_json() == other.as_json()
    }
}

impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.text.serialize(to)
    }
}

/// Reads a tag from JSON alone: no other format has the text.
impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Tag, D::Error> {
        Box::<RawValue>::deserialize(from).map(Tag::written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_written_back_as_it_was_read() {
        for text in [
            r#"{"b":1.50,"a":12345678901234567890123,"b":"\u00e9\/"}"#,
            "1e999",
            "null",
            "\"\\ud800\"",
        ] {
            let tag = Tag::parse(&format!(" {text}\n")).unwrap();
            assert_eq!(serde_json::to_string(&tag).unwrap(), text);
        }
        assert!(Tag::parse("{").is_err() && Tag::parse("1 2").is_err());
    }

    #[test]
    fn a_tag_of_several_lines_is_written_in_one() {
        let tag = Tag::parse("{\r\n\"a\":\n[1, \"b\\n\"]}").unwrap();
        assert_eq!(tag.as_json(), "{  \"a\": [1, \"b\\n\"]}");
        assert_eq!(tag["a"][1], "b\n");
    }

    #[test]
    fn a_tag_that_no_value_can_hold_is_its_text_as_a_value() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for text in ["1e999", &deep] {
            assert_eq!(*Tag::parse(text).unwrap().value(), text);
        }
    }
}
