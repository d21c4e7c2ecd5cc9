//! A request read from the keys of a line: of an input, or of a failure log.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use super::codes::{Codes, status_set};
use super::fields::{
    self, Fields, Named, elements, is_null, name, pairs, plain, plains, text, truth, whole,
};
use super::invalid::InvalidLine;
use super::pieces::{self, PieceLine};
use super::wire::Version;
use crate::http::HeaderName;
use crate::http::header::AUTHORIZATION;
use crate::limits::Timeouts;
use crate::policy::RetryPolicy;
use crate::request::{LineBody, Request, Tag};
use crate::url;

/// Fields that say what the body is.
pub(super) const BODIES: [&str; 6] = [
    "body",
    "json",
    "form",
    "body_base64",
    "body_file",
    "body_pieces",
];

const OTHERS: [&str; 20] = [
    "url",
    "id",
    "custom_id",
    "method",
    "headers",
    "params",
    "auth",
    "max_time_ms",
    "connect_timeout_ms",
    "retry",
    "idempotent",
    "max_redirs",
    "accept",
    "expect_json",
    "require",
    "output_file",
    "output_durable",
    "tag",
    "redacted",
    "invalid",
];

/// Settings for reading requests.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reading {
    /// Unknown keys are skipped and told of, where they are otherwise errors.
    pub(super) lenient: bool,
    /// `json` and `form` add no `Content-Type`.
    pub(super) untyped: bool,
    /// A line that is not JSON is a URL to its end, blanks included.
    pub(super) whole: bool,
}

/// A request, read.
pub(super) struct Read {
    pub(super) request: Request,
    /// Fields that were skipped.
    pub(super) unknown: Vec<String>,
    /// True if it comes from a failure log.
    pub(super) logged: bool,
}

/// The request of a line of a failure log.
pub(super) fn logged(keys: &Fields<'_>, reading: Reading) -> Result<Read, InvalidLine> {
    let version = keys.read_key("v", whole::<u64>)?.ok_or_else(|| {
        InvalidLine::new("v: it is missing (a line of a failure log has \"v\":1)")
    })?;
    if let Some(refusal) = Version::refusal(version) {
        return Err(InvalidLine::new(refusal));
    }
    let request = keys.get("request").ok_or_else(missing)?;
    of_log(&Fields::logged(request)?, reading)
}

/// The request that a failure log holds.
pub(super) fn of_log(keys: &Fields<'_>, reading: Reading) -> Result<Read, InvalidLine> {
    Ok(Read {
        unknown: unknown(keys, reading)?,
        request: request(url_of(keys)?, keys, reading)?,
        logged: true,
    })
}

pub(super) fn missing() -> InvalidLine {
    InvalidLine::new("the record holds no request (a line of a failure log does)")
}

/// The keys that mean nothing. The first is an error unless the reading is lenient.
pub(super) fn unknown(keys: &Fields<'_>, reading: Reading) -> Result<Vec<String>, InvalidLine> {
    let known = |key: &str| BODIES.contains(&key) || OTHERS.contains(&key);
    let mut unknown = keys.names().filter(|key| !known(key));
    if !reading.lenient
        && let Some(key) = unknown.next()
    {
        return Err(InvalidLine::unknown(key));
    }
    Ok(unknown.map(str::to_owned).collect())
}

/// The URL of a request as JSON.
pub(super) fn url_of(keys: &Fields<'_>) -> Result<String, InvalidLine> {
    keys.read_key("url", text)?
        .ok_or_else(|| InvalidLine::new("url: it is missing (text is expected)"))
}

/// The request to `url` that the keys say.
pub(super) fn request(
    url: String,
    keys: &Fields<'_>,
    reading: Reading,
) -> Result<Request, InvalidLine> {
    keys.check_repeated()?;
    let body = the_only(keys, &BODIES)?;
    let method = keys.read_key("method", text)?;
    let usual = if body.is_some() { "POST" } else { "GET" };
    let mut request = Request::new(method.as_deref().unwrap_or(usual), url);
    request = with_headers(request, keys)?;
    if let Some(params) = keys.get("params") {
        for (name, value) in named("params", params)? {
            request = request.query(name, value);
        }
        request = request.with_line_params();
    }
    if let Some((key, value)) = body {
        request = with_body(request, key, value, reading)?;
    }
    request = with_settings(request, keys)?;
    request = needing(request, keys)?;
    Ok(match keys.read_key("invalid", text)? {
        Some(reason) => request.spoiled(reason),
        None => request,
    })
}

/// The one of these keys that is given. Two that say the same are refused: which is meant cannot be told.
fn the_only<'a>(
    keys: &Fields<'a>,
    names: &[&'static str],
) -> Result<Option<(&'static str, &'a RawValue)>, InvalidLine> {
    let given = names
        .iter()
        .filter_map(|key| Some((*key, keys.get(key)?)))
        .collect::<Vec<_>>();
    match given[..] {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        [(one, _), .., (other, _)] => Err(InvalidLine::new(format!(
            "only one of {one} and {other} can be given"
        ))),
    }
}

fn with_headers(mut request: Request, keys: &Fields<'_>) -> Result<Request, InvalidLine> {
    if let Some(headers) = keys.get("headers") {
        for (name, value) in pairs("headers", headers)? {
            if is_null(value) {
                request = request.without_header(name);
                continue;
            }
            for value in plains(&Named("headers", &name), value)? {
                request = request.header(&name, value);
            }
        }
    }
    let Some(auth) = keys.get("auth") else {
        return Ok(request);
    };
    let given = |(name, value): &(HeaderName, Option<_>)| *name == AUTHORIZATION && value.is_some();
    if request.header_edits().iter().any(given) {
        return Err(InvalidLine::new(
            "auth: the headers have an authorization too (only one of both can be given)",
        ));
    }
    with_credentials(request, &Fields::within("auth", auth)?)
}

fn with_credentials(request: Request, auth: &Fields<'_>) -> Result<Request, InvalidLine> {
    const EXPECTED: &str = "{\"user\", \"password\"} or {\"bearer\"} is expected";
    auth.check_repeated()
        .map_err(|e| InvalidLine::new(format!("auth: {e}")))?;
    let known = ["user", "password", "bearer"];
    if let Some(key) = auth.names().find(|key| !known.contains(key)) {
        return Err(InvalidLine::new(format!(
            "auth: it has the unknown key {key:?} ({EXPECTED})"
        )));
    }
    let of = |key: &'static str| auth.read_key(key, |key, value| plain(&Named("auth", key), value));
    match (of("user")?, of("password")?, of("bearer")?) {
        (Some(user), password, None) => Ok(request.basic_auth(user, password.unwrap_or_default())),
        (None, None, Some(token)) => Ok(request.bearer(token)),
        _ => Err(InvalidLine::new(format!("auth: {EXPECTED}"))),
    }
}

/// Names with their values, each value on its own, in their order.
fn named(key: &'static str, object: &RawValue) -> Result<Vec<(String, String)>, InvalidLine> {
    let mut all = Vec::new();
    for (name, value) in pairs(key, object)? {
        if is_null(value) {
            continue;
        }
        for value in plains(&Named(key, &name), value)? {
            all.push((name.clone(), value));
        }
    }
    Ok(all)
}

fn with_body(
    request: Request,
    key: &'static str,
    value: &RawValue,
    reading: Reading,
) -> Result<Request, InvalidLine> {
    Ok(match key {
        "json" if reading.untyped => request.body(value.get()).of_line(LineBody::Json),
        "json" => request.json(value).of_line(LineBody::Json),
        "form" => {
            let fields = named(key, value)?;
            let pairs = || fields.iter().map(|(name, value)| (&**name, &**value));
            let request = match reading.untyped {
                true => request.body(url::form(pairs())),
                false => request.form(pairs()),
            };
            request.of_line(LineBody::Form)
        }
        "body_base64" => {
            let bytes = STANDARD
                .decode(text(key, value)?)
                .map_err(|e| InvalidLine::new(format!("{key}: it is no base64: {e}")))?;
            request.body(bytes)
        }
        "body_file" => request.body_file(text(key, value)?),
        "body_pieces" => {
            let lines: Vec<PieceLine<'_>> = serde_json::from_str(value.get()).map_err(|_| {
                InvalidLine::new(format!(
                    "{key}: a list of texts, {{\"base64\"}}, {{\"file\"}} and {{\"boundary\"}} is expected"
                ))
            })?;
            request.sending(pieces::stream_of(&lines)?)
        }
        _ => request.body(text(key, value)?),
    })
}

fn with_settings(mut request: Request, keys: &Fields<'_>) -> Result<Request, InvalidLine> {
    let ms = |key| {
        keys.read_key(key, |key, value| {
            whole(key, value).map(Duration::from_millis)
        })
    };
    let timeouts = Timeouts {
        attempt: ms("max_time_ms")?,
        connect: ms("connect_timeout_ms")?,
        read: None,
    };
    if timeouts != Timeouts::default() {
        request = request.timeouts(timeouts);
    }
    if let Some(retries) = keys.read_key("retry", whole::<u32>)? {
        let attempts = retries.saturating_add(1);
        request = request.retry(RetryPolicy::default().max_attempts(attempts));
    }
    if let Some(idempotent) = keys.read_key("idempotent", truth)? {
        request = request.idempotent(idempotent);
    }
    if let Some(most) = keys.read_key("max_redirs", whole::<u32>)? {
        request = request.max_redirects(most);
    }
    if let Some(codes) = keys.read_key("accept", codes)? {
        request = request.accept(status_set(&codes)?);
    }
    let durable = keys.read_key("output_durable", truth)? == Some(true);
    request = match (keys.read_key("output_file", text)?, durable) {
        (Some(path), true) => request.save_durably(path),
        (Some(path), false) => request.save_to(path),
        (None, _) => request,
    };
    if let Some(expect) = keys.read_key("expect_json", truth)? {
        request = request.expect_json(expect);
    }
    if let Some(require) = keys.get("require") {
        for (pointer, value) in pairs("require", require)? {
            let value: serde_json::Value = serde_json::from_str(value.get()).map_err(|_| {
                let name = Named("require", &pointer);
                InvalidLine::new(format!("{name}: no such value can be compared with"))
            })?;
            request = request.require(pointer, value);
        }
    }
    if let Some((key, id)) = the_only(keys, &["id", "custom_id"])? {
        request = request.id(name(key, id)?);
    }
    Ok(match keys.get("tag") {
        Some(tag) => request.tagged(Tag::written(tag.to_owned())),
        None => request,
    })
}

/// Statuses and ranges of them, in a list or one alone.
fn codes(key: &'static str, value: &RawValue) -> Result<Vec<Codes>, InvalidLine> {
    let values = match elements(&key, value) {
        Ok(values) => values,
        Err(_) => vec![value],
    };
    let read = |value: &RawValue| serde_json::from_str(value.get());
    values
        .into_iter()
        .filter(|value| !is_null(value))
        .map(read)
        .collect::<Result<_, _>>()
        .map_err(|_| {
            InvalidLine::new(format!(
                "{key}: a list of statuses and ranges is expected, such as [404, \"200..=299\"]"
            ))
        })
}

/// Has the request name the secrets that were left out when it was written down and were not given again.
fn needing(request: Request, keys: &Fields<'_>) -> Result<Request, InvalidLine> {
    let Some(redacted) = keys.get("redacted") else {
        return Ok(request);
    };
    let (mut headers, mut query) = (Vec::new(), Vec::new());
    for name in fields::plains(&"redacted", redacted)? {
        if let Some(name) = name.strip_prefix('?') {
            let own = request.options().map_or(&[][..], |o| &o.query);
            if !own.iter().any(|(other, _)| other == name) {
                query.push(name.to_owned());
            }
            continue;
        }
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| InvalidLine::new(format!("redacted: {name:?} is no header name")))?;
        let given = |(other, value): &(HeaderName, Option<_>)| *other == header && value.is_some();
        if !request.header_edits().iter().any(given) {
            headers.push(header);
        }
    }
    Ok(request.needing(headers, query))
}
