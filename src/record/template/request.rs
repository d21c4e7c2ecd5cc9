//! Requests made of rows.

use serde_json::Value;

use super::json::JsonPlace;
use super::json::{self, JsonPiece, JsonTemplate};
use super::{InvalidTemplate, Template, TemplateRow, TemplateSecrets, ValueEscaping, missing};
use crate::record::InvalidLine;
use crate::record::known_keys::is_known_key;
use crate::redact::{MASK, Redaction};

/// Request with placeholders, for the rows of an input.
///
/// Give it to [`InputLines::template`](crate::record::InputLines::template). A placeholder is filled with the value of a
/// key of a line that is a JSON object, with the value at a JSON pointer (`{/user/name}`) in it, or with the whole line
/// (`{line}`). [`Template`] says how placeholders are written.
///
/// - **URL.** Values are percent-encoded; `{name:raw}` and a placeholder that begins the URL are not. A value that would
///   be a dot segment of the path (`..`), or leave a segment empty, is refused.
/// - **Other strings.** Values stand in the string as text. A string that is nothing but `{name:json}` becomes the JSON
///   value, with its digits as they are written.
/// - **Whole line.** `{line}` of an object that has the key `line` is the value of that key; `{/line}` always is.
/// - **Id and tag.** A line's `id` (or `custom_id`) and `tag` are those of its request, unless the template has others.
///
/// ```
/// use haul::record::{InputLines, RequestTemplate};
///
/// let template = RequestTemplate::parse(r#"{
///     "url": "https://example.com/items/{sku}",
///     "json": {"price": "{price:json}", "note": "sold in {town}"}
/// }"#)?;
/// let mut lines = InputLines::new().template(template);
/// let request = lines.read(r#"{"sku": "a/b", "price": 19.00, "town": "York"}"#)?.request;
/// assert_eq!(request.url(), "https://example.com/items/a%2Fb");
/// assert_eq!(request.body_bytes(), br#"{"price": 19.00, "note": "sold in York"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestTemplate {
    pub(super) pieces: Vec<JsonPiece>,
}

impl RequestTemplate {
    /// Reads a request as a JSON object with placeholders inside its strings.
    ///
    /// The keys are those of a line of input.
    ///
    /// # Errors
    /// When the text is no JSON object, lacks `url`, has an unknown key, or has a mistake in a placeholder. The error
    /// names line and column.
    pub fn parse(json: &str) -> Result<RequestTemplate, InvalidTemplate> {
        let JsonTemplate { pieces, keys } = json::read(json)?;
        for (key, at) in &keys {
            if !is_known_key(key) {
                let reason = "a request has no such key";
                return Err(json::mistake(json, *at, key, reason));
            }
        }
        if !keys.iter().any(|(key, _)| key == "url") {
            return Err(json::mistake(
                json,
                0,
                "url",
                "the request has no key of this name",
            ));
        }
        Ok(RequestTemplate { pieces })
    }

    /// Reads the URL of a GET request.
    ///
    /// # Errors
    /// When the URL is empty, or a placeholder has a mistake.
    pub fn of_url(url: &str) -> Result<RequestTemplate, InvalidTemplate> {
        if url.trim().is_empty() {
            return Err(InvalidTemplate {
                line: None,
                column: 1,
                placeholder: String::new(),
                reason: "the URL is empty (such as https://example.com/{name} is expected)".into(),
            });
        }
        let pieces = vec![
            JsonPiece::Written("{\"url\":".to_owned()),
            JsonPiece::Url(Template::parse(url.trim())?),
            JsonPiece::Written("}".to_owned()),
        ];
        Ok(RequestTemplate { pieces })
    }

    /// Returns the names of the placeholders. A name comes as often as it is used.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().flat_map(|piece| {
            let (template, value) = match piece {
                JsonPiece::Text(template, _) | JsonPiece::Url(template) => (Some(template), None),
                JsonPiece::Value(name, _) => (None, Some(&**name)),
                JsonPiece::Written(_) => (None, None),
            };
            template.into_iter().flat_map(Template::names).chain(value)
        })
    }

    /// Returns the first name that is none of these columns of a table. `None`: each name is one.
    ///
    /// Names that differ only in the case of their letters are equal, as in the columns of a table.
    pub fn unknown_name<S: AsRef<str>>(&self, columns: &[S]) -> Option<&str> {
        let is_column = |name: &&str| {
            let alike = |column: &S| column.as_ref().eq_ignore_ascii_case(name);
            columns.iter().any(alike)
        };
        self.names().find(|name| !is_column(name))
    }

    /// Finds the secrets that the template puts into requests, by the names that are secret.
    pub(in crate::record) fn secrets(&self, redaction: &Redaction) -> TemplateSecrets {
        TemplateSecrets::of(&self.pieces, redaction)
    }

    /// Makes the request of a row, as JSON. Secrets are masked where records show them.
    pub(in crate::record) fn fill(
        &self,
        row: &TemplateRow<'_>,
        secrets: &TemplateSecrets,
    ) -> Result<String, InvalidLine> {
        let mut filled = String::new();
        let quoted = |text: String| Value::from(text).to_string();
        let value = |name: &str, place: &JsonPlace| match place {
            JsonPlace::Shown => secrets.shown_value(row, name),
            _ => row.value(name),
        };
        for piece in &self.pieces {
            match piece {
                JsonPiece::Written(json) => filled.push_str(json),
                JsonPiece::Text(template, place) => {
                    let text = template.fill(ValueEscaping::None, |name| value(name, place))?;
                    filled.push_str(&quoted(text));
                }
                JsonPiece::Url(template) => {
                    filled.push_str(&quoted(template.fill_url(|name| row.value(name))?));
                }
                JsonPiece::Value(name, place) => {
                    // A cell that is no JSON is told, also if it is not shown.
                    let given = row.value(name).ok_or_else(|| missing(name))?;
                    let wrong = |reason| InvalidLine::new(reason).showing(name);
                    let json = given.json().map_err(wrong)?;
                    match place {
                        JsonPlace::Shown => {
                            let shown = value(name, place).unwrap_or_else(|| given.clone());
                            let text = || quoted(shown.plain().unwrap_or_default().into_owned());
                            filled.push_str(&shown.json().map_or_else(|_| text(), Into::into));
                        }
                        _ => filled.push_str(&json),
                    }
                }
            }
        }
        row.complete(&mut filled, |key, json| secrets.kept(row, key, json))?;
        Ok(filled)
    }

    /// Makes the URL of a row whose request could not be made, its secrets masked. `None`: the URL cannot be made
    /// either.
    pub(in crate::record) fn url_of(
        &self,
        row: &TemplateRow<'_>,
        secrets: &TemplateSecrets,
    ) -> Option<String> {
        let url = self.pieces.iter().find_map(|piece| match piece {
            JsonPiece::Url(template) => Some(template),
            _ => None,
        })?;
        let filled = url.fill_url(|name| secrets.shown_value(row, name)).ok()?;
        let mask: String = crate::url::component(MASK).collect();
        Some(filled.replace(&mask, MASK))
    }
}
