//! Lines that are rows of values for a template.

use super::InvalidLine;
use super::fields::ObjectFields;
use super::input::{LineDefaults, RECORD, read_again, read_line};
use super::kept::unmasked;
use super::logged::logged;
use super::read::{ReadRequest, ReadSettings};
use super::stand_in::stand_in_of_row;
use super::template::{RequestTemplate, TemplateRow, TemplateSecrets};
use crate::redact::Redaction;
use crate::request::Request;
use crate::url;

/// Template of requests, with the secrets that it puts into them.
#[derive(Debug)]
pub(super) struct RowTemplate {
    pub(super) template: RequestTemplate,
    secrets: TemplateSecrets,
}

impl RowTemplate {
    pub(super) fn new(template: RequestTemplate, redaction: &Redaction) -> RowTemplate {
        let secrets = template.secrets(redaction);
        RowTemplate { template, secrets }
    }
}

/// Makes the request of a line.
pub(super) fn read(
    line: &str,
    template: &RowTemplate,
    defaults: &LineDefaults,
    reading: ReadSettings,
) -> Result<ReadRequest, InvalidLine> {
    let line = line.trim();
    if is_logged(line) {
        let read = logged(&ObjectFields::read(line)?, reading)?;
        return Ok(match read.request.raw_line() {
            Some(_) => read_again(&read.request, defaults, reading, |row| {
                self::read(unmasked(row)?, template, defaults, reading)
            }),
            None => read,
        });
    }
    let text = unquoted(line, reading);
    let text = text.as_deref().unwrap_or(line);
    let row = TemplateRow::read(text, is_text(line, reading))?;
    read_row(&row, template, defaults, reading)
}

/// Makes the request of a row.
pub(super) fn read_row(
    row: &TemplateRow<'_>,
    template: &RowTemplate,
    defaults: &LineDefaults,
    reading: ReadSettings,
) -> Result<ReadRequest, InvalidLine> {
    let RowTemplate { template, secrets } = template;
    let with_keys = |wrong: InvalidLine| match wrong.text() {
        // A name with a colon has a hint of its own.
        Some(name) if row.value(name).is_none() && !name.contains(':') => {
            wrong.within(&secrets.keys_of(row))
        }
        _ => wrong,
    };
    let json = template.fill(row, secrets).map_err(with_keys)?;
    // Positions in the request are none in the line.
    let read = read_line(&json, defaults, reading).map_err(InvalidLine::without_position)?;
    let request = secrets.mark(read.request, row);
    Ok(ReadRequest {
        // A later run needs the template to read the row of a request that cannot be sent.
        request: match url::parse(request.url()) {
            Ok(_) => request,
            Err(_) => request.of_bad_row(),
        },
        ..read
    })
}

/// Makes the request that stands for a line of which no request could be made.
pub(super) fn stand_in(
    line: &[u8],
    template: &RowTemplate,
    reading: ReadSettings,
    wrong: InvalidLine,
) -> Request {
    let shown = std::str::from_utf8(line).ok().and_then(|line| {
        let line = line.trim();
        let text = unquoted(line, reading);
        let text = text.as_deref().unwrap_or(line);
        let row = TemplateRow::read(text, is_text(line, reading)).ok()?;
        let RowTemplate { template, secrets } = template;
        Some((template.url_of(&row, secrets), secrets.hide_id(&row)))
    });
    let (url, hides_id) = shown.unwrap_or_default();
    stand_in_of_row(line, wrong, url, hides_id)
}

/// True for a line of a failure log, which holds a request.
fn is_logged(line: &str) -> bool {
    let is_record =
        |keys: ObjectFields<'_>| keys.has("request") && RECORD.iter().all(|name| keys.has(name));
    // Most lines are no such line, and are told without being parsed twice.
    line.starts_with('{')
        && line.contains("\"request\"")
        && ObjectFields::read(line).is_ok_and(is_record)
}

/// True if the line is text, also if it looks like an object.
fn is_text(line: &str, reading: ReadSettings) -> bool {
    reading.whole || line.starts_with('"')
}

/// Returns the text of a line that is a JSON string. `None`: it is none.
fn unquoted(line: &str, reading: ReadSettings) -> Option<String> {
    match reading.whole {
        true => None,
        false => serde_json::from_str(line).ok(),
    }
}
