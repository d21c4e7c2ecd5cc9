//! Rows that templates are filled from.

use serde_json::value::RawValue;

use super::TemplateValue;
use crate::record::InvalidLine;
use crate::record::fields::{self, ObjectFields, is_null};
use crate::response::find;

/// Name under which a template has the whole line.
pub(super) const LINE: &str = "line";

/// Keys of a line that its request gets, unless the template has others.
pub(super) const KEPT: [&str; 3] = ["id", "custom_id", "tag"];

/// A row of an input.
pub(in crate::record) enum TemplateRow<'r> {
    /// A line that is no JSON object.
    Line(&'r str),
    /// A line that is a JSON object.
    Object(ObjectFields<'r>),
    /// A row of a table.
    Cells {
        /// Cells by the names of their columns.
        cells: ObjectFields<'r>,
        /// Keys of the request that the columns give, unless the template has others.
        own: ObjectFields<'r>,
    },
}

impl<'r> TemplateRow<'r> {
    /// Reads a line. `text`: true if the line is text, also if it looks like JSON.
    pub(in crate::record) fn read(
        line: &'r str,
        text: bool,
    ) -> Result<TemplateRow<'r>, InvalidLine> {
        match line.starts_with('{') && !text {
            true => {
                let keys = ObjectFields::read(line)?;
                keys.check_repeated()?;
                Ok(TemplateRow::Object(keys))
            }
            false => Ok(TemplateRow::Line(line)),
        }
    }

    /// Takes the cells of a row, and the keys that the columns give its request, each as a JSON object.
    pub(in crate::record) fn of_table(
        cells: &'r str,
        own: &'r str,
    ) -> Result<TemplateRow<'r>, InvalidLine> {
        Ok(TemplateRow::Cells {
            cells: ObjectFields::read(cells)?,
            own: ObjectFields::read(own)?,
        })
    }

    /// Returns the keys of a line that is a JSON object.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let keys = match self {
            TemplateRow::Object(keys) => Some(keys.names()),
            TemplateRow::Line(_) | TemplateRow::Cells { .. } => None,
        };
        keys.into_iter().flatten()
    }

    /// Returns the value of a name: of a column or a key, at a JSON pointer, or the whole line.
    pub(in crate::record) fn value(&self, name: &str) -> Option<TemplateValue<'r>> {
        match self {
            TemplateRow::Line(line) => (name == LINE).then(|| (*line).into()),
            TemplateRow::Object(keys) => {
                let value = keys.get(name).map(TemplateValue::from);
                let text = keys.text();
                value.or_else(|| match name {
                    LINE => Some(text.into()),
                    _ if name.starts_with('/') => at_pointer(text, name).map(TemplateValue::from),
                    _ => None,
                })
            }
            TemplateRow::Cells { cells, .. } => {
                let column = cells.names().find(|column| *column == name);
                let alike = || {
                    cells
                        .names()
                        .find(|column| column.eq_ignore_ascii_case(name))
                };
                let column = column.or_else(alike)?;
                let text = fields::text(column, cells.get(column)?).ok()?;
                Some(text.into())
            }
        }
    }

    /// Returns the place of the value of a name: the keys and indexes that lead to it. Names of columns are in lower case.
    pub(super) fn path(&self, name: &str) -> Vec<String> {
        match self {
            TemplateRow::Object(keys) if keys.has(name) => vec![name.to_owned()],
            TemplateRow::Line(_) | TemplateRow::Object(_) if name == LINE => Vec::new(),
            TemplateRow::Object(_) if name.starts_with('/') => {
                let parts = name.split('/').skip(1);
                parts
                    .map(|part| part.replace("~1", "/").replace("~0", "~"))
                    .collect()
            }
            TemplateRow::Cells { .. } => vec![name.to_ascii_lowercase()],
            TemplateRow::Line(_) | TemplateRow::Object(_) => vec![name.to_owned()],
        }
    }

    /// True if the row is a line that is a JSON object.
    pub(super) fn is_object(&self) -> bool {
        matches!(self, TemplateRow::Object(_))
    }

    /// Adds the keys of the row that the request, as JSON, does not have. `shown` returns the value of a key in place of
    /// the one that the row has; `None`: the row's.
    pub(super) fn complete(
        &self,
        request: &mut String,
        shown: impl Fn(&str, &str) -> Option<String>,
    ) -> Result<(), InvalidLine> {
        let (keys, kept) = match self {
            TemplateRow::Line(_) => return Ok(()),
            TemplateRow::Object(keys) => (keys, &KEPT[..]),
            TemplateRow::Cells { own, .. } => (own, &[][..]),
        };
        let written = ObjectFields::read(request)?;
        let has = |key: &str| match key {
            "id" | "custom_id" => written.has("id") || written.has("custom_id"),
            _ if is_body(key) => written.names().any(is_body),
            _ => written.has(key),
        };
        let is_kept = |key: &&str| kept.is_empty() || kept.contains(key);
        let added = keys.names().filter(|key| is_kept(key) && !has(key));
        let added: Vec<String> = added
            .filter_map(|key| {
                let json = keys.get(key)?.get();
                let other = shown(key, json);
                let json = other.as_deref().unwrap_or(json);
                Some(format!("{}:{json}", serde_json::Value::from(key)))
            })
            .collect();
        let is_empty = written.names().next().is_none();
        if !added.is_empty()
            && let Some(end) = request.rfind('}')
        {
            let comma = if is_empty { "" } else { "," };
            request.insert_str(end, &format!("{comma}{}", added.join(",")));
        }
        Ok(())
    }
}

/// True for the keys of a request's body.
fn is_body(key: &str) -> bool {
    crate::record::known_keys::BODIES.contains(&key)
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
