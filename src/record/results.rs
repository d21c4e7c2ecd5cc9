//! Reads the request of a line of a results file again.

use super::InvalidLine;
use super::fields::{ObjectFields, name, text, whole};
use super::keys::KeyMaker;
use super::read::{ReadRequest, url_of};
use super::wire::Version;
use crate::key::{Key, KeyVersion};
use crate::redact::MASK;
use crate::request::{Request, Tag};
use http::Method;

/// Upper bound for the number of parameters that are tried apart from the URL.
const MOST_PARAMETERS: usize = 32;

/// Makes the request of a record that does not hold it: a GET or HEAD of the URL.
pub(super) fn of_result(keys: &ObjectFields<'_>) -> Result<ReadRequest, InvalidLine> {
    let version = keys.read_key("v", whole::<u64>)?.unwrap_or_default();
    if let Some(refusal) = Version::refusal(version) {
        return Err(InvalidLine::new(refusal));
    }
    let method = keys.read_key("method", text)?.unwrap_or_default();
    if ![Method::GET.as_str(), Method::HEAD.as_str()].contains(&&*method) {
        return Err(InvalidLine::new(
            "a results file holds no bodies: only GET and HEAD are sent again (a failure log, which --failures writes, \
             holds whole requests)",
        ));
    }
    if keys.read_key("error_type", text)?.as_deref() == Some("invalid_request") {
        return Err(InvalidLine::new(
            "the record is of a request that could not be read (its list or a failure log has the line)",
        ));
    }
    let url = url_of(keys)?;
    if url.contains(MASK) {
        return Err(InvalidLine::new(
            "url: its secrets were left out when the record was written (its list has them)",
        ));
    }
    let mut request = Request::new(&method, url);
    if let Some(id) = keys.read_key("id", name)? {
        request = request.id(id);
    }
    if let Some(tag) = keys.get("tag") {
        request = request.tagged(Tag::written(tag.to_owned()));
    }
    let key = keys.read_key("key", text)?;
    let is_incomplete = key.is_some_and(|key| !has_key(&request, &key));
    Ok(ReadRequest {
        request,
        unknown: Vec::new(),
        logged: true,
        is_incomplete,
    })
}

/// True if the request alone has this key: it had no headers, credentials or body of its own. Parameters of the request
/// stand in the URL of its record.
fn has_key(request: &Request, key: &str) -> bool {
    let Ok(key) = key.parse::<Key>() else {
        return false;
    };
    let version = match key.to_string().starts_with("2-") {
        true => KeyVersion::Two,
        false => KeyVersion::One,
    };
    let maker = KeyMaker {
        version,
        base: None,
    };
    if maker.of(request) == key {
        return true;
    }
    let Some((before, query)) = request.url().split_once('?') else {
        return false;
    };
    let query = query.split('#').next().unwrap_or_default();
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let written: Vec<&str> = query.split('&').collect();
    if pairs.len() != written.len() || pairs.len() > MOST_PARAMETERS {
        return false;
    }
    (0..pairs.len()).any(|kept| {
        let url = match kept {
            0 => before.to_owned(),
            _ => format!("{before}?{}", written[..kept].join("&")),
        };
        let mut apart = Request::new(request.method().as_str(), url);
        if let Some(id) = request.request_id() {
            apart = apart.id(id);
        }
        for (name, value) in &pairs[kept..] {
            apart = apart.query(name, value);
        }
        maker.of(&apart) == key
    })
}

#[cfg(test)]
mod tests {
    use crate::record::{InputLines, Key};
    use crate::request::Request;

    fn record(request: &Request, more: &str) -> String {
        format!(
            "{{\"v\":1,\"index\":0,\"key\":\"{}\",\"outcome\":\"success\",\"method\":\"{}\"{more}}}",
            Key::of(request),
            request.method()
        )
    }

    #[test]
    fn get_and_head_are_sent_again_with_id_and_tag() {
        for request in [Request::get("http://h/a"), Request::head("http://h/a")] {
            let request = request.id("7").tag("x");
            let line = record(
                &request,
                r#","url":"http://h/a","id":"7","tag":"x","status":200"#,
            );
            let read = InputLines::new().read(&line).unwrap();
            assert_eq!(Key::of(&read.request), Key::of(&request));
            assert_eq!(read.request.tag_value(), request.tag_value());
            assert!(!read.is_incomplete);
        }
    }

    #[test]
    fn a_request_with_headers_or_a_body_of_its_own_is_known_by_its_key() {
        let plain = || Request::get("http://h/?a=1&b=x%20y");
        let more = r#","url":"http://h/?a=1&b=x%20y""#;
        let split = Request::get("http://h/?a=1").query("b", "x y");
        for (request, is_incomplete) in [
            (plain(), false),
            (split, false),
            (plain().header("Accept", "a"), true),
            (plain().bearer("t"), true),
            (plain().body("b"), true),
        ] {
            let read = InputLines::new().read(&record(&request, more)).unwrap();
            assert_eq!(read.is_incomplete, is_incomplete, "{request:?}");
        }
    }

    #[test]
    fn other_records_of_a_results_file_are_refused() {
        let url = r#","url":"http://h/""#;
        for (request, more, reason) in [
            (
                Request::post("http://h/"),
                url,
                "only GET and HEAD are sent again (a failure log",
            ),
            (
                Request::get("u"),
                r#","url":"http://***@h/""#,
                "secrets were left out",
            ),
            (
                Request::get("u"),
                r#","url":"http://h/","error_type":"invalid_request""#,
                "could not be read",
            ),
        ] {
            let wrong = InputLines::new().read(&record(&request, more)).unwrap_err();
            assert!(wrong.to_string().contains(reason), "{wrong}");
        }
    }
}
