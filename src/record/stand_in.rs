//! Requests that stand for lines that could not be read.

use serde::Deserializer as _;
use serde_json::value::RawValue;

use super::InvalidLine;
use super::fields;
use super::pairs::GatherPairs;
use crate::digest::Sha256;
use crate::redact::{MASK, unreadable};
use crate::request::Request;

/// Makes the request that stands for a line. It shows the host and path of the line's URL, and the line's id.
pub(super) fn stand_in(line: &[u8], wrong: InvalidLine) -> Request {
    stand_in_with(line, wrong, url_in)
}

/// Makes the request that stands for a line that a failure log has kept, with the id that the log shows.
pub(super) fn stand_in_again(logged: &Request, wrong: InvalidLine) -> Request {
    let line = logged.raw_line().unwrap_or_default();
    let again = match logged.needs_template() {
        true => {
            let url = Some(logged.url().to_owned());
            stand_in_with(line, wrong, |_, _| url).of_bad_row()
        }
        false => stand_in(line, wrong),
    };
    let again = match (logged.request_id(), again.request_id()) {
        (Some(id), _) => again.id(id),
        (None, Some(_)) => again.id(MASK),
        (None, None) => again,
    };
    again.keeping_line(line)
}

/// Makes the request that stands for a row, whose URL was made by a template. `None`: the URL could not be made.
/// `hides_id`: true if the id of the row is a secret.
pub(super) fn stand_in_of_row(
    line: &[u8],
    wrong: InvalidLine,
    url: Option<String>,
    hides_id: bool,
) -> Request {
    let request = stand_in_with(line, wrong, |_, _| url).of_bad_row();
    match hides_id && request.request_id().is_some() {
        true => request.id(MASK),
        false => request,
    }
}

/// Returns the URL of a line. `None`: none can be told.
fn url_in(text: &str, keys: &ObjectKeys<'_>) -> Option<String> {
    match text.chars().next() {
        Some('{') if keys.are_all => Some(keys.text("url").unwrap_or_default()),
        Some('{') if keys.go_on_after("url") => keys.text("url"),
        Some('{') => None,
        Some('"') => serde_json::from_str(text).ok(),
        Some('[') | None => None,
        Some(_) => Some(text.to_owned()),
    }
}

fn stand_in_with(
    line: &[u8],
    wrong: InvalidLine,
    url: impl FnOnce(&str, &ObjectKeys<'_>) -> Option<String>,
) -> Request {
    let text = String::from_utf8_lossy(line);
    let text = text.trim();
    let keys = ObjectKeys::of(text);
    let mut mistake = wrong.into_mistake();
    if let (None, Some(key)) = (&mistake.shown, &keys.without_value) {
        mistake = mistake.showing(key.as_str());
    }
    let url = url(text, &keys);
    let url = url.map_or(MASK.to_owned(), |url| unreadable(&url));
    let mut digest = Sha256::new();
    digest.update(line);
    let request = Request::get(url)
        .spoiled(mistake)
        .of_bad_line(digest.finish());
    match keys.id() {
        Some(id) => request.id(id),
        None => request,
    }
}

/// The keys of an object, up to a fault in it.
#[derive(Default)]
struct ObjectKeys<'a> {
    pairs: Vec<(String, &'a RawValue)>,
    /// The key whose value has the fault. `None`: the fault is elsewhere, or there is none.
    without_value: Option<String>,
    /// True if the object has no fault.
    are_all: bool,
}

impl<'a> ObjectKeys<'a> {
    fn of(text: &'a str) -> ObjectKeys<'a> {
        let mut keys = ObjectKeys::default();
        if text.starts_with('{') {
            let gather = GatherPairs {
                pairs: &mut keys.pairs,
                without_value: &mut keys.without_value,
            };
            let read = serde_json::Deserializer::from_str(text).deserialize_map(gather);
            keys.are_all = read.is_ok();
        }
        keys
    }

    fn get(&self, key: &str) -> Option<&'a RawValue> {
        let found = self.pairs.iter().find(|(other, _)| other == key);
        found.map(|(_, value)| *value)
    }

    /// True if a further key comes after this one: its value is whole. A value right before a fault may be cut by it.
    fn go_on_after(&self, key: &str) -> bool {
        let is_last = self.pairs.last().is_some_and(|(last, _)| last == key);
        !is_last || self.without_value.is_some()
    }

    fn text(&self, key: &str) -> Option<String> {
        fields::text(key, self.get(key)?).ok()
    }

    /// Returns the id that the line gives its request. `None`: there is none, or it cannot be read.
    fn id(&self) -> Option<String> {
        let named = |key| fields::name(key, self.get(key)?).ok();
        named("id").or_else(|| named("custom_id"))
    }
}
