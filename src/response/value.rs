//! Bodies as JSON values, in no more memory than they take.
//!
//! The value is the one that `serde_json` makes, except for an object with a key that `serde_json` keeps for its own
//! `RawValue`: that stays an object, so that no server chooses how its response is read. Arrays get their memory when
//! their length is known: an array that grows item by item ends up to twice as large as it need be, and leaves all its
//! smaller sizes behind in the heap, where they keep memory in use for long after the value has gone.

use std::fmt;
use std::mem;
use std::sync::LazyLock;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

pub(crate) fn parse(json: &str) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let value = Building(&mut Vec::new()).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Items of all arrays that have begun and not ended, the innermost last.
struct Building<'a>(&'a mut Vec<Value>);

impl<'de> DeserializeSeed<'de> for Building<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Building<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Value, A::Error> {
        let begin = self.0.len();
        while let Some(item) = array.next_element_seed(Building(self.0))? {
            self.0.push(item);
        }
        if begin > 0 {
            return Ok(Value::Array(self.0.split_off(begin)));
        }
        let mut items = mem::take(self.0);
        items.shrink_to_fit();
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = object.next_key::<String>()? {
            if is_number(&name) {
                let digits: String = object.next_value()?;
                let number: Number = digits.parse().map_err(A::Error::custom)?;
                return Ok(Value::Number(number));
            }
            members.insert(name, object.next_value_seed(Building(self.0))?);
        }
        Ok(Value::Object(members))
    }
}

/// True if a map with this key is a number.
pub(super) fn is_number(key: &str) -> bool {
    NUMBER.as_deref() == Some(key)
}

/// Key of the map of one entry that a number comes as, if some crate of the program has turned on `serde_json`'s
/// `arbitrary_precision`. `None`: numbers come as numbers. The key is not part of `serde_json`'s interface, so it is
/// taken from a number that is read.
static NUMBER: LazyLock<Option<String>> = LazyLock::new(|| {
    struct KeyOfNumber;
    impl<'de> Visitor<'de> for KeyOfNumber {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number")
        }

        fn visit_u64<E>(self, _: u64) -> Result<Option<String>, E> {
            Ok(None)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<String>, A::Error> {
            let entry = map.next_entry::<String, String>()?;
            Ok(entry.map(|(key, _)| key))
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str("1");
    let key = (&mut deserializer).deserialize_any(KeyOfNumber);
    key.unwrap_or_default()
});

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde::Deserialize;
    use serde_json::value::RawValue;

    use super::*;

    /// Returns an object of this one key.
    fn object(key: &str) -> String {
        format!("{{\"{key}\": \"12\"}}")
    }

    /// Returns the key that `serde_json` keeps for its `RawValue`: that asks a deserializer for a structure of this
    /// name.
    fn key_of_raw_value() -> String {
        struct Asked<'n>(&'n Cell<&'static str>);

        impl<'de> Deserializer<'de> for Asked<'_> {
            type Error = serde::de::value::Error;

            fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
                Err(Error::custom("a name is expected"))
            }

            fn deserialize_newtype_struct<V: Visitor<'de>>(
                self,
                name: &'static str,
                visitor: V,
            ) -> Result<V::Value, Self::Error> {
                self.0.set(name);
                self.deserialize_any(visitor)
            }

            serde::forward_to_deserialize_any! {
                bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
                seq tuple tuple_struct map struct enum identifier ignored_any
            }
        }

        let name = Cell::new("");
        Box::<RawValue>::deserialize(Asked(&name)).unwrap_err();
        name.get().to_owned()
    }

    #[test]
    fn a_value_is_what_serde_json_makes_of_it() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let texts = [
            "null".to_owned(),
            " true ".to_owned(),
            "[0, -0, -0.0, 1, -1, 18446744073709551615, 18446744073709551616, -9223372036854775808]".to_owned(),
            "[1.5, 1e5, 1E-7, 0.1, 1e308, 123456789012345678901234567890, 5e-324]".to_owned(),
            r#"["", "a", "\u00e4\n\ud83d\ude00", "余额不足"]"#.to_owned(),
            r#"{"a": [1, [], [[2, 3], {}], {"b": [4]}], "c": {"d": null}, "a": [5]}"#.to_owned(),
            object(NUMBER.as_deref().unwrap_or("number")),
            nested(100),
        ];
        for text in texts {
            let expected: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(parse(&text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn an_object_stays_one_whatever_its_keys_are_called() {
        let key = key_of_raw_value();
        // The object is a number to `serde_json`.
        let text = object(&key);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), 12);
        let expected = Map::from_iter([(key, "12".into())]);
        assert_eq!(parse(&text).unwrap(), Value::Object(expected));
    }

    #[test]
    fn errors_of_json_read_as_those_of_serde_json() {
        let nested = |depth: usize| "[".repeat(depth);
        let texts = [
            "",
            " ",
            "nul",
            "tru",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "[1 2]",
            "{",
            r#"{"a""#,
            r#"{"a":"#,
            r#"{"a":1,}"#,
            r#"{a: 1}"#,
            r#"{1: 1}"#,
            "[1]]",
            "1 2",
            "01",
            "1.",
            "1e",
            "-",
            "1e999",
            "\"",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\u{1}\"",
            "[\"a\", tru]",
            "{\"a\": [1, {\"b\": nul}]}",
        ];
        let texts = texts.iter().map(|text| (*text).to_owned());
        for text in texts.chain([nested(200)]) {
            let expected = serde_json::from_str::<Value>(&text).unwrap_err();
            let error = parse(&text).unwrap_err();
            assert_eq!(error.to_string(), expected.to_string(), "{text}");
            assert_eq!(error.classify(), expected.classify(), "{text}");
        }
    }

    #[test]
    fn arrays_take_no_more_memory_than_their_items() {
        let Value::Array(outer) = parse("[[1, 2, 3], [4, 5, 6], [7, 8, 9], [1], []]").unwrap()
        else {
            panic!("an array");
        };
        assert_eq!(outer.capacity(), 5);
        for inner in &outer {
            let Value::Array(inner) = inner else {
                panic!("an array");
            };
            assert_eq!(inner.capacity(), inner.len());
        }
    }
}
