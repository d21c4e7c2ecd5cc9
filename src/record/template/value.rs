//! Values that are put into templates.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// Value for a placeholder of a [`Template`](super::Template).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateValue<'v> {
    /// Text, such as a cell of a table. With `:json` the text itself is read as JSON.
    Text(Cow<'v, str>),
    /// A JSON value as it is written: its digits are kept.
    ///
    /// Text without `:json` is put in without its quotes.
    Json(Cow<'v, str>),
}

impl TemplateValue<'_> {
    /// Returns the value as text.
    pub(super) fn plain(&self) -> Result<Cow<'_, str>, &'static str> {
        let json = match self {
            TemplateValue::Text(text) => return Ok((&**text).into()),
            TemplateValue::Json(json) => json.trim(),
        };
        match json.as_bytes().first() {
            Some(b'"') => serde_json::from_str::<String>(json)
                .map(Cow::from)
                .map_err(|_| "a value holds an escape that stands for no character"),
            Some(b'{' | b'[') => {
                Err("a value is a list or an object, which only {NAME:json} puts into a template")
            }
            _ => Ok(json.into()),
        }
    }

    /// Returns the value as JSON.
    pub(super) fn json(&self) -> Result<Cow<'_, str>, &'static str> {
        match self {
            TemplateValue::Json(json) => Ok(json.trim().into()),
            TemplateValue::Text(text) => match serde_json::from_str::<&RawValue>(text) {
                Ok(json) => Ok(json.get().into()),
                Err(_) => Err("a value for {NAME:json} is no JSON"),
            },
        }
    }
}

/// Puts zeros in front of a whole number. Other texts stay as they are.
pub(super) fn padded(text: &str, digits: usize) -> String {
    let (sign, number) = match text.strip_prefix('-') {
        Some(number) => ("-", number),
        None => ("", text),
    };
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return text.to_owned();
    }
    format!("{sign}{number:0>digits$}")
}

impl<'v> From<&'v str> for TemplateValue<'v> {
    fn from(text: &'v str) -> TemplateValue<'v> {
        TemplateValue::Text(text.into())
    }
}

impl From<String> for TemplateValue<'_> {
    fn from(text: String) -> Self {
        TemplateValue::Text(text.into())
    }
}

impl From<u64> for TemplateValue<'_> {
    fn from(number: u64) -> Self {
        TemplateValue::Json(number.to_string().into())
    }
}

impl<'v> From<&'v RawValue> for TemplateValue<'v> {
    fn from(json: &'v RawValue) -> TemplateValue<'v> {
        TemplateValue::Json(json.get().into())
    }
}
