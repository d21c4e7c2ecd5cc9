//! A line of input: a URL, or a request as JSON.

use std::path::{Component, Path};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::InvalidLine;
use super::request::{RequestLine, request_of};
use crate::request::Request;
use crate::url;

/// Reads a line of input: a URL as it is or as a JSON string, a request as a JSON object, or a line of a failure log.
/// `defaults` are keys of requests that say nothing else. A URL that stands as it is has no blanks in it
/// ([`InputLines::whole_lines`](super::InputLines::whole_lines) takes them); in JSON they are sent as `%20`.
///
/// Keys of a request: `url` (required), `id` (or `custom_id`), `method`, `headers` (name to text, list or null, which
/// drops the client's), `params` (name to value or list), one of `body`, `json`, `form`, `body_base64`, `body_file` (the path
/// of a file that is [streamed](Request::body_file)); `auth`
/// (`{user, password}` or `{bearer}`), `max_time_ms`, `connect_timeout_ms`, `retry` (how often it is tried *again*),
/// `idempotent`, `max_redirs`, `accept`, `expect_json`, `require` (JSON pointer to value), `output_file` (where the body is
/// [saved](Request::save_to), a relative path without `..`), `tag`. In a line of a failure log `output_file` may be any
/// path: who reads lines that others wrote looks at [`Request::saves_to`].
///
/// ```
/// use haul::record::request_of_input;
///
/// let none = serde_json::Map::new();
/// let line = r#"{"url": "https://example.com/items", "json": {"n": 1}, "id": 7, "retry": 0}"#;
/// let request = request_of_input(line, &none)?;
/// assert_eq!((request.method().as_str(), request.get_id()), ("POST", Some("7")));
/// # Ok::<(), haul::record::InvalidLine>(())
/// ```
///
/// A body makes it a POST where it names no method.
///
/// # Errors
/// When it is no JSON, has a key that is unknown, or a value that cannot be; when there is text after a URL.
pub fn request_of_input(line: &str, defaults: &Map<String, Value>) -> Result<Request, InvalidLine> {
    let line = line.trim();
    if !line.starts_with(['{', '"']) && line.contains(char::is_whitespace) {
        return Err(InvalidLine::new(
            "text after the URL (a blank in a URL is written %20; with --input-format urls the whole line is the URL)",
        ));
    }
    request_of_whole_line(line, defaults)
}

/// The same if a line that is not JSON is a URL to its end, blanks included.
pub(super) fn request_of_whole_line(
    line: &str,
    defaults: &Map<String, Value>,
) -> Result<Request, InvalidLine> {
    if !line.starts_with(['{', '"']) {
        if defaults.is_empty() {
            return Ok(Request::get(line));
        }
        return of_keys(Map::from_iter([("url".to_owned(), line.into())]), defaults);
    }
    match serde_json::from_str(line) {
        Ok(Value::Object(keys)) if keys.contains_key("request") => request_of(line),
        // Without this, a lenient reading would skip what it does not know and send the rest.
        Ok(Value::Object(keys)) if RECORD.iter().all(|name| keys.contains_key(*name)) => {
            Err(InvalidLine::new(
                "a record of a results file holds no request (one of a failure log does)",
            ))
        }
        Ok(Value::Object(keys)) => of_keys(keys, defaults),
        Ok(url @ Value::String(_)) => of_keys(Map::from_iter([("url".to_owned(), url)]), defaults),
        Ok(_) => unreachable!("it begins as an object or a text"),
        Err(e) => Err(InvalidLine::new(format!("not JSON: {e}"))),
    }
}

/// Keys of every record, of which no request has one.
const RECORD: [&str; 3] = ["v", "key", "outcome"];

const BODIES: [&str; 5] = ["body", "json", "form", "body_base64", "body_file"];

fn of_keys(
    mut keys: Map<String, Value>,
    defaults: &Map<String, Value>,
) -> Result<Request, InvalidLine> {
    let wrong = |what: &str| Err(InvalidLine::new(what));
    let bodies = BODIES
        .iter()
        .filter(|name| keys.contains_key(**name))
        .count();
    if bodies > 1 {
        return wrong("only one of body, json, form, body_base64 and body_file can be given");
    }
    for (name, value) in defaults {
        if bodies == 1 && BODIES.contains(&&**name) {
            continue;
        }
        keys.entry(name.as_str()).or_insert_with(|| value.clone());
    }
    if let Some(id) = keys.remove("custom_id") {
        keys.entry("id").or_insert(id);
    }
    if BODIES.iter().any(|name| keys.contains_key(*name)) {
        keys.entry("method").or_insert("POST".into());
    }
    if let Some(value) = keys.remove("json") {
        content_type(&mut keys, "application/json")?;
        keys.insert("body".to_owned(), value.to_string().into());
    }
    if let Some(form) = keys.remove("form") {
        let Value::Object(fields) = form else {
            return wrong("form: an object of names and values is expected");
        };
        let mut pairs = Vec::new();
        for (name, value) in &fields {
            for value in texts(value) {
                pairs.push((name.as_str(), value));
            }
        }
        let body = url::form(pairs.iter().map(|(name, value)| (*name, value.as_str())));
        content_type(&mut keys, "application/x-www-form-urlencoded")?;
        keys.insert("body".to_owned(), body.into());
    }
    if let Some(Value::Object(params)) = keys.get_mut("params") {
        for value in params.values_mut() {
            *value = json!(texts(value));
        }
    }
    let auth = keys
        .remove("auth")
        .map(|auth| credentials(&auth))
        .transpose()?;
    if let Some(auth) = auth {
        headers(&mut keys)?.insert("authorization".to_owned(), auth.into());
    }
    let line: RequestLine<'_> = serde_json::from_value(Value::Object(keys))
        .map_err(|e| InvalidLine::new(format!("not a request: {e}")))?;
    if let Some(path) = line.output_file()
        && !stays_below(Path::new(path))
    {
        return Err(InvalidLine::new(format!(
            "output_file: {path:?} is no relative path, or leads upwards"
        )));
    }
    line.to_request()
}

/// Whether the path, put behind a directory, is in it.
fn stays_below(path: &Path) -> bool {
    path.components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

fn headers(keys: &mut Map<String, Value>) -> Result<&mut Map<String, Value>, InvalidLine> {
    let headers = keys.entry("headers").or_insert_with(|| json!({}));
    headers
        .as_object_mut()
        .ok_or_else(|| InvalidLine::new("headers: an object of names and values is expected"))
}

/// Unless the line says what its body is.
fn content_type(keys: &mut Map<String, Value>, value: &str) -> Result<(), InvalidLine> {
    let headers = headers(keys)?;
    if !headers
        .keys()
        .any(|name| name.eq_ignore_ascii_case("content-type"))
    {
        headers.insert("content-type".to_owned(), value.into());
    }
    Ok(())
}

/// A value, or each of a list, as text: numbers and truth values too.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

fn credentials(auth: &Value) -> Result<String, InvalidLine> {
    let text = |name: &str| auth.get(name).and_then(Value::as_str);
    match (text("bearer"), text("user")) {
        (Some(token), None) => Ok(format!("Bearer {token}")),
        (None, Some(user)) => {
            let password = text("password").unwrap_or_default();
            Ok(format!(
                "Basic {}",
                STANDARD.encode(format!("{user}:{password}"))
            ))
        }
        _ => Err(InvalidLine::new(
            "auth: {\"user\", \"password\"} or {\"bearer\"} is expected",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Request {
        request_of_input(line, &Map::new()).unwrap()
    }

    fn refusal(line: &str) -> String {
        request_of_input(line, &Map::new()).unwrap_err().to_string()
    }

    #[test]
    fn a_line_is_a_url_as_it_is_or_in_quotes() {
        for line in ["http://h/1", "  http://h/1 ", "\"http://h/1\""] {
            assert_eq!(read(line).url(), "http://h/1");
            assert_eq!(read(line).method(), "GET");
        }
    }

    #[test]
    fn json_and_forms_are_bodies_of_their_kind() {
        let request = read(r#"{"url":"http://h/","json":{"b":[1]}}"#);
        assert_eq!(
            (request.method().as_str(), request.body_bytes()),
            ("POST", &br#"{"b":[1]}"#[..])
        );
        assert_eq!(
            request.header_edits()[0].1.as_ref().unwrap(),
            "application/json"
        );
        let request = read(r#"{"url":"http://h/","method":"PUT","form":{"a":"x y","n":[1,2]}}"#);
        assert_eq!(
            (request.method().as_str(), request.body_bytes()),
            ("PUT", &b"a=x%20y&n=1&n=2"[..])
        );
    }

    #[test]
    fn a_body_goes_to_the_file_that_is_named() {
        let request = read(r#"{"url":"http://h/","output_file":"a/b.html"}"#);
        assert_eq!(request.saves_to(), Some(Path::new("a/b.html")));
        assert_eq!(read("http://h/").saves_to(), None);
    }

    #[test]
    fn a_body_of_a_file_is_its_path() {
        let line = r#"{"url":"http://h/","body_file":"uploads/1.tar"}"#;
        let request = read(line);
        assert_eq!(request.method(), "POST");
        assert!(request.body_bytes().is_empty());
        let again = super::super::line_of(&request);
        assert!(again.contains(r#""body_file":"uploads/1.tar""#), "{again}");
        let both = r#"{"url":"http://h/","body_file":"a","body":"b"}"#;
        assert!(refusal(both).starts_with("only one of body"));
    }

    #[test]
    fn credentials_are_headers_and_no_text_of_them_is_shown() {
        let request = read(r#"{"url":"http://h/","auth":{"user":"u","password":"p"}}"#);
        let value = request.header_edits()[0].1.clone().unwrap();
        assert!(value.is_sensitive());
        assert_eq!(value, "Basic dTpw");
    }

    #[test]
    fn defaults_hold_where_the_line_says_nothing() {
        let mut defaults = Map::new();
        defaults.insert("method".into(), "PUT".into());
        defaults.insert("body".into(), "x".into());
        let request = request_of_input("http://h/", &defaults).unwrap();
        assert_eq!(
            (request.method().as_str(), request.body_bytes()),
            ("PUT", &b"x"[..])
        );
        let request = request_of_input(r#"{"url":"http://h/","json":1}"#, &defaults).unwrap();
        assert_eq!(
            (request.method().as_str(), request.body_bytes()),
            ("PUT", &b"1"[..])
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, reason) in [
            ("{\"url\": ", "not JSON: EOF"),
            (
                "{\"url\":\"http://h/\",\"metod\":\"PUT\"}",
                "the request has the unknown key \"metod\"",
            ),
            ("{\"method\":\"PUT\"}", "not a request: missing field `url`"),
            (
                "{\"url\":\"http://h/\",\"json\":1,\"body\":\"\"}",
                "only one of body",
            ),
            ("{\"url\":\"http://h/\",\"auth\":1}", "auth: "),
            (
                "{\"v\":1,\"key\":\"x\",\"outcome\":\"failed\",\"url\":\"http://h/\"}",
                "a record of a results file holds no request",
            ),
            (
                "{\"url\":\"http://h/\",\"output_file\":\"a/../../b\"}",
                "output_file: \"a/../../b\" is no relative path",
            ),
            (
                "{\"url\":\"http://h/\",\"output_file\":\"/etc/passwd\"}",
                "output_file: \"/etc/passwd\" is no relative path",
            ),
        ] {
            assert!(refusal(line).starts_with(reason), "{}", refusal(line));
        }
    }
}
