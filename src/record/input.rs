//! A line of input: a URL, or a request as JSON.

use std::path::{Component, Path};
use std::sync::Arc;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::Record;
use super::fields::{ObjectFields, elements, is_null};
use super::invalid::{InvalidLine, not_json};
use super::kept;
use super::known_keys::BODIES;
use super::logged;
use super::read::{self, ReadRequest, ReadSettings};
use super::results;
use super::stand_in::stand_in_again;
use crate::request::{FormBody, Request};

impl Record<'_> {
    /// Reads a line of input.
    ///
    /// The line is a URL as it is or as a JSON string, a request as a JSON object, a line of a failure log, or a line of a
    /// results file, whose GET or HEAD is sent again.
    /// `defaults` are keys for requests that do not set them. A URL that is not in JSON has no blanks in it
    /// ([`InputLines::whole_lines`](super::InputLines::whole_lines) takes them); in JSON they are sent as `%20`.
    ///
    /// Fields of a request: `url` (required), `id` (or `custom_id`), `method`, `headers` (name to value, list or null,
    /// which [leaves the header out](Request::without_header)), `params` (name to value or list), one of `body`,
    /// `json`, `form`, `body_base64`, `body_file` (the path of a file that is [streamed](Request::body_file)); `auth`
    /// (`{user, password}` or `{bearer}`), `max_time_ms`, `connect_timeout_ms`, `retry` (number of attempts *after* the
    /// first), `idempotent`, `cost`, `max_redirs`, `accept`, `expect_json`, `keep_encoding`, `require` (JSON pointer to
    /// value), `sitemap` (true: the request is [one for a sitemap](Request::of_sitemap)), `credentials_for` (the origin to
    /// which the client's [credentials belong](Request::credentials_only_for), or `none`), `output_file` (path that the body is [saved](Request::save_to) to, relative and without `..`), `tag`. In a
    /// line of a failure log `output_file` may be any path: a program that reads lines written by others must check
    /// [`Request::saves_to`].
    ///
    /// A `body` that is an object or a list is the same as `json`.
    ///
    /// Values are sent as they are written: `json` and `tag` keep the order of keys, digits, escapes and repeated keys,
    /// `params` and `form` their order, and a numeric `id` its digits. `null` stands for an absent key, except under a
    /// header's name, within `json` and `tag`, and as a value of `require`. Numbers, `true` and `false` are taken for
    /// the text they are written as where text is expected of a header, parameter, form field, user, password or token;
    /// any other value of another kind is refused.
    ///
    /// ```
    /// use haul::record::Record;
    ///
    /// let none = serde_json::Map::new();
    /// let line = r#"{"url": "https://example.com/items", "json": {"n": 1}, "id": 7, "retry": 0}"#;
    /// let request = Record::parse_input_line(line, &none)?;
    /// assert_eq!((request.method().as_str(), request.request_id()), ("POST", Some("7")));
    /// # Ok::<(), haul::record::InvalidLine>(())
    /// ```
    ///
    /// A request with a body and no method is a POST.
    ///
    /// # Errors
    /// When the line is neither a URL nor JSON, has an unknown key or an impossible value, or has text after a URL.
    pub fn parse_input_line(
        line: &str,
        defaults: &Map<String, Value>,
    ) -> Result<Request, InvalidLine> {
        let defaults = LineDefaults::of(defaults);
        read_line(line, &defaults, ReadSettings::default()).map(|read| read.request)
    }
}

/// Keys for requests that do not set them, with their values as they are written.
#[derive(Clone, Debug, Default)]
pub(super) struct LineDefaults {
    keys: Vec<(String, Box<RawValue>)>,
    /// File that the body among the defaults was read from. `None`: the body came from no file, or there is none.
    body_file: Option<Arc<str>>,
    /// Form that requests without a body of their own send, in place of a body among the keys. `None`: no form.
    form: Option<FormBody>,
}

impl LineDefaults {
    pub(super) fn of(keys: &Map<String, Value>) -> LineDefaults {
        let written = |value| to_raw_value(value).expect("every Value can be written");
        let keys = keys.iter().filter(|(_, value)| !value.is_null());
        LineDefaults {
            keys: keys
                .map(|(key, value)| (key.clone(), written(value)))
                .collect(),
            body_file: None,
            form: None,
        }
    }

    /// Adds a key, or replaces its value. `json` is kept as it is written, also if it is `null`.
    pub(super) fn set(&mut self, key: String, json: &str) -> Result<(), InvalidLine> {
        let value = serde_json::from_str(json).map_err(|e| not_json(json, &e))?;
        self.keys.retain(|(other, _)| *other != key);
        self.keys.push((key, value));
        Ok(())
    }

    pub(super) fn set_body_file(&mut self, path: Arc<str>) {
        self.body_file = Some(path);
    }

    #[cfg(feature = "multipart")]
    pub(super) fn set_form(&mut self, form: FormBody) {
        self.form = Some(form);
    }

    /// True if the request sends the form of the defaults.
    pub(super) fn gave_form(&self, request: &Request) -> bool {
        let form = self.form.as_ref();
        form.is_some_and(|form| form.is_sent_by(request))
    }

    /// Adds the defaults that `keys` does not have. A body in `keys` replaces the default body.
    fn complete<'a>(&'a self, keys: &mut ObjectFields<'a>) {
        let has_body = has_body(keys) || self.form.is_some();
        for (key, value) in &self.keys {
            let of_body = BODIES.contains(&&**key);
            let named = key == "id" && keys.has("custom_id");
            if !(has_body && of_body || named) {
                keys.add_default(key, value);
            }
        }
    }
}

fn has_body(keys: &ObjectFields<'_>) -> bool {
    BODIES.iter().any(|body| keys.has(body))
}

/// Keys that every record has and no request has.
pub(super) const RECORD: [&str; 3] = ["v", "key", "outcome"];

/// Reads a line of an input.
pub(super) fn read_line(
    line: &str,
    defaults: &LineDefaults,
    reading: ReadSettings,
) -> Result<ReadRequest, InvalidLine> {
    let blanks = line.len() - line.trim_start().len();
    read_trimmed(line.trim(), defaults, reading).map_err(|wrong| wrong.behind(blanks))
}

fn read_trimmed(
    line: &str,
    defaults: &LineDefaults,
    reading: ReadSettings,
) -> Result<ReadRequest, InvalidLine> {
    let (url, mut keys) = if line.starts_with('{') {
        let keys = ObjectFields::read(line)?;
        if keys.has("request") {
            let read = logged::logged(&keys, reading)?;
            return Ok(match read.request.raw_line() {
                Some(_) => read_again(&read.request, defaults, reading, no_template),
                None => read,
            });
        }
        // Without this check, a lenient reading would skip the unknown keys and send the rest.
        if RECORD.iter().all(|name| keys.has(name)) {
            return results::of_result(&keys);
        }
        (read::url_of(&keys)?, keys)
    } else if line.starts_with('"') {
        let url = serde_json::from_str(line).map_err(|e| not_json(line, &e))?;
        (url, ObjectFields::NONE)
    } else if reading.whole || !line.contains(char::is_whitespace) {
        (line.to_owned(), ObjectFields::NONE)
    } else {
        let wrong = InvalidLine::new(
            "text after the URL (remove it; a blank in a URL is written %20, and with --input-format urls the whole line is the URL)",
        );
        let rest = line.trim_start_matches(|c: char| !c.is_whitespace());
        return Err(wrong.at(line, rest.trim_start()));
    };
    let unknown = read::unknown(&keys, reading)?;
    let has_own_body = has_body(&keys);
    let body_file = defaults.body_file.as_ref().filter(|_| !has_own_body);
    let form = defaults.form.as_ref().filter(|_| !has_own_body);
    let reading = ReadSettings {
        posts: form.is_some(),
        ..reading
    };
    defaults.complete(&mut keys);
    check_accept(&keys)?;
    let mut request = read::request(url, &keys, reading)?;
    if request.raw_line().is_some() {
        return Ok(read_again(&request, defaults, reading, no_template));
    }
    if let Some(form) = form {
        request = request.form_body(form);
    } else if let Some(path) = body_file {
        request = request.body_read_from(Arc::clone(path));
    }
    if let Some(path) = request.saves_to()
        && !stays_below(path)
    {
        let wrong = InvalidLine::new("output_file: it is no relative path, or leads upwards");
        return Err(keys.unusable_key(wrong, "output_file"));
    }
    Ok(ReadRequest {
        request,
        unknown,
        logged: false,
        is_incomplete: false,
        lacks_origin: false,
        result: None,
    })
}

/// Returns the mistake of a row of values where no template is given.
pub(super) fn lacks_template() -> InvalidLine {
    InvalidLine::new(
        "the line is a row of values for a template (the --template or --url-template of the run that wrote the failure \
         log makes its request)",
    )
}

/// Refuses a row of values where no template is given.
fn no_template<T>(_: &str) -> Result<T, InvalidLine> {
    Err(lacks_template())
}

/// Reads again a line that a failure log has kept because it could not be read. `of_row`: reads a row of values.
pub(super) fn read_again(
    logged: &Request,
    defaults: &LineDefaults,
    reading: ReadSettings,
    of_row: impl FnOnce(&str) -> Result<ReadRequest, InvalidLine>,
) -> ReadRequest {
    let raw = logged.raw_line().unwrap_or_default();
    let text = std::str::from_utf8(raw).map_err(InvalidLine::from);
    let read = text.and_then(|text| match logged.needs_template() {
        true => of_row(text),
        false => read_line(kept::unmasked(text)?, defaults, reading),
    });
    read.unwrap_or_else(|wrong| ReadRequest {
        request: stand_in_again(logged, wrong),
        unknown: Vec::new(),
        logged: true,
        is_incomplete: false,
        lacks_origin: false,
        result: None,
    })
}

/// Refuses an `accept` without a status, under which each response would fail. A failure log may hold one, since a
/// program can set it.
fn check_accept(keys: &ObjectFields<'_>) -> Result<(), InvalidLine> {
    let values = keys
        .get("accept")
        .map(|value| elements("accept".into(), value));
    match values {
        Some(Ok(values)) if values.iter().all(|value| is_null(value)) => {
            let wrong = InvalidLine::new(
                "accept: at least one status is expected, such as [404, \"200..=299\"]",
            );
            Err(keys.unusable_key(wrong, "accept"))
        }
        _ => Ok(()),
    }
}

/// True if the path, joined to a directory, stays in it.
fn stays_below(path: &Path) -> bool {
    path.components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

#[cfg(test)]
mod tests;
