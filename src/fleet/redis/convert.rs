//! Arguments of scripts as the scripts take them, and their replies as an engine returns them.

use std::time::Duration;

use redis::{Cmd, Value};

use super::super::engine::{
    BeatReply, Entry, FinishReply, LaneFigures, LaterNote, LeaseReply, LoadReply, MOST_LANES,
    PermitReply, ResultClass, RunFacts,
};
use super::reply;

/// Largest number that scripts take: Lua's numbers are exact up to 2^53.
pub(super) const MOST: u64 = 999_999_999_999_999;

/// Returns a time in whole milliseconds, at least 1.
pub(super) fn lease_millis(lease: Duration) -> u64 {
    millis_up(lease).max(1)
}

/// Returns a time in milliseconds, a fraction rounded up.
pub(super) fn millis_up(time: Duration) -> u64 {
    bounded(time.as_nanos().div_ceil(1_000_000))
}

/// Returns a time in microseconds, a fraction rounded up: a rate is not exceeded, a pause not cut.
pub(super) fn micros_up(time: Duration) -> u64 {
    bounded(time.as_nanos().div_ceil(1_000))
}

/// Returns a time in whole microseconds.
pub(super) fn micros(time: Duration) -> u64 {
    bounded(time.as_micros())
}

/// Bounds a time, so that scripts can add it to the time of day: 3 years in µs.
fn bounded(time: u128) -> u64 {
    u64::try_from(time).unwrap_or(MOST).min(MOST / 10)
}

/// Appends an entry: its number, the count of its fields with their names, and these.
pub(super) fn write_entry(command: &mut Cmd, entry: &Entry) {
    let has_index = entry.sequence.checked_sub(1) != Some(entry.index);
    let fields = 2
        + usize::from(has_index)
        + usize::from(entry.supersedes)
        + usize::from(entry.fault.is_some());
    command.arg(entry.sequence).arg(fields * 2);
    command
        .arg("r")
        .arg(&*entry.line)
        .arg("k")
        .arg(&entry.key[..]);
    if has_index {
        command.arg("x").arg(entry.index);
    }
    if entry.supersedes {
        command.arg("s").arg(1);
    }
    if let Some(fault) = &entry.fault {
        command.arg("e").arg(fault);
    }
}

pub(super) fn class_name(class: ResultClass) -> &'static str {
    match class {
        ResultClass::Success => "success",
        ResultClass::Rejected => "rejected",
        ResultClass::Failed => "failed",
        ResultClass::GivenUp => "given_up",
    }
}

pub(super) fn load_reply(value: Value) -> Option<LoadReply> {
    let mut values = reply::list(value)?.into_iter();
    Some(match &*reply::text(values.next()?)? {
        "OK" => LoadReply::Loaded,
        "FULL" => LoadReply::Full,
        "OTHER" => LoadReply::OtherLoader,
        "CANCELLED" => LoadReply::Cancelled,
        "CONFLICT" => LoadReply::Conflict {
            last: reply::number(values.next()?)?,
        },
        _ => return None,
    })
}

pub(super) fn finish_reply(value: Value) -> Option<FinishReply> {
    Some(match &*reply::text(value)? {
        "FINISHED" => FinishReply::Finished,
        "OTHER" => FinishReply::OtherLoader,
        "CANCELLED" => FinishReply::Cancelled,
        _ => return None,
    })
}

/// Returns the state and the number of members.
pub(super) fn member(value: Value) -> Option<BeatReply> {
    let [state, workers] = reply::exactly(value)?;
    Some(BeatReply::Member {
        state: reply::state(state)?,
        workers: reply::number(workers)?.try_into().ok()?,
    })
}

pub(super) fn lease_reply(value: Value) -> Option<LeaseReply> {
    let [state, is_member, noted, fresh] = reply::exactly(value)?;
    let mut entries = reply::noted(noted)?;
    entries.extend(reply::fresh(fresh)?);
    Some(LeaseReply {
        state: reply::state(state)?,
        is_member: reply::flag(&is_member)?,
        entries,
    })
}

pub(super) fn permit_reply(value: Value) -> Option<PermitReply> {
    let mut values = reply::list(value)?.into_iter();
    let code = values.next()?;
    let mut time = || Some(Duration::from_micros(reply::number(values.next()?)?));
    Some(match code {
        Value::Int(1) => PermitReply::Probe,
        Value::Int(0) => match (time()?, values.next()) {
            (wait, None) => PermitReply::Granted(wait),
            (wait, Some(count)) => {
                let count = reply::number(count)?;
                PermitReply::Fewer(wait, count.try_into().ok()?)
            }
        },
        Value::Int(-1) => PermitReply::Later(time()?),
        Value::Int(-2) => PermitReply::Rests(time()?),
        _ => return None,
    })
}

/// Returns the facts in the order in which [`super::stored_run`] asks for them, without the version.
///
/// # Errors
/// The name of a field with a value that no run has.
pub(super) fn facts(values: [Value; 13]) -> Result<RunFacts, &'static str> {
    let [
        settings,
        lanes,
        lease,
        state,
        is_loaded,
        is_input_read,
        position,
        digest,
        loaders,
        later_position,
        later_text,
        is_later_over,
        id,
    ] = values;
    let count = |value, field| reply::number(value).filter(|n| *n <= MOST).ok_or(field);
    // A run that no loader has begun, or that an earlier build created, has no such field.
    let count_or_none = |value, field| match value {
        Value::Nil => Ok(0),
        value => count(value, field),
    };
    let text_or_none = |value, field| match value {
        Value::Nil => Ok(String::new()),
        value => reply::text(value).ok_or(field),
    };
    let lanes = count(lanes, "lanes")?.try_into().map_err(|_| "lanes")?;
    Ok(RunFacts {
        id: text_or_none(id, "id")?,
        settings: reply::text(settings).ok_or("args")?,
        lanes: Some(lanes)
            .filter(|n| (1..=MOST_LANES).contains(n))
            .ok_or("lanes")?,
        lease: Duration::from_millis(count(lease, "lease")?),
        state: reply::state(state).ok_or("state")?,
        is_loaded: matches!(&is_loaded, Value::BulkString(text) if text == b"1"),
        is_input_read: count(is_input_read, "eof")? == 1,
        position: count(position, "pos")?,
        digest: reply::text(digest).ok_or("sum")?,
        later: LaterNote {
            position: count_or_none(later_position, "later_pos")?,
            text: text_or_none(later_text, "later_sum")?,
            is_over: count_or_none(is_later_over, "later_eof")? == 1,
        },
        loaders: count_or_none(loaders, "generation")?,
    })
}

pub(super) fn figures(value: Value) -> Option<LaneFigures> {
    let [
        state,
        last,
        loaded,
        entries,
        leased,
        parked,
        results,
        counters,
        members,
        now,
    ] = reply::exactly(value)?;
    // Figures of all lanes are added up.
    let count = |value| Some(reply::number(value)?.min(MOST));
    let mut figures = LaneFigures {
        state: reply::state(state)?,
        last: reply::number(last)?,
        loaded: count(loaded)?,
        entries: count(entries)?,
        leased: count(leased)?,
        parked: count(parked)?,
        results: count(results)?,
        workers: reply::members(members, reply::number(now)?)?,
        ..LaneFigures::default()
    };
    figures.workers.sort();
    for (name, value) in reply::pairs(counters)? {
        let counter = match &*name {
            "success" => &mut figures.success,
            "rejected" => &mut figures.rejected,
            "failed" => &mut figures.failed,
            "given_up" => &mut figures.given_up,
            "stale" => &mut figures.stale,
            "reclaimed" => &mut figures.reclaimed,
            "collected" => &mut figures.collected,
            "queued_bytes" => &mut figures.queued_bytes,
            "result_bytes" => &mut figures.result_bytes,
            _ => continue,
        };
        *counter = count(value)?;
    }
    Some(figures)
}
