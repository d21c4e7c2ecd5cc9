//! Optional duration as milliseconds on the wire, as in `millis`. `None` is written as null.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer};

use super::millis;

pub(crate) fn serialize<S: Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => millis::serialize(time, to),
        None => to.serialize_none(),
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Duration>, D::Error> {
    #[derive(Deserialize)]
    struct Millis(#[serde(with = "millis")] Duration);
    Ok(Option::<Millis>::deserialize(from)?.map(|ms| ms.0))
}
