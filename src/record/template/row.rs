//! Rows that templates are filled from.

use serde_json::value::RawValue;

use super::TemplateValue;
use crate::record::InvalidLine;
use crate::record::fields::{self, ObjectFields, is_null};
use crate::request::{Request, Tag};
use crate::response::find;

/// Name under which a template has the whole line.
const LINE: &str = "line";

/// A row of an input.
pub(in crate::record) enum Row<'r> {
    /// A line that is no JSON object.
    Line(&'r str),
    /// A line that is a JSON object.
    Object(ObjectFields<'r>),
}

impl<'r> Row<'r> {
    /// Reads a line. `text`: true if the line is text, also if it looks like JSON.
    pub(in crate::record) fn read(line: &'r str, text: bool) -> Result<Row<'r>, InvalidLine> {
        match line.starts_with('{') && !text {
            true => {
                let keys = ObjectFields::read(line)?;
                keys.check_repeated()?;
                Ok(Row::Object(keys))
            }
            false => Ok(Row::Line(line)),
        }
    }

    /// Returns the value of a name: of a key, at a JSON pointer, or the whole line.
    pub(super) fn value(&self, name: &str) -> Option<TemplateValue<'r>> {
        match self {
            Row::Line(line) => (name == LINE).then(|| (*line).into()),
            Row::Object(keys) => {
                let value = keys.get(name).map(TemplateValue::from);
                let text = keys.text();
                value.or_else(|| match name {
                    LINE => Some(text.into()),
                    _ if name.starts_with('/') => at_pointer(text, name).map(TemplateValue::from),
                    _ => None,
                })
            }
        }
    }

    /// Gives the request the id and the tag of the row, unless the template gave it others.
    pub(in crate::record) fn mark(&self, mut request: Request) -> Result<Request, InvalidLine> {
        let Row::Object(keys) = self else {
            return Ok(request);
        };
        let id = ["id", "custom_id"].into_iter().find(|key| keys.has(key));
        if let (None, Some(key)) = (request.request_id(), id)
            && let Some(id) = keys.read_key(key, fields::name)?
        {
            request = request.id(id);
        }
        match (request.written_tag(), keys.get("tag")) {
            (None, Some(tag)) => Ok(request.tagged(Tag::written(tag.to_owned()))),
            _ => Ok(request),
        }
    }
}

/// Returns the value at a JSON pointer. `None`: there is none, or it is `null`.
fn at_pointer<'j>(json: &'j str, pointer: &str) -> Option<&'j RawValue> {
    let found = find(json, &[pointer]).ok()?;
    found
        .into_iter()
        .next()
        .flatten()
        .filter(|value| !is_null(value))
}
