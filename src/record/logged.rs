//! Reads the request of a line of a failure log.

use super::InvalidLine;
use super::fields::{ObjectFields, text, whole};
use super::read::{CUT, ReadRequest, ReadSettings, request, unknown, url_of};
use super::wire::Version;

/// Reads the request of a line of a failure log.
pub(super) fn logged(
    keys: &ObjectFields<'_>,
    reading: ReadSettings,
) -> Result<ReadRequest, InvalidLine> {
    let version = keys.read_key("v", whole::<u64>)?.ok_or_else(|| {
        InvalidLine::new("v: it is missing (a line of a failure log has \"v\":1)")
    })?;
    if let Some(refusal) = Version::refusal(version) {
        return Err(InvalidLine::new(refusal));
    }
    let request = keys.get("request").ok_or_else(missing)?;
    let read = of_log(&ObjectFields::logged(request, keys.text())?, reading)?;
    // A line that could not be read may be read again from its source.
    let mistake = read.request.invalid();
    if mistake.is_none_or(|mistake| mistake.reason == CUT) {
        return Ok(read);
    }
    let place = (
        keys.read_key("source", text)?,
        keys.read_key("line", whole)?,
    );
    Ok(ReadRequest {
        request: match place {
            (Some(source), Some(line)) => read.request.read_at(source, line),
            _ => read.request,
        },
        ..read
    })
}

/// Reads a request as a failure log holds it.
pub(super) fn of_log(
    keys: &ObjectFields<'_>,
    reading: ReadSettings,
) -> Result<ReadRequest, InvalidLine> {
    Ok(ReadRequest {
        unknown: unknown(keys, reading)?,
        request: request(url_of(keys)?, keys, reading)?,
        logged: true,
        is_incomplete: false,
        lacks_origin: false,
        result: None,
    })
}

pub(super) fn missing() -> InvalidLine {
    InvalidLine::new("the record holds no request (a line of a failure log does)")
}
