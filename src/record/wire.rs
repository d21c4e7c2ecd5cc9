//! How single values stand on the wire.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// The version of the record format: the number 1, any other refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Version;

impl Version {
    const NUMBER: u64 = 1;

    /// Why lines of this version cannot be read.
    pub(crate) fn refusal(found: u64) -> Option<String> {
        (found != Self::NUMBER).then(|| {
            format!(
                "records of version {found} cannot be read (this is version {})",
                Self::NUMBER
            )
        })
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(Self::NUMBER)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Version, D::Error> {
        match Version::refusal(u64::deserialize(from)?) {
            None => Ok(Version),
            Some(refusal) => Err(D::Error::custom(refusal)),
        }
    }
}

/// A point in time as RFC 3339 in UTC, with milliseconds.
pub(crate) mod instant {
    use super::*;

    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

    /// The instant to the precision the wire has; none where the calendar ends.
    pub(crate) fn round(at: SystemTime) -> Option<SystemTime> {
        let since = at.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let ms = u64::try_from(since.as_millis()).ok()?;
        let within = ms <= Timestamp::MAX.as_millisecond().unsigned_abs();
        SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_millis(ms))
            .filter(|_| within)
    }

    pub(crate) fn serialize<S: Serializer>(
        at: &Option<SystemTime>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match at.and_then(text) {
            Some(text) => to.serialize_str(&text),
            None => to.serialize_none(),
        }
    }

    /// None where the calendar ends.
    pub(crate) fn text(at: SystemTime) -> Option<String> {
        let at = Timestamp::try_from(at).ok()?;
        Some(PRINTER.timestamp_to_string(&at))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<SystemTime>, D::Error> {
        Option::<Cow<'_, str>>::deserialize(from)?
            .map(|text| text.parse::<Timestamp>().map(SystemTime::from))
            .transpose()
            .map_err(D::Error::custom)
    }
}

/// Text that other programs may have written as a number, as ids are.
pub(crate) fn text_or_number<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Cow<'static, str>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Name {
        Text(String),
        Number(serde_json::Number),
    }
    Ok(Option::<Name>::deserialize(from)?.map(|name| match name {
        Name::Text(text) => text.into(),
        Name::Number(number) => number.to_string().into(),
    }))
}

/// Any JSON that is there: `null` is a value too.
pub(crate) fn any_value<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Cow<'static, Value>>, D::Error> {
    Value::deserialize(from).map(|value| Some(Cow::Owned(value)))
}

/// A JSON object whose order is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pairs<V>(pub(crate) Vec<(String, V)>);

impl<V> Default for Pairs<V> {
    fn default() -> Self {
        Pairs(Vec::new())
    }
}

impl<V> Pairs<V> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of this name, made if it is new.
    pub(crate) fn entry(&mut self, name: &str) -> &mut V
    where
        V: Default,
    {
        let at = self.0.iter().position(|(other, _)| other == name);
        let at = at.unwrap_or_else(|| {
            self.0.push((name.to_owned(), V::default()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }
}

impl<V: Serialize> Serialize for Pairs<V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Entries<V>(std::marker::PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
            type Value = Pairs<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<V>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        from.deserialize_map(Entries(std::marker::PhantomData))
    }
}
