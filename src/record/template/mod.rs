//! Texts with placeholders: URLs and requests made of rows, names of files, lines of results.

mod json;
mod parse;
mod request;
mod row;
mod secret_places;
mod secrets;
#[cfg(test)]
mod tests;
mod url;
mod value;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

pub use request::RequestTemplate;
pub(super) use row::TemplateRow;
pub(super) use secrets::TemplateSecrets;
pub use value::TemplateValue;

use super::InvalidLine;
use crate::redact;

/// Upper bound for the length of a placeholder that an error shows, in bytes.
const SHOWN: usize = 60;

/// Text with placeholders, parsed once and filled as often as there are rows.
///
/// | written | becomes |
/// |---|---|
/// | `{name}` | the value, escaped for its place |
/// | `{name:raw}` | the value as it is |
/// | `{name:json}` | the value as JSON: text in quotes, or a [text that is JSON](TemplateValue::Text) |
/// | `{name:06}` | a whole number with zeros in front, to 6 digits here; other values as they are |
/// | `{{` | one `{` |
///
/// A `}` outside a placeholder is itself. A name may hold any characters but `{`, `}` and control characters; what
/// stands behind its last colon is a part of it unless it is one of the forms above.
///
/// ```
/// use haul::record::{ValueEscaping, Template, TemplateValue};
///
/// let line = Template::parse("{index:03} {status} {{}")?;
/// assert_eq!(line.names().collect::<Vec<_>>(), ["index", "status"]);
/// let filled = line.fill(ValueEscaping::None, |name| match name {
///     "index" => Some(TemplateValue::from(7_u64)),
///     _ => Some(TemplateValue::from("200")),
/// });
/// assert_eq!(filled.unwrap(), "007 200 {}");
/// # Ok::<(), haul::record::InvalidTemplate>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<TemplatePiece>,
}

/// Escaping of the values that are put into a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueEscaping {
    /// Values are put in as they are.
    None,
    /// Values stand within a JSON string: quotes, backslashes and control characters are escaped.
    Json,
    /// Values stand within a component of a URL, and are percent-encoded.
    ///
    /// Letters and digits of ASCII, `-`, `.`, `_` and `~` stay as they are.
    Percent,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum TemplatePiece {
    Text(String),
    Place(Placeholder),
}

/// A placeholder: the name of a value, and the form in which the value is put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placeholder {
    pub(super) name: String,
    pub(super) form: ValueForm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueForm {
    /// Escaped as the place asks for it.
    Escaped,
    /// Not escaped.
    Raw,
    /// As JSON, then escaped.
    Json,
    /// A whole number with zeros in front, up to this number of digits.
    Padded(usize),
}

/// Error of a text that is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidTemplate {
    /// Number of the line, from 1. `None`: the text is no file of lines.
    line: Option<usize>,
    column: usize,
    placeholder: String,
    reason: Cow<'static, str>,
}

impl InvalidTemplate {
    /// Number of the line with the mistake, from 1. `None`: the template is no JSON.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// Position of the mistake in its line, in characters from 1: of a placeholder the position of its `{`.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Placeholder or key with the mistake, as far as it goes. Empty: the mistake is elsewhere.
    pub fn placeholder(&self) -> &str {
        &self.placeholder
    }
}

impl fmt::Display for InvalidTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}, ")?;
        }
        write!(f, "column {}: {}", self.column, self.reason)?;
        match redact::beginning(&self.placeholder, SHOWN) {
            "" => Ok(()),
            shown => write!(f, ": {shown:?}"),
        }
    }
}

impl std::error::Error for InvalidTemplate {}

impl FromStr for Template {
    type Err = InvalidTemplate;

    fn from_str(text: &str) -> Result<Template, InvalidTemplate> {
        Template::parse(text)
    }
}

impl Template {
    /// Parses a text with placeholders.
    ///
    /// # Errors
    /// When a placeholder is not closed or has no name. The error names its column.
    pub fn parse(text: &str) -> Result<Template, InvalidTemplate> {
        parse::pieces(text).map(|pieces| Template { pieces })
    }

    /// Returns the names of the placeholders in their order. A name comes as often as it is used.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.placeholders().map(|place| &*place.name)
    }

    pub(super) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.pieces.iter().filter_map(|piece| match piece {
            TemplatePiece::Place(place) => Some(place),
            TemplatePiece::Text(_) => None,
        })
    }

    /// Returns the name if the text is one placeholder of the form `{name:json}` and nothing else.
    fn only_json(&self) -> Option<&str> {
        match &*self.pieces {
            [TemplatePiece::Place(place)] if place.form == ValueForm::Json => Some(&place.name),
            _ => None,
        }
    }

    /// Puts the values in the places of the placeholders.
    ///
    /// `values` returns the value of a name; `None`: there is none.
    ///
    /// # Errors
    /// When there is no value for a name, or a value cannot be put in: a list or an object without `:json`, or a text
    /// for `:json` that is no JSON. The error shows the name, and no value.
    pub fn fill<'v>(
        &self,
        escaping: ValueEscaping,
        mut values: impl FnMut(&str) -> Option<TemplateValue<'v>>,
    ) -> Result<String, InvalidLine> {
        let mut filled = String::new();
        for piece in &self.pieces {
            match piece {
                TemplatePiece::Text(text) => filled.push_str(text),
                TemplatePiece::Place(place) => {
                    let value = place.value(&mut values)?;
                    match place.form {
                        ValueForm::Raw => filled.push_str(&value),
                        _ => escaping.add(&value, &mut filled),
                    }
                }
            }
        }
        Ok(filled)
    }
}

impl ValueEscaping {
    fn add(self, value: &str, to: &mut String) {
        match self {
            ValueEscaping::None => to.push_str(value),
            ValueEscaping::Json => {
                let quoted = serde_json::Value::from(value).to_string();
                to.push_str(&quoted[1..quoted.len() - 1]);
            }
            ValueEscaping::Percent => to.extend(crate::url::component(value)),
        }
    }
}

impl Placeholder {
    /// Returns the value in the form of the placeholder, before it is escaped.
    fn value<'v>(
        &self,
        values: &mut impl FnMut(&str) -> Option<TemplateValue<'v>>,
    ) -> Result<String, InvalidLine> {
        let name = &*self.name;
        let value = values(name).ok_or_else(|| missing(name))?;
        let text = match self.form {
            ValueForm::Json => value.json(),
            _ => value.plain(),
        };
        let text = text.map_err(|reason| InvalidLine::new(reason).showing(name))?;
        Ok(match self.form {
            ValueForm::Padded(digits) => value::padded(&text, digits),
            _ => text.into_owned(),
        })
    }
}

/// Makes the error of a name without a value.
pub(super) fn missing(name: &str) -> InvalidLine {
    let reason = "the line has no value for a placeholder of the template";
    let wrong = match form_hint(name) {
        Some(hint) => InvalidLine::new(format!("{reason} ({hint})")),
        None => InvalidLine::new(reason),
    };
    wrong.showing(name)
}

/// Says which forms a placeholder may have, if the name seems to have another. `None`: it has no colon.
pub(super) fn form_hint(name: &str) -> Option<&'static str> {
    let has_form = name.contains(':');
    has_form.then_some(
        "behind a colon stands raw, json or a width like 06; other text is a part of the name",
    )
}
