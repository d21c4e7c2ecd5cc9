//! Reads the request of a line of a results file again.

use super::InvalidLine;
use super::credentials;
use super::fields::{ObjectFields, name, text, whole};
use super::keys::KeyMaker;
use super::read::{ReadRequest, url_of};
use super::superseded::ReadResult;
use super::wire::Version;
use crate::key::{Key, KeyVersion};
use crate::redact::MASK;
use crate::request::{Request, Tag};
use http::Method;

/// Upper bound for the number of parameters that are looked for in the URL that was sent.
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
    let key = keys.read_key("key", text)?.unwrap_or_default();
    let sent = keys.read_key("final_url", text)?.unwrap_or_default();
    let key: Option<Key> = key.parse().ok();
    let sitemap = || request.clone().of_sitemap();
    let whole = key.and_then(|key| {
        with_key(&request, &sent, key).or_else(|| with_key(&sitemap(), &sent, key))
    });
    let outcome = keys.read_key("outcome", text)?;
    let supersedes = keys.get("supersedes");
    let facts = |key| ReadResult {
        key,
        is_success: outcome.as_deref() == Some("success"),
        supersedes: supersedes.is_some_and(|flag| flag.get() == "true"),
    };
    let is_incomplete = whole.is_none();
    let (request, has_origin) = credentials::as_recorded(whole.unwrap_or(request), keys)?;
    Ok(ReadRequest {
        result: key.map(facts),
        is_incomplete,
        lacks_origin: !has_origin,
        request,
        unknown: Vec::new(),
        logged: true,
    })
}

/// Returns the request with this key: the request itself, or with parameters of its own, which only the URL that was
/// sent has. `None`: the request had headers, credentials or a body of its own, or its parameters are not known.
fn with_key(request: &Request, sent: &str, key: Key) -> Option<Request> {
    let version = match key.to_string().starts_with("2-") {
        true => KeyVersion::Two,
        false => KeyVersion::One,
    };
    let maker = KeyMaker {
        version,
        base: None,
    };
    let mut whole = request.clone();
    for (name, value) in added_parameters(request.url(), sent) {
        if maker.of(&whole) == key {
            break;
        }
        whole = whole.query(name, value).with_line_params();
    }
    (maker.of(&whole) == key).then_some(whole)
}

/// Returns the parameters that the URL that was sent has behind those of the URL as it was written.
fn added_parameters(written: &str, sent: &str) -> Vec<(String, String)> {
    let query = |url: &str| {
        let url = url.split('#').next().unwrap_or_default();
        url.split_once('?').map(|(_, query)| query.to_owned())
    };
    let own = query(written).map_or(0, |own| own.split('&').count());
    let pairs = query(sent).unwrap_or_default();
    let pairs: Vec<&str> = pairs.split('&').skip(own).take(MOST_PARAMETERS).collect();
    url::form_urlencoded::parse(pairs.join("&").as_bytes())
        .into_owned()
        .collect()
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
        let more =
            r#","url":"http://h/?a=1&b=x%20y","final_url":"http://h/?a=1&b=x%20y&c=x%20y&d=&e=5""#;
        for (request, is_incomplete) in [
            (plain(), false),
            (plain().query("c", "x y"), false),
            (plain().query("c", "x y").query("d", ""), false),
            (plain().query("other", "x"), true),
            (plain().header("Accept", "a"), true),
            (plain().bearer("t"), true),
            (plain().body("b"), true),
        ] {
            let read = InputLines::new().read(&record(&request, more)).unwrap();
            assert_eq!(read.is_incomplete, is_incomplete, "{request:?}");
            assert_eq!(Key::of(&read.request) == Key::of(&request), !is_incomplete);
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
