//! Keys of a JSON object as they are written, and their values read one by one. Errors name the key and the expected
//! value in the words of the input.

use std::borrow::Cow;
use std::fmt;

use serde_json::value::RawValue;

use super::invalid::{InvalidLine, not_json};
use super::pairs::Pairs;
use crate::request::parse_sha256;

/// Keys of an object in their order. Keys with `null` are left out, since `null` stands for an absent key.
pub(super) struct ObjectFields<'a> {
    pairs: Vec<(Cow<'a, str>, &'a RawValue)>,
    /// The text that holds the values, in which the positions of mistakes are counted.
    text: &'a str,
}

/// Kind of a value, by its first character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ValueKind {
    Null,
    Truth,
    Number,
    Text,
    List,
    Object,
}

impl<'a> ObjectFields<'a> {
    /// No keys.
    pub(super) const NONE: ObjectFields<'static> = ObjectFields {
        pairs: Vec::new(),
        text: "",
    };

    /// Reads an object.
    pub(super) fn read(json: &'a str) -> Result<ObjectFields<'a>, InvalidLine> {
        ObjectFields::filtered(json, |_, value| !is_null(value))
    }

    /// Reads the keys of an object that is the value of a key.
    pub(super) fn within(
        &self,
        key: &str,
        value: &'a RawValue,
    ) -> Result<ObjectFields<'a>, InvalidLine> {
        let keys = ObjectFields::read(object(key, "an object", value)?)?;
        Ok(ObjectFields {
            text: self.text,
            ..keys
        })
    }

    /// Reads the keys of a request in a failure log, in which a tag of `null` is a tag. `text` is the whole line.
    pub(super) fn logged(
        value: &'a RawValue,
        text: &'a str,
    ) -> Result<ObjectFields<'a>, InvalidLine> {
        let keys = ObjectFields::filtered(object("request", "an object", value)?, |key, value| {
            key == "tag" || !is_null(value)
        })?;
        Ok(ObjectFields { text, ..keys })
    }

    /// Returns the text in which the positions of mistakes are counted.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    fn filtered(
        json: &'a str,
        keep: impl Fn(&str, &RawValue) -> bool,
    ) -> Result<ObjectFields<'a>, InvalidLine> {
        let mut keys: Pairs<&RawValue> =
            serde_json::from_str(json).map_err(|e| not_json(json, &e))?;
        keys.0.retain(|(key, value)| keep(key, value));
        let keys = keys.0.into_iter();
        Ok(ObjectFields {
            pairs: keys.map(|(key, value)| (key.into(), value)).collect(),
            text: json,
        })
    }

    /// Returns the value of a key. `None`: the key is absent.
    pub(super) fn get(&self, key: &str) -> Option<&'a RawValue> {
        let found = self.pairs.iter().find(|(other, _)| other == key);
        found.map(|(_, value)| *value)
    }

    /// Reads the value of a key. `None`: the key is absent.
    pub(super) fn read_key<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&'static str, &'a RawValue) -> Result<T, InvalidLine>,
    ) -> Result<Option<T>, InvalidLine> {
        let read = |value| read(key, value).map_err(|wrong| self.located(wrong, value));
        self.get(key).map(read).transpose()
    }

    /// Adds the position of the value to the error.
    fn located(&self, wrong: InvalidLine, value: &RawValue) -> InvalidLine {
        wrong.at(self.text, value.get())
    }

    /// Adds the position of the key's value to the error.
    pub(super) fn unusable_key(&self, wrong: InvalidLine, key: &str) -> InvalidLine {
        match self.get(key) {
            Some(value) => self.located(wrong, value),
            None => wrong,
        }
    }

    /// True if the object has the key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Adds a key that the object does not have.
    pub(super) fn add_default(&mut self, key: &'a str, value: &'a RawValue) {
        if !self.has(key) {
            self.pairs.push((key.into(), value));
        }
    }

    /// Returns the keys in their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.pairs.iter().map(|(key, _)| &**key)
    }

    /// Refuses a key that is given more than once, since the intended value cannot be told.
    pub(super) fn check_repeated(&self) -> Result<(), InvalidLine> {
        for (at, key) in self.names().enumerate() {
            if self.names().take(at).any(|earlier| earlier == key) {
                let wrong = InvalidLine::new("a key is given more than once (once is expected)");
                return Err(self.unusable_key(wrong.showing(key), key));
            }
        }
        Ok(())
    }
}

impl ValueKind {
    fn of(value: &RawValue) -> ValueKind {
        match value.get().as_bytes().first() {
            Some(b'{') => ValueKind::Object,
            Some(b'[') => ValueKind::List,
            Some(b'"') => ValueKind::Text,
            Some(b't' | b'f') => ValueKind::Truth,
            Some(b'n') => ValueKind::Null,
            _ => ValueKind::Number,
        }
    }
}

impl fmt::Display for ValueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ValueKind::Null => "null",
            ValueKind::Truth => "true or false",
            ValueKind::Number => "a number",
            ValueKind::Text => "text",
            ValueKind::List => "a list",
            ValueKind::Object => "an object",
        })
    }
}

/// Name of a value in errors: its key, or the key of the object it stands in and its name there.
#[derive(Clone, Copy)]
pub(super) struct Name<'n> {
    key: &'n str,
    within: Option<&'n str>,
}

impl<'n> Name<'n> {
    pub(super) fn of(key: &'n str) -> Name<'n> {
        Name { key, within: None }
    }

    /// Names a value within the object of the key.
    pub(super) fn within(key: &'n str, name: &'n str) -> Name<'n> {
        Name {
            key,
            within: Some(name),
        }
    }

    /// Makes the error of the value. The value itself is not shown, since it may be a secret.
    pub(super) fn wrong(self, what: impl fmt::Display) -> InvalidLine {
        let wrong = InvalidLine::new(format!("{}: {what}", self.key));
        match self.within {
            Some(name) => wrong.showing(name),
            None => wrong,
        }
    }
}

impl<'n> From<&'n str> for Name<'n> {
    fn from(key: &'n str) -> Name<'n> {
        Name::of(key)
    }
}

/// True if the value is `null`.
pub(super) fn is_null(value: &RawValue) -> bool {
    ValueKind::of(value) == ValueKind::Null
}

/// True if the value is an object or a list.
pub(super) fn is_structured(value: &RawValue) -> bool {
    matches!(ValueKind::of(value), ValueKind::Object | ValueKind::List)
}

/// Makes the error of a value of an unexpected kind.
fn wrong(name: Name<'_>, expected: &str, value: &RawValue) -> InvalidLine {
    name.wrong(format!(
        "{expected} is expected, not {}",
        ValueKind::of(value)
    ))
}

/// Reads text.
pub(super) fn text(key: &str, value: &RawValue) -> Result<String, InvalidLine> {
    match ValueKind::of(value) {
        ValueKind::Text => unquoted(key.into(), value),
        _ => Err(wrong(key.into(), "text", value)),
    }
}

/// Reads text, or a number, `true` or `false` as it is written.
pub(super) fn plain(key: Name<'_>, value: &RawValue) -> Result<String, InvalidLine> {
    match ValueKind::of(value) {
        ValueKind::Text => unquoted(key, value),
        ValueKind::Number | ValueKind::Truth => Ok(value.get().to_owned()),
        _ => Err(wrong(key, "text, a number, true or false", value)),
    }
}

/// Reads text or a number.
pub(super) fn name(key: &str, value: &RawValue) -> Result<String, InvalidLine> {
    match ValueKind::of(value) {
        ValueKind::Text => unquoted(key.into(), value),
        ValueKind::Number => Ok(value.get().to_owned()),
        _ => Err(wrong(key.into(), "text or a number", value)),
    }
}

/// Reads values as [`plain`] does: a single value, or the values of a list.
pub(super) fn plains(key: Name<'_>, value: &RawValue) -> Result<Vec<String>, InvalidLine> {
    const EXPECTED: &str = "text, a number, true or false, or a list of these";
    match ValueKind::of(value) {
        ValueKind::List => {
            let values = elements(key, value)?.into_iter();
            let nested =
                |v: &RawValue| matches!(ValueKind::of(v), ValueKind::List | ValueKind::Object);
            values
                .filter(|value| !is_null(value))
                .map(|value| match nested(value) {
                    true => Err(key.wrong(format!(
                        "{EXPECTED} is expected, not a list with {} in it",
                        ValueKind::of(value)
                    ))),
                    false => plain(key, value),
                })
                .collect()
        }
        ValueKind::Object | ValueKind::Null => Err(wrong(key, EXPECTED, value)),
        _ => Ok(vec![plain(key, value)?]),
    }
}

/// Reads the elements of a list.
pub(super) fn elements<'a>(
    key: Name<'_>,
    value: &'a RawValue,
) -> Result<Vec<&'a RawValue>, InvalidLine> {
    match ValueKind::of(value) {
        ValueKind::List => serde_json::from_str(value.get()).map_err(|e| not_json(value.get(), &e)),
        _ => Err(wrong(key, "a list", value)),
    }
}

/// Reads a whole number that `T` can hold, also if it is written as `3.0`.
pub(super) fn whole<T: TryFrom<u64>>(key: &str, value: &RawValue) -> Result<T, InvalidLine> {
    let most = [u64::from(u32::MAX), u64::MAX]
        .into_iter()
        .rfind(|most| T::try_from(*most).is_ok())
        .unwrap_or_default();
    let expected = format!("a whole number from 0 to {most}");
    if ValueKind::of(value) != ValueKind::Number {
        return Err(wrong(key.into(), &expected, value));
    }
    let text = value.get();
    let digits = match text.split_once('.') {
        Some((digits, zeros)) if zeros.bytes().all(|b| b == b'0') => digits,
        _ => text,
    };
    let number = digits.parse::<u64>().ok();
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| Name::of(key).wrong(format!("{expected} is expected, not another number")))
}

/// Reads `true` or `false`.
pub(super) fn truth<'n>(key: impl Into<Name<'n>>, value: &RawValue) -> Result<bool, InvalidLine> {
    match (ValueKind::of(value), value.get()) {
        (ValueKind::Truth, text) => Ok(text == "true"),
        _ => Err(wrong(key.into(), "true or false", value)),
    }
}

/// Reads a SHA-256 in hexadecimal digits.
pub(super) fn sha256(key: &str, value: &RawValue) -> Result<[u8; 32], InvalidLine> {
    let digest = parse_sha256(&text(key, value)?);
    digest.ok_or_else(|| Name::of(key).wrong("64 hexadecimal digits are expected"))
}

/// Reads the names and values of an object in their order, with repeated names.
pub(super) fn pairs<'a>(
    key: &str,
    value: &'a RawValue,
) -> Result<Vec<(String, &'a RawValue)>, InvalidLine> {
    let json = object(key, "an object of names and values", value)?;
    let pairs: Pairs<&RawValue> = serde_json::from_str(json).map_err(|e| not_json(json, &e))?;
    Ok(pairs.0)
}

/// Returns the text of an object.
fn object<'a>(key: &str, expected: &str, value: &'a RawValue) -> Result<&'a str, InvalidLine> {
    match ValueKind::of(value) {
        ValueKind::Object => Ok(value.get()),
        _ => Err(wrong(key.into(), expected, value)),
    }
}

fn unquoted(key: Name<'_>, value: &RawValue) -> Result<String, InvalidLine> {
    serde_json::from_str(value.get()).map_err(|_| {
        key.wrong(
            "it holds an escape that stands for no character (\\ud800 to \\udfff come in pairs)",
        )
    })
}

#[cfg(test)]
mod tests;
