//! Replies of the server, read as values. `None`: a reply has another form.

use std::time::Duration;

use redis::Value;

use super::super::engine::{Entry, LeasedEntry, RunState, WaitingResult};

pub(super) fn list(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(values) => Some(values),
        _ => None,
    }
}

/// Returns the values of a list of this length.
pub(super) fn exactly<const N: usize>(value: Value) -> Option<[Value; N]> {
    list(value)?.try_into().ok()
}

pub(super) fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.into_bytes()),
        Value::Okay => Some(b"OK".to_vec()),
        _ => None,
    }
}

pub(super) fn text(value: Value) -> Option<String> {
    String::from_utf8(bytes(value)?).ok()
}

/// Returns a number that is written as a number or as text.
pub(super) fn number(value: Value) -> Option<u64> {
    match value {
        Value::Int(number) => number.try_into().ok(),
        other => text(other)?.parse().ok(),
    }
}

fn small(value: Value) -> Option<u32> {
    number(value)?.try_into().ok()
}

/// Returns true for 1, and false for 0.
pub(super) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Int(0) => Some(false),
        Value::Int(1) => Some(true),
        _ => None,
    }
}

pub(super) fn flags(value: Value) -> Option<Vec<bool>> {
    list(value)?.iter().map(flag).collect()
}

/// Returns the pairs of a list in which names and values alternate.
pub(super) fn pairs(value: Value) -> Option<Vec<(String, Value)>> {
    let mut values = list(value)?.into_iter();
    let mut pairs = Vec::with_capacity(values.len() / 2);
    while let Some(name) = values.next() {
        pairs.push((text(name)?, values.next()?));
    }
    Some(pairs)
}

pub(super) fn state(value: Value) -> Option<RunState> {
    Some(match &*bytes(value)? {
        b"run" => RunState::Running,
        b"pause" => RunState::Paused,
        b"cancel" => RunState::Cancelled,
        b"done" => RunState::Loaded,
        _ => return None,
    })
}

/// Returns a state as scripts know it.
pub(super) fn state_name(state: RunState) -> &'static str {
    match state {
        RunState::Running => "run",
        RunState::Paused => "pause",
        RunState::Cancelled => "cancel",
        RunState::Loaded => "done",
    }
}

/// Returns an entry of the queue. The part of its name before the hyphen is its number.
fn entry(id: Value, fields: Value) -> Option<Entry> {
    let sequence = text(id)?.strip_suffix("-0")?.parse().ok()?;
    let mut entry = Entry {
        sequence,
        line: Vec::new(),
        key: [0; 16],
        index: sequence.checked_sub(1)?,
        supersedes: false,
        fault: None,
    };
    for (name, value) in pairs(fields)? {
        match &*name {
            "r" => entry.line = bytes(value)?,
            "k" => entry.key = bytes(value)?.try_into().ok()?,
            "x" => entry.index = number(value)?,
            "s" => entry.supersedes = true,
            "e" => entry.fault = Some(text(value)?),
            // A newer version may write more.
            _ => {}
        }
    }
    Some(entry)
}

/// Returns entries that were queued until now.
pub(super) fn fresh(value: Value) -> Option<Vec<LeasedEntry>> {
    let read = |value| {
        let [id, fields] = exactly(value)?;
        Some(LeasedEntry {
            entry: entry(id, fields)?,
            attempts: 0,
            deliveries: 1,
            begun_again: 0,
            intent: None,
        })
    };
    list(value)?.into_iter().map(read).collect()
}

/// Returns entries with their notes: deliveries, attempts, intent, and how often they were begun again.
pub(super) fn noted(value: Value) -> Option<Vec<LeasedEntry>> {
    let read = |value| {
        let [id, fields, deliveries, attempts, intent, begun_again] = exactly(value)?;
        Some(LeasedEntry {
            entry: entry(id, fields)?,
            attempts: small(attempts)?,
            deliveries: small(deliveries)?,
            begun_again: small(begun_again)?,
            intent: Some(text(intent)?).filter(|intent| !intent.is_empty()),
        })
    };
    list(value)?.into_iter().map(read).collect()
}

/// Returns results of a stream. An entry without fields was deleted in the meantime.
pub(super) fn results(value: Value) -> Option<Vec<WaitingResult>> {
    let mut results = Vec::new();
    for value in list(value)? {
        let [id, fields] = exactly(value)?;
        if matches!(fields, Value::Nil) {
            continue;
        }
        let record = pairs(fields)?.into_iter().find(|(name, _)| name == "r")?.1;
        results.push(WaitingResult {
            name: text(id)?,
            record: bytes(record)?,
        });
    }
    Some(results)
}

/// Returns the members of a lane, with the time since their last beats.
pub(super) fn members(value: Value, now: u64) -> Option<Vec<(String, Duration)>> {
    let silent = |(name, last): (String, Value)| {
        let since = now.saturating_sub(number(last)?);
        Some((name, Duration::from_millis(since)))
    };
    pairs(value)?.into_iter().map(silent).collect()
}
