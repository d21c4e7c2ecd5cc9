//! The request of a line of a failure log.

use super::InvalidLine;
use super::fields::{Fields, text, whole};
use super::read::{Read, Reading, base64, request, unknown_of, url_of};
use super::wire::Version;
use crate::url::Mistake;

/// Fields of a failure log about a request that could not be read.
const OF_MISTAKES: [&str; 5] = [
    "invalid",
    "invalid_at",
    "invalid_text",
    "raw_line",
    "raw_line_base64",
];

/// The request of a line of a failure log.
pub(super) fn logged(keys: &Fields<'_>, reading: Reading) -> Result<Read, InvalidLine> {
    let version = keys.read_key("v", whole::<u64>)?.ok_or_else(|| {
        InvalidLine::new("v: it is missing (a line of a failure log has \"v\":1)")
    })?;
    if let Some(refusal) = Version::refusal(version) {
        return Err(InvalidLine::new(refusal));
    }
    let request = keys.get("request").ok_or_else(missing)?;
    let read = of_log(&Fields::logged(request, keys.text())?, reading)?;
    // A line that could not be read may be read again where it stands.
    if read.request.invalid().is_none() {
        return Ok(read);
    }
    let place = (
        keys.read_key("source", text)?,
        keys.read_key("line", whole)?,
    );
    Ok(Read {
        request: match place {
            (Some(source), Some(line)) => read.request.read_at(source, line),
            _ => read.request,
        },
        ..read
    })
}

/// The request that a failure log holds.
pub(super) fn of_log(keys: &Fields<'_>, reading: Reading) -> Result<Read, InvalidLine> {
    let known = |key: &&str| !OF_MISTAKES.contains(key);
    let unknown = unknown_of(keys, keys.names().filter(known), reading)?;
    let mut request = request(url_of(keys)?, keys, reading)?;
    if let Some(reason) = keys.read_key("invalid", text)? {
        request = request.spoiled(Mistake {
            reason: reason.into(),
            position: keys.read_key("invalid_at", whole)?,
            shown: keys.read_key("invalid_text", text)?.map(String::into),
        });
    }
    if let Some(line) = keys.read_key("raw_line", text)? {
        request = request.keeping_line(line);
    } else if let Some(line) = keys.read_key("raw_line_base64", base64)? {
        request = request.keeping_line(line);
    }
    Ok(Read {
        unknown,
        request,
        logged: true,
    })
}

pub(super) fn missing() -> InvalidLine {
    InvalidLine::new("the record holds no request (a line of a failure log does)")
}
