//! Reads a request from the keys of a line: of an input, or of a failure log.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use super::codes::{self, StatusCodes, status_set};
use super::credentials;
use super::fields::{
    Name, ObjectFields, elements, is_null, is_structured, name, pairs, plain, plains, sha256, text,
    truth, whole,
};
use super::invalid::InvalidLine;
use super::known_keys::{BODIES, is_known_key};
use super::pieces::{self, PieceLine};
use super::superseded::ReadResult;
use crate::request::{LineBody, Request, Tag};
use crate::settings::RetryPolicy;
use crate::settings::StatusSet;
use crate::settings::Timeouts;
use crate::url::{self, Mistake};
use http::HeaderName;
use http::header::AUTHORIZATION;

/// Reason why a request whose body was cut is not sent again.
pub(super) const CUT: &str =
    "its body was too large for a line of the failure log and was cut: it cannot be sent again";

/// Settings for reading requests.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReadSettings {
    /// True: unknown keys are skipped and returned. False: they are errors.
    pub(super) lenient: bool,
    /// True: `json` and `form` add no `Content-Type`.
    pub(super) untyped: bool,
    /// True: a line that is not JSON is a URL to its end, with its blanks.
    pub(super) whole: bool,
    /// True: a request without a method is a POST, also if the keys give no body.
    pub(super) posts: bool,
}

/// A request that was read.
pub(super) struct ReadRequest {
    pub(super) request: Request,
    /// Unknown keys that were skipped.
    pub(super) unknown: Vec<String>,
    /// True if the request comes from a failure log.
    pub(super) logged: bool,
    /// True if the request had parts of its own that its record does not hold.
    pub(super) is_incomplete: bool,
    /// True if the request is of a result that does not tell which hosts its credentials may go to.
    pub(super) lacks_origin: bool,
    /// Result that the line is. `None`: it is none.
    pub(super) result: Option<ReadResult>,
}

/// Returns the unknown keys. The first is an error unless the reading is lenient.
pub(super) fn unknown(
    keys: &ObjectFields<'_>,
    reading: ReadSettings,
) -> Result<Vec<String>, InvalidLine> {
    let mut unknown = keys.names().filter(|key| !is_known_key(key));
    if !reading.lenient
        && let Some(key) = unknown.next()
    {
        return Err(keys.unusable_key(InvalidLine::unknown(key), key));
    }
    Ok(unknown.map(str::to_owned).collect())
}

/// Reads the URL of a request.
pub(super) fn url_of(keys: &ObjectFields<'_>) -> Result<String, InvalidLine> {
    keys.read_key("url", text)?
        .ok_or_else(|| InvalidLine::new("url: it is missing (text is expected)"))
}

/// Makes the request to `url` that the keys describe.
pub(super) fn request(
    url: String,
    keys: &ObjectFields<'_>,
    reading: ReadSettings,
) -> Result<Request, InvalidLine> {
    keys.check_repeated()?;
    let body = the_only(keys, &BODIES)?;
    let method = keys.read_key("method", text)?;
    let usual = match body.is_some() || reading.posts {
        true => "POST",
        false => "GET",
    };
    let mut request = Request::new(method.as_deref().unwrap_or(usual), url);
    request = with_headers(request, keys)?;
    if let Some(params) = keys.read_key("params", named)? {
        for (name, value) in params {
            request = request.query(name, value);
        }
        request = request.with_line_params();
    }
    if let Some(key) = body
        && let Some(value) = keys.get(key)
    {
        request = with_body(request, key, value, reading)
            .map_err(|wrong| keys.unusable_key(wrong, key))?;
    }
    request = with_settings(request, keys)?;
    with_mistake(needing(request, keys)?, keys)
}

/// Marks a request of a failure log that could not be read, or whose body was cut, so that it fails again and keeps its
/// line.
fn with_mistake(request: Request, keys: &ObjectFields<'_>) -> Result<Request, InvalidLine> {
    let cut = keys.read_key("body_truncated", truth)? == Some(true);
    let Some(reason) = keys.read_key("invalid", text)? else {
        return Ok(match cut {
            true => request.spoiled(CUT),
            false => request,
        });
    };
    let request = request.spoiled(Mistake {
        reason: reason.into(),
        position: keys.read_key("invalid_at", whole)?,
        shown: keys.read_key("invalid_text", text)?.map(String::into),
    });
    let request = match keys.read_key("row", truth)? {
        Some(true) => request.of_bad_row(),
        _ => request,
    };
    let line = match keys.read_key("raw_line", text)? {
        Some(line) => Some(line.into_bytes()),
        None => keys.read_key("raw_line_base64", base64)?,
    };
    Ok(match line {
        Some(line) => request.keeping_line(line),
        None => request,
    })
}

/// Returns the key among these that is given. Two keys of one meaning are refused, since the intended one cannot be
/// told.
fn the_only(
    keys: &ObjectFields<'_>,
    names: &[&'static str],
) -> Result<Option<&'static str>, InvalidLine> {
    let given: Vec<_> = names.iter().copied().filter(|key| keys.has(key)).collect();
    match given[..] {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        [one, .., other] => {
            let wrong = InvalidLine::new(format!("only one of {one} and {other} can be given"));
            Err(keys.unusable_key(wrong, other))
        }
    }
}

fn with_headers(mut request: Request, keys: &ObjectFields<'_>) -> Result<Request, InvalidLine> {
    let read = |key, headers| {
        let pairs = pairs(key, headers)?.into_iter();
        let read = |(name, value): (String, &RawValue)| {
            let values = match is_null(value) {
                true => None,
                false => Some(plains(Name::within(key, &name), value)?),
            };
            Ok((name, values))
        };
        pairs.map(read).collect::<Result<Vec<_>, InvalidLine>>()
    };
    for (name, values) in keys.read_key("headers", read)?.unwrap_or_default() {
        let Some(values) = values else {
            request = request.without_header(name);
            continue;
        };
        for value in values {
            request = request.header(&name, value);
        }
    }
    let Some(auth) = keys.get("auth") else {
        return Ok(request);
    };
    let given = |(name, value): &(HeaderName, Option<_>)| *name == AUTHORIZATION && value.is_some();
    if request.header_edits().iter().any(given) {
        let wrong = InvalidLine::new(
            "auth: the headers have an authorization too (only one of both can be given)",
        );
        return Err(keys.unusable_key(wrong, "auth"));
    }
    with_credentials(request, &keys.within("auth", auth)?)
        .map_err(|wrong| keys.unusable_key(wrong, "auth"))
}

fn with_credentials(request: Request, auth: &ObjectFields<'_>) -> Result<Request, InvalidLine> {
    const EXPECTED: &str =
        "{\"user\", \"password\"} or {\"bearer\"} is expected, and \"digest\" only beside a user";
    auth.check_repeated()?;
    let known = ["user", "password", "digest", "bearer"];
    if let Some(key) = auth.names().find(|key| !known.contains(key)) {
        let wrong = InvalidLine::new(format!("auth: it has an unknown key ({EXPECTED})"));
        return Err(auth.unusable_key(wrong.showing(key), key));
    }
    let of = |key: &'static str| {
        auth.read_key(key, |key, value| plain(Name::within("auth", key), value))
    };
    let digest = auth.read_key("digest", |key, value| {
        truth(Name::within("auth", key), value)
    })?;
    match (of("user")?, of("password")?, of("bearer")?) {
        (Some(user), password, None) => {
            let password = password.unwrap_or_default();
            Ok(match digest {
                Some(true) => request.digest_auth(user, password),
                _ => request.basic_auth(user, password),
            })
        }
        (None, None, Some(token)) if digest.is_none() => Ok(request.bearer(token)),
        _ => Err(InvalidLine::new(format!("auth: {EXPECTED}"))),
    }
}

/// Reads names with their values, each value on its own, in their order.
fn named(key: &'static str, object: &RawValue) -> Result<Vec<(String, String)>, InvalidLine> {
    let mut all = Vec::new();
    for (name, value) in pairs(key, object)? {
        if is_null(value) {
            continue;
        }
        for value in plains(Name::within(key, &name), value)? {
            all.push((name.clone(), value));
        }
    }
    Ok(all)
}

fn with_body(
    request: Request,
    key: &'static str,
    value: &RawValue,
    reading: ReadSettings,
) -> Result<Request, InvalidLine> {
    Ok(match key {
        // A body that is no text is JSON, as in the batch files of APIs.
        "body" if is_structured(value) => return with_body(request, "json", value, reading),
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
        "body_base64" => request.body(base64(key, value)?),
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

fn base64(key: &'static str, value: &RawValue) -> Result<Vec<u8>, InvalidLine> {
    STANDARD
        .decode(text(key, value)?)
        .map_err(|_| InvalidLine::new(format!("{key}: it is no base64")))
}

fn with_settings(mut request: Request, keys: &ObjectFields<'_>) -> Result<Request, InvalidLine> {
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
    if let Some(cost) = keys.read_key("cost", whole::<u32>)? {
        request = request.cost(cost);
    }
    if let Some(most) = keys.read_key("max_redirs", whole::<u32>)? {
        request = request.max_redirects(most);
    }
    if let Some(codes) = keys.read_key("accept", codes)? {
        request = request.accept(codes);
    }
    let durable = keys.read_key("output_durable", truth)? == Some(true);
    request = match (keys.read_key("output_file", text)?, durable) {
        (Some(path), true) => request.save_durably(path),
        (Some(path), false) => request.save_to(path),
        (None, _) => request,
    };
    if let Some(digest) = keys.read_key("sha256", sha256)? {
        request = request.sha256_of(digest);
    }
    if let Some(size) = keys.read_key("size", whole::<u64>)? {
        request = request.size(size);
    }
    if let Some(expect) = keys.read_key("expect_json", truth)? {
        request = request.expect_json(expect);
    }
    if let Some(keep) = keys.read_key("keep_encoding", truth)? {
        request = request.keep_encoding(keep);
    }
    if keys.read_key("sitemap", truth)? == Some(true) {
        request = request.of_sitemap();
    }
    if let Some(origin) = keys.read_key("credentials_for", text)? {
        request = credentials::bound(request, &origin);
    }
    for (pointer, value) in keys.read_key("require", required)?.unwrap_or_default() {
        request = request.require(pointer, value);
    }
    if let Some(key) = the_only(keys, &["id", "custom_id"])?
        && let Some(id) = keys.read_key(key, name)?
    {
        request = request.id(id);
    }
    Ok(match keys.get("tag") {
        Some(tag) => request.tagged(Tag::written(tag.to_owned())),
        None => request,
    })
}

/// Reads pointers with the values that are required there.
fn required(
    key: &'static str,
    value: &RawValue,
) -> Result<Vec<(String, serde_json::Value)>, InvalidLine> {
    let read = |(pointer, value): (String, &RawValue)| match serde_json::from_str(value.get()) {
        Ok(value) => Ok((pointer, value)),
        Err(_) => Err(Name::within(key, &pointer).wrong("no such value can be compared with")),
    };
    pairs(key, value)?.into_iter().map(read).collect()
}

/// Reads statuses and ranges, in a list or a single one.
fn codes(key: &'static str, value: &RawValue) -> Result<StatusSet, InvalidLine> {
    let values = match elements(key.into(), value) {
        Ok(values) => values,
        Err(_) => vec![value],
    };
    let read = |value: &RawValue| serde_json::from_str(value.get());
    let values = values.into_iter().filter(|value| !is_null(value));
    let codes: Result<Vec<StatusCodes>, serde_json::Error> = values.map(read).collect();
    status_set(&codes.map_err(|_| InvalidLine::new(codes::EXPECTED))?)
}

/// Has the request name the secrets that were left out when it was written, and that were not given again.
fn needing(request: Request, keys: &ObjectFields<'_>) -> Result<Request, InvalidLine> {
    let redacted = keys.read_key("redacted", |key, value| plains(key.into(), value))?;
    let (mut headers, mut query, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for name in redacted.unwrap_or_default() {
        if let Some(name) = name.strip_prefix('{') {
            values.push(name.strip_suffix('}').unwrap_or(name).to_owned());
            continue;
        }
        if let Some(name) = name.strip_prefix('?') {
            let own = request.options().map_or(&[][..], |o| &o.query);
            if !own.iter().any(|(other, _)| other == name) {
                query.push(name.to_owned());
            }
            continue;
        }
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| InvalidLine::new("redacted: a name is no name of a header"))?;
        let given = |(other, value): &(HeaderName, Option<_>)| *other == header && value.is_some();
        let answered = header == AUTHORIZATION && request.digest().is_some();
        if !answered && !request.header_edits().iter().any(given) {
            headers.push(header);
        }
    }
    Ok(request.needing(headers, query, values))
}
