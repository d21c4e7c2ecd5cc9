//! Results in few bytes: the form in which they wait until all are read.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, Error as NoValue};
use serde_json::value::RawValue;

use super::body_digest::BodyDigest;
use super::result_line::{BorrowedResult, LoggedAttempt, RejectionCode};
use crate::error::ErrorType;
use crate::key::KeyVersion;
use crate::record::{Key, Kind, PhaseTimes};
use crate::timing::{Phase, millis};

/// Parts of a line that only some reports need.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PackedParts {
    /// True if the method and the name of the request are kept.
    pub(super) names: bool,
    /// True if the tag is kept.
    pub(super) tag: bool,
    /// True if the digest of the body is kept.
    pub(super) digest: bool,
}

/// Adds a result to `to`. Numbers have as many bytes as they need, and texts their length before them.
pub(super) fn pack(result: &BorrowedResult<'_>, parts: PackedParts, to: &mut Vec<u8>) {
    let us = |time: Option<Duration>| time.map(millis::micros);
    to.push(match result.outcome {
        Kind::Success => 0,
        Kind::Rejected => 1,
        Kind::Failed => 2,
    });
    to.push(u8::from(result.supersedes) | u8::from(result.skipped) << 1);
    to.push(result.reused.map_or(0, |reused| 1 + u8::from(reused)));
    key(result.key, to);
    key(result.seed, to);
    number(result.index, to);
    text(Some(&result.url), to);
    text(result.id.as_deref().filter(|_| parts.names), to);
    text(result.method.as_deref().filter(|_| parts.names), to);
    text(result.source.as_deref(), to);
    text(result.error_msg.as_deref(), to);
    text(result.error_text.as_deref(), to);
    text(result.stop_reason.as_deref(), to);
    text(result.error_type.map(ErrorType::as_str), to);
    text(result.phase.map(Phase::as_str), to);
    text(result.tag.filter(|_| parts.tag).map(RawValue::get), to);
    let code = result.rejection.as_ref().map(|rejection| rejection.code);
    optional(code.is_some().then_some(0), to);
    text(code.flatten().map(RawValue::get), to);
    for n in [
        result.line,
        result.page.map(u64::from),
        result.status.map(u64::from),
        us(result.elapsed),
        us(result.ttfb),
        us(result.queued),
        us(result.total),
        result.size_bytes,
    ] {
        optional(n, to);
    }
    number(result.attempts.into(), to);
    number(result.redirects.into(), to);
    let started = result.started.map(|time| time.as_microsecond());
    // The sign goes to the last bit.
    optional(started.map(|us| (us << 1 ^ us >> 63).cast_unsigned()), to);
    match &result.timings {
        None => to.push(0),
        Some(times) => {
            to.push(1);
            for time in phases(times) {
                number(millis::micros(time), to);
            }
        }
    }
    number(result.attempt_log.len() as u64, to);
    for attempt in &result.attempt_log {
        optional(attempt.status.map(u64::from), to);
        number(millis::micros(attempt.elapsed), to);
    }
    let keeps_digest = parts.digest && result.outcome == Kind::Success;
    let digest = keeps_digest.then(|| result.body_digest());
    digest.unwrap_or_default().pack(to);
}

/// Reads a result that was packed. `None`: the bytes are none.
pub(super) fn unpack(mut bytes: &[u8]) -> Option<BorrowedResult<'_>> {
    let from = &mut bytes;
    let outcome = match byte(from)? {
        0 => Kind::Success,
        1 => Kind::Rejected,
        _ => Kind::Failed,
    };
    let (flags, reused) = (byte(from)?, byte(from)?);
    let mut result = BorrowedResult::new(outcome);
    result.supersedes = flags & 1 > 0;
    result.skipped = flags & 2 > 0;
    result.reused = reused.checked_sub(1).map(|reused| reused == 1);
    result.key = take_key(from)?;
    result.seed = take_key(from)?;
    result.index = take_number(from)?;
    result.url = Cow::Borrowed(take_text(from)?.unwrap_or_default());
    result.id = take_text(from)?.map(Cow::Borrowed);
    result.method = take_text(from)?.map(Cow::Borrowed);
    result.source = take_text(from)?.map(Cow::Borrowed);
    result.error_msg = take_text(from)?.map(Cow::Borrowed);
    result.error_text = take_text(from)?.map(Cow::Borrowed);
    result.stop_reason = take_text(from)?.map(Cow::Borrowed);
    result.error_type = take_text(from)?.and_then(named);
    result.phase = take_text(from)?.and_then(named);
    result.tag = take_text(from)?.and_then(json);
    let is_rejection = take_optional(from)?.is_some();
    let code = take_text(from)?.and_then(json);
    result.rejection = is_rejection.then_some(RejectionCode { code });
    let us = |n: Option<u64>| n.map(Duration::from_micros);
    result.line = take_optional(from)?;
    result.page = take_optional(from)?.and_then(|n| n.try_into().ok());
    result.status = take_optional(from)?.and_then(|n| n.try_into().ok());
    result.elapsed = us(take_optional(from)?);
    result.ttfb = us(take_optional(from)?);
    result.queued = us(take_optional(from)?);
    result.total = us(take_optional(from)?);
    result.size_bytes = take_optional(from)?;
    result.attempts = take_number(from)?.try_into().ok()?;
    result.redirects = take_number(from)?.try_into().ok()?;
    let started = take_optional(from)?.map(|n| (n >> 1).cast_signed() ^ -(n & 1).cast_signed());
    result.started = started.and_then(|us| Timestamp::from_microsecond(us).ok());
    if byte(from)? == 1 {
        let mut times = [Duration::ZERO; 6];
        for time in &mut times {
            *time = Duration::from_micros(take_number(from)?);
        }
        result.timings = Some(times_of(times));
    }
    for _ in 0..take_number(from)? {
        result.attempt_log.push(LoggedAttempt {
            status: take_optional(from)?.and_then(|n| n.try_into().ok()),
            elapsed: Duration::from_micros(take_number(from)?),
        });
    }
    result.digest = BodyDigest::unpack(from);
    Some(result)
}

fn phases(times: &PhaseTimes) -> [Duration; 6] {
    let PhaseTimes {
        resolve,
        connect,
        tls,
        send,
        wait,
        receive,
    } = *times;
    [resolve, connect, tls, send, wait, receive]
}

fn times_of([resolve, connect, tls, send, wait, receive]: [Duration; 6]) -> PhaseTimes {
    PhaseTimes {
        resolve,
        connect,
        tls,
        send,
        wait,
        receive,
    }
}

fn number(mut n: u64, to: &mut Vec<u8>) {
    while n >= 0x80 {
        to.push(n as u8 | 0x80);
        n >>= 7;
    }
    to.push(n as u8);
}

fn optional(n: Option<u64>, to: &mut Vec<u8>) {
    // The largest number is none that a report could tell from the one before.
    number(n.map_or(0, |n| n.saturating_add(1)), to);
}

fn text(text: Option<&str>, to: &mut Vec<u8>) {
    optional(text.map(|text| text.len() as u64), to);
    to.extend_from_slice(text.unwrap_or_default().as_bytes());
}

fn key(key: Option<Key>, to: &mut Vec<u8>) {
    to.push(key.map_or(0, |key| key.version().number()));
    if let Some(key) = key {
        to.extend_from_slice(&key.digest());
    }
}

fn byte(from: &mut &[u8]) -> Option<u8> {
    let (first, rest) = from.split_first()?;
    *from = rest;
    Some(*first)
}

fn take_number(from: &mut &[u8]) -> Option<u64> {
    let (mut n, mut shift) = (0, 0);
    loop {
        let next = byte(from)?;
        n |= u64::from(next & 0x7f) << shift;
        if next < 0x80 {
            return Some(n);
        }
        shift += 7;
    }
}

fn take_optional(from: &mut &[u8]) -> Option<Option<u64>> {
    Some(take_number(from)?.checked_sub(1))
}

fn take_text<'a>(from: &mut &'a [u8]) -> Option<Option<&'a str>> {
    let Some(length) = take_optional(from)? else {
        return Some(None);
    };
    let (text, rest) = from.split_at_checked(usize::try_from(length).ok()?)?;
    *from = rest;
    Some(Some(std::str::from_utf8(text).ok()?))
}

fn take_key(from: &mut &[u8]) -> Option<Option<Key>> {
    let version = match byte(from)? {
        0 => return Some(None),
        1 => KeyVersion::One,
        _ => KeyVersion::Two,
    };
    let (digest, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(Some(Key::new(version, *digest)))
}

/// Reads a value by the name that it has in records.
fn named<'a, T: Deserialize<'a>>(name: &'a str) -> Option<T> {
    let name: BorrowedStrDeserializer<'_, NoValue> = BorrowedStrDeserializer::new(name);
    T::deserialize(name).ok()
}

fn json(text: &str) -> Option<&RawValue> {
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"{"v":1,"index":7,"key":"2-528540e82974ac2984fc2b5f2594fe2f","source":"a\tb","line":9,"outcome":"failed","id":"x","method":"PUT",
        "url":"http://h/\"é","status":503,"rejection":{"code":{"a":[1]}},"attempts":3,"timestamp":"1969-12-31T23:59:59.123456Z",
        "elapsed_ms":12.345,"ttfb_ms":0,"queued_ms":1000000.001,"total_ms":3,"redirects":300,"reused":false,
        "timings":{"resolve_ms":1,"connect_ms":2,"tls_ms":3,"send_ms":4,"wait_ms":5,"receive_ms":6.5},"size_bytes":1099511627776,
        "error_type":"http_status","phase":"wait","error_msg":"no\n","error_text":"t","stop_reason":"budget_empty",
        "attempt_log":[{"status":500,"elapsed_ms":2.5},{"elapsed_ms":1}],"tag":{"c": 7},"skipped":true,"supersedes":true,
        "seed":"528540e82974ac2984fc2b5f2594fe2f","page":4294967295}"#;
    const BARE: &str = r#"{"outcome":"success","url":"","reused":true}"#;

    #[test]
    fn a_result_is_unpacked_as_it_was() {
        let parts = PackedParts {
            names: true,
            tag: true,
            digest: true,
        };
        for line in [FULL, BARE] {
            let result = BorrowedResult::parse(line.as_bytes()).unwrap();
            let mut bytes = Vec::new();
            pack(&result, parts, &mut bytes);
            let mut again = unpack(&bytes).unwrap();
            again.digest = None;
            assert_eq!(format!("{again:?}"), format!("{result:?}"));
            for cut in 0..bytes.len() {
                assert!(unpack(&bytes[..cut]).is_none_or(|cut| cut.digest.is_none()));
            }
        }
    }

    #[test]
    fn a_result_waits_with_the_digest_of_its_body() {
        let line = r#"{"outcome":"success","url":"","body":"text","body_encoding":"utf8"}"#;
        let result = BorrowedResult::parse(line.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        let parts = PackedParts {
            digest: true,
            ..PackedParts::default()
        };
        pack(&result, parts, &mut bytes);
        let digest = unpack(&bytes).unwrap().digest;
        assert_eq!(digest, Some(result.body_digest()));
    }
}
