//! Forms of single values in a line.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::fields;
use super::invalid::{InvalidLine, fault};
use crate::request::Tag;

/// Version of the record format: the number 1; any other is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Version;

impl Version {
    const NUMBER: u64 = 1;

    /// Returns the reason why lines of this version cannot be read. `None`: they can.
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

/// Makes the error of a line that is no record. Another version comes before all other reasons, since the line's other
/// keys may then be anything.
pub(super) fn no_record(line: &str, error: &serde_json::Error) -> InvalidLine {
    #[derive(Deserialize)]
    struct Versioned {
        v: u64,
    }
    let other = serde_json::from_str::<Versioned>(line)
        .ok()
        .and_then(|line| Version::refusal(line.v));
    match other {
        Some(refusal) => InvalidLine::new(refusal),
        None => fault("not a record", line, error),
    }
}

/// Writes and reads a point in time by RFC 3339, in UTC with milliseconds.
pub(crate) mod instant {
    use super::*;

    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

    /// Rounds the instant to milliseconds, as lines have it. `None`: the calendar does not have it.
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

    /// Formats the instant. `None`: the calendar does not have it.
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

/// Reads text that other programs may have written as a number, such as ids, with its digits as written.
pub(crate) fn text_or_number<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Cow<'static, str>>, D::Error> {
    let Some(value) = Option::<Box<RawValue>>::deserialize(from)? else {
        return Ok(None);
    };
    let name = fields::name("id", &value).map_err(D::Error::custom)?;
    Ok(Some(name.into()))
}

/// Reads any JSON value: `null` is a value too.
pub(crate) fn any_tag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Tag>, D::Error> {
    Tag::deserialize(from).map(Some)
}
