//! The keys of a JSON object as they are written, and their values read one by one: what is wrong is said in the words
//! of the input, naming the key and what is expected.

use std::borrow::Cow;
use std::fmt;

use serde_json::value::RawValue;

use super::invalid::{InvalidLine, not_json};
use super::pairs::Pairs;

/// The keys of an object in their order, those of `null` left out: `null` stands for what is absent.
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// Kind of a value, told by its first character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Null,
    Truth,
    Number,
    Text,
    List,
    Object,
}

impl<'a> Fields<'a> {
    /// No keys.
    pub(super) const NONE: Fields<'static> = Fields(Vec::new());

    /// Reads an object.
    pub(super) fn read(json: &'a str) -> Result<Fields<'a>, InvalidLine> {
        Fields::filtered(json, |_, value| !is_null(value))
    }

    /// The keys of the value of `key`.
    pub(super) fn within(key: &str, value: &'a RawValue) -> Result<Fields<'a>, InvalidLine> {
        Fields::filtered(object(&key, "an object", value)?, |_, value| {
            !is_null(value)
        })
    }

    /// The keys of a request in a failure log, where a tag of `null` was one.
    pub(super) fn logged(value: &'a RawValue) -> Result<Fields<'a>, InvalidLine> {
        Fields::filtered(object(&"request", "an object", value)?, |key, value| {
            key == "tag" || !is_null(value)
        })
    }

    fn filtered(
        json: &'a str,
        keep: impl Fn(&str, &RawValue) -> bool,
    ) -> Result<Fields<'a>, InvalidLine> {
        let mut keys: Pairs<&RawValue> = serde_json::from_str(json).map_err(|e| not_json(&e))?;
        keys.0.retain(|(key, value)| keep(key, value));
        let keys = keys.0.into_iter();
        Ok(Fields(
            keys.map(|(key, value)| (key.into(), value)).collect(),
        ))
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&'a RawValue> {
        let found = self.0.iter().find(|(other, _)| other == key);
        found.map(|(_, value)| *value)
    }

    /// The value of a key, read. `None` where the key is absent.
    pub(super) fn read_key<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&'static str, &'a RawValue) -> Result<T, InvalidLine>,
    ) -> Result<Option<T>, InvalidLine> {
        self.get(key).map(|value| read(key, value)).transpose()
    }

    /// True if the key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Adds a key, unless it is there.
    pub(super) fn add_default(&mut self, key: &'a str, value: &'a RawValue) {
        if !self.has(key) {
            self.0.push((key.into(), value));
        }
    }

    /// The keys in their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| &**key)
    }

    /// Refuses a key that is given more than once: which value is meant cannot be told.
    pub(super) fn check_repeated(&self) -> Result<(), InvalidLine> {
        for (at, key) in self.names().enumerate() {
            if self.names().take(at).any(|earlier| earlier == key) {
                return Err(InvalidLine::new(format!(
                    "{key}: the key is given more than once (once is expected)"
                )));
            }
        }
        Ok(())
    }
}

impl Kind {
    fn of(value: &RawValue) -> Kind {
        match value.get().as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::List,
            Some(b'"') => Kind::Text,
            Some(b't' | b'f') => Kind::Truth,
            Some(b'n') => Kind::Null,
            _ => Kind::Number,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Null => "null",
            Kind::Truth => "true or false",
            Kind::Number => "a number",
            Kind::Text => "text",
            Kind::List => "a list",
            Kind::Object => "an object",
        })
    }
}

/// Names a value within an object: `headers: "X-One"`.
pub(super) struct Named<'n>(pub(super) &'static str, pub(super) &'n str);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.0, self.1)
    }
}

/// True if the value is `null`.
pub(super) fn is_null(value: &RawValue) -> bool {
    Kind::of(value) == Kind::Null
}

/// The value is not what is expected. It is not shown: it may be a secret.
fn wrong(key: &dyn fmt::Display, expected: &str, value: &RawValue) -> InvalidLine {
    let found = Kind::of(value);
    InvalidLine::new(format!("{key}: {expected} is expected, not {found}"))
}

/// Text.
pub(super) fn text(key: &str, value: &RawValue) -> Result<String, InvalidLine> {
    match Kind::of(value) {
        Kind::Text => unquoted(&key, value),
        _ => Err(wrong(&key, "text", value)),
    }
}

/// Text, or what can be meant by no other text: a number, or `true` or `false`, as it is written.
pub(super) fn plain(key: &dyn fmt::Display, value: &RawValue) -> Result<String, InvalidLine> {
    match Kind::of(value) {
        Kind::Text => unquoted(key, value),
        Kind::Number | Kind::Truth => Ok(value.get().to_owned()),
        _ => Err(wrong(key, "text, a number, true or false", value)),
    }
}

/// Text or a number.
pub(super) fn name(key: &str, value: &RawValue) -> Result<String, InvalidLine> {
    match Kind::of(value) {
        Kind::Text => unquoted(&key, value),
        Kind::Number => Ok(value.get().to_owned()),
        _ => Err(wrong(&key, "text or a number", value)),
    }
}

/// Values as [`plain`] reads them: a single one, or those of a list.
pub(super) fn plains(key: &dyn fmt::Display, value: &RawValue) -> Result<Vec<String>, InvalidLine> {
    const EXPECTED: &str = "text, a number, true or false, or a list of these";
    match Kind::of(value) {
        Kind::List => {
            let values = elements(key, value)?.into_iter();
            let nested = |v: &RawValue| matches!(Kind::of(v), Kind::List | Kind::Object);
            values
                .filter(|value| !is_null(value))
                .map(|value| match nested(value) {
                    true => Err(InvalidLine::new(format!(
                        "{key}: {EXPECTED} is expected, not a list with {} in it",
                        Kind::of(value)
                    ))),
                    false => plain(key, value),
                })
                .collect()
        }
        Kind::Object | Kind::Null => Err(wrong(key, EXPECTED, value)),
        _ => Ok(vec![plain(key, value)?]),
    }
}

/// The elements of a list.
pub(super) fn elements<'a>(
    key: &dyn fmt::Display,
    value: &'a RawValue,
) -> Result<Vec<&'a RawValue>, InvalidLine> {
    match Kind::of(value) {
        Kind::List => serde_json::from_str(value.get()).map_err(|e| not_json(&e)),
        _ => Err(wrong(key, "a list", value)),
    }
}

/// A whole number that `T` can hold, also where it is written as `3.0`.
pub(super) fn whole<T: TryFrom<u64>>(key: &str, value: &RawValue) -> Result<T, InvalidLine> {
    let most = [u64::from(u32::MAX), u64::MAX]
        .into_iter()
        .rfind(|most| T::try_from(*most).is_ok())
        .unwrap_or_default();
    let expected = format!("a whole number from 0 to {most}");
    if Kind::of(value) != Kind::Number {
        return Err(wrong(&key, &expected, value));
    }
    let text = value.get();
    let digits = match text.split_once('.') {
        Some((digits, zeros)) if zeros.bytes().all(|b| b == b'0') => digits,
        _ => text,
    };
    let number = digits.parse::<u64>().ok();
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| InvalidLine::new(format!("{key}: {expected} is expected, not {text}")))
}

/// `true` or `false`.
pub(super) fn truth(key: &str, value: &RawValue) -> Result<bool, InvalidLine> {
    match (Kind::of(value), value.get()) {
        (Kind::Truth, text) => Ok(text == "true"),
        _ => Err(wrong(&key, "true or false", value)),
    }
}

/// The names and values of an object in their order, each as often as it is given.
pub(super) fn pairs<'a>(
    key: &str,
    value: &'a RawValue,
) -> Result<Vec<(String, &'a RawValue)>, InvalidLine> {
    let json = object(&key, "an object of names and values", value)?;
    let pairs: Pairs<&RawValue> = serde_json::from_str(json).map_err(|e| not_json(&e))?;
    Ok(pairs.0)
}

/// The text of an object.
fn object<'a>(
    key: &dyn fmt::Display,
    expected: &str,
    value: &'a RawValue,
) -> Result<&'a str, InvalidLine> {
    match Kind::of(value) {
        Kind::Object => Ok(value.get()),
        _ => Err(wrong(key, expected, value)),
    }
}

fn unquoted(key: &dyn fmt::Display, value: &RawValue) -> Result<String, InvalidLine> {
    serde_json::from_str(value.get()).map_err(|_| {
        InvalidLine::new(format!(
            "{key}: it holds an escape that stands for no character (\\ud800 to \\udfff come in pairs)"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_number_is_whole_where_it_is_written_without_a_fraction_that_counts() {
        for (json, read) in [("0", 0), ("3.0", 3), ("4294967295", u32::MAX), ("7.000", 7)] {
            assert_eq!(whole::<u32>("n", raw(json)).unwrap(), read);
        }
        for json in [
            "-1",
            "1.5",
            "1e3",
            "4294967296",
            "99999999999999999999",
            "-0",
        ] {
            let reason = whole::<u32>("n", raw(json)).unwrap_err().to_string();
            let expected =
                format!("n: a whole number from 0 to 4294967295 is expected, not {json}");
            assert_eq!(reason, expected);
        }
        assert!(whole::<u64>("n", raw("99999999999")).is_ok());
    }

    #[test]
    fn values_of_no_text_are_refused_by_what_they_are_and_not_shown() {
        for (json, found) in [
            ("{\"secret\":1}", "an object"),
            ("[[\"secret\"]]", "a list with a list in it"),
            ("[1,{\"secret\":1}]", "a list with an object in it"),
        ] {
            let reason = plains(&Named("headers", "X"), raw(json)).unwrap_err();
            let expected = format!(
                "headers: \"X\": text, a number, true or false, or a list of these is expected, not {found}"
            );
            assert_eq!(reason.to_string(), expected);
        }
    }

    #[test]
    fn numbers_and_truth_values_are_text_as_they_are_written() {
        let read = plains(
            &"k",
            raw(r#"[1.50, true, null, "a\u00e9", 12345678901234567890]"#),
        );
        let expected = ["1.50", "true", "a\u{e9}", "12345678901234567890"];
        assert_eq!(read.unwrap(), expected);
    }

    #[test]
    fn a_fault_in_json_is_told_with_its_place() {
        for (json, expected) in [
            ("{\"url\": ", "not JSON: it ends too early, at byte 8"),
            ("{\"url\" 1}", "not JSON: expected `:`, at byte 8"),
            (
                "{\"a\":1,\n\"b\":x}",
                "not JSON: expected value, at line 2, byte 5",
            ),
        ] {
            let reason = Fields::read(json).err().unwrap().to_string();
            assert_eq!(reason, expected);
        }
    }
}
