//! Row of a table, and the request that its cells make.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use super::super::{InputFormat, InvalidInput};
use crate::record::RequestTemplate;
use crate::record::shown_names::shown_names;
use crate::record::template::form_hint;
use crate::record::tsv::unescaped;

/// Row of a table.
#[derive(Clone, Debug)]
pub struct Row {
    line: u64,
    columns: Arc<[String]>,
    text: String,
    /// Length of the cells up to the end of each.
    ends: Vec<usize>,
}

impl Row {
    pub(super) fn new(line: u64, columns: &Arc<[String]>, text: &str, ends: &[usize]) -> Row {
        Row {
            line,
            columns: Arc::clone(columns),
            text: text.to_owned(),
            ends: ends.to_vec(),
        }
    }

    /// Makes a row of cells in which a backslash begins an escape.
    pub(super) fn unescaped(line: u64, columns: &Arc<[String]>, text: &str, ends: &[usize]) -> Row {
        if !text.contains('\\') {
            return Row::new(line, columns, text, ends);
        }
        let mut row = Row::new(line, columns, "", &[]);
        for at in 0..ends.len() {
            row.text += &unescaped(cell(text, ends, at));
            row.ends.push(row.text.len());
        }
        row
    }

    /// Number of the line in which the row begins, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Returns the names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Returns the cell of a column, by the name of the column. `None`: the table has no such column.
    ///
    /// An empty cell is empty text. If no column has just this name, one that differs only in the case of its letters
    /// is taken.
    pub fn value(&self, name: &str) -> Option<&str> {
        Some(self.cell(position(&self.columns, name)?))
    }

    /// Returns the cells with the names of their columns.
    pub fn cells(&self) -> impl Iterator<Item = (&str, &str)> {
        let cells = (0..self.ends.len()).map(|at| self.cell(at));
        self.columns.iter().map(String::as_str).zip(cells)
    }

    /// Returns the text of the cell at a position. Empty: the row has no such cell.
    pub(super) fn cell(&self, at: usize) -> &str {
        match at < self.ends.len() {
            true => cell(&self.text, &self.ends, at),
            false => "",
        }
    }

    /// Returns the cells as an object in JSON.
    pub(super) fn to_object(&self) -> String {
        let (mut cells, mut keys) = (Object::new(), HashSet::new());
        for (at, (column, text)) in self.cells().enumerate() {
            cells.add(&tag_key(column, at, &mut keys), text);
        }
        cells.written().unwrap_or_else(|| "{}".to_owned())
    }

    /// Returns the cells as a list in JSON.
    pub(super) fn to_list(&self) -> String {
        let cells = (0..self.ends.len()).map(|at| Value::from(self.cell(at)));
        Value::Array(cells.collect()).to_string()
    }
}

/// Returns the position of a column: of one with just this name, else of one whose letters differ in case.
pub(super) fn position(columns: &[String], name: &str) -> Option<usize> {
    let exact = columns.iter().position(|column| column == name);
    exact.or_else(|| {
        let alike = |column: &String| column.eq_ignore_ascii_case(name);
        columns.iter().position(alike)
    })
}

/// Returns the text of a cell.
pub(super) fn cell<'t>(text: &'t str, ends: &[usize], at: usize) -> &'t str {
    let begin = at.checked_sub(1).map_or(0, |before| ends[before]);
    text.get(begin..ends[at]).unwrap_or_default()
}

/// Part of a request that a column gives.
#[derive(Clone, Debug, PartialEq, Eq)]
enum ColumnUse {
    Url,
    Id,
    Method,
    Body,
    Header(String),
    Param(String),
    /// A key of the tag.
    Tag(String),
}

/// Uses of the columns of a table, for the requests of its rows.
#[derive(Debug)]
pub(super) struct ColumnUses(Vec<ColumnUse>);

impl ColumnUses {
    /// Decides the use of each column. `url`, `id`: names of the columns with the URL and the id, if they are not named
    /// so.
    pub(super) fn of(
        columns: &[String],
        url: Option<&str>,
        id: Option<&str>,
        format: InputFormat,
    ) -> Result<ColumnUses, InvalidInput> {
        ColumnUses::decide(columns, url, id, format, true)
    }

    /// Decides the use of each column beside a template, which makes the URL: each of its names must be a column.
    pub(super) fn beside(
        template: &RequestTemplate,
        columns: &[String],
        id: Option<&str>,
        format: InputFormat,
    ) -> Result<ColumnUses, InvalidInput> {
        if let Some(name) = template.unknown_name(columns) {
            return Err(InvalidInput::of(
                format,
                format!(
                    "it has no column {name:?}, which the template names (its columns are {}{})",
                    shown_names(columns),
                    form_hint(name).map_or(String::new(), |hint| format!("; {hint}"))
                ),
            ));
        }
        ColumnUses::decide(columns, None, id, format, false)
    }

    fn decide(
        columns: &[String],
        url: Option<&str>,
        id: Option<&str>,
        format: InputFormat,
        needs_url: bool,
    ) -> Result<ColumnUses, InvalidInput> {
        let invalid = |reason: String| InvalidInput::of(format, reason);
        let find = |option: &str, given: Option<&str>, usual: &str| match given {
            None => Ok(position(columns, usual)),
            Some(name) => match position(columns, name) {
                Some(at) => Ok(Some(at)),
                None => Err(invalid(format!(
                    "it has no column {name:?} ({option}; its columns are {})",
                    shown_names(columns)
                ))),
            },
        };
        let (url, id) = (
            find("--url-column", url, "url")?,
            find("--id-column", id, "id")?,
        );
        if url.is_none() && needs_url {
            return Err(invalid(format!(
                "it has no column url (--url-column NAME names another; its columns are {})",
                shown_names(columns)
            )));
        }
        let mut uses: Vec<ColumnUse> = Vec::new();
        let mut keys = HashSet::new();
        for (at, column) in columns.iter().enumerate() {
            let lower = column.to_ascii_lowercase();
            let named = |begin: &str| {
                let rest = lower.strip_prefix(begin).map(str::len);
                rest.map(|length| column[column.len() - length..].trim().to_owned())
            };
            let used = match &*lower {
                _ if Some(at) == url => ColumnUse::Url,
                _ if Some(at) == id => ColumnUse::Id,
                "method" => ColumnUse::Method,
                "body" => ColumnUse::Body,
                _ => match (named("header:"), named("param:")) {
                    (Some(name), _) => ColumnUse::Header(name),
                    (_, Some(name)) => ColumnUse::Param(name),
                    _ => ColumnUse::Tag(tag_key(column, at, &mut keys)),
                },
            };
            let is_single = matches!(used, ColumnUse::Method | ColumnUse::Body);
            if is_single && uses.contains(&used) {
                return Err(invalid(format!("two of its columns are named {lower}")));
            }
            uses.push(used);
        }
        let usual = |name: &str, at: Option<usize>| {
            let alike = |column: &&String| column.eq_ignore_ascii_case(name);
            let is_usual = at.is_some_and(|at| columns[at].eq_ignore_ascii_case(name));
            is_usual && columns.iter().filter(alike).count() > 1
        };
        for (name, at) in [("url", url), ("id", id)] {
            if usual(name, at) {
                return Err(invalid(format!("two of its columns are named {name}")));
            }
        }
        Ok(ColumnUses(uses))
    }

    /// Returns the request of a row, as JSON. Empty cells are left out.
    pub(super) fn request(&self, row: &Row) -> String {
        let (mut keys, mut headers, mut params, mut tag) =
            (Object::new(), Object::new(), Object::new(), Object::new());
        let filled = self.0.iter().zip(row.cells());
        for (used, (_, text)) in filled.filter(|(_, (_, text))| !text.is_empty()) {
            match used {
                ColumnUse::Url => keys.add("url", text),
                ColumnUse::Id => keys.add("id", text),
                ColumnUse::Method => keys.add("method", text),
                ColumnUse::Body => keys.add("body", text),
                ColumnUse::Header(name) => headers.add(name, text),
                ColumnUse::Param(name) => params.add(name, text),
                ColumnUse::Tag(key) => tag.add(key, text),
            }
        }
        for (key, object) in [("headers", headers), ("params", params), ("tag", tag)] {
            if let Some(json) = object.written() {
                keys.add_json(key, &json);
            }
        }
        keys.written().unwrap_or_else(|| "{}".to_owned())
    }
}

/// Returns the key of a column in the tag. Columns without a name, or with the name of an earlier one, get their
/// number.
fn tag_key(column: &str, at: usize, taken: &mut HashSet<String>) -> String {
    let key = match column {
        "" => format!("column {}", at + 1),
        name if taken.contains(name) => format!("{name} (column {})", at + 1),
        name => name.to_owned(),
    };
    taken.insert(key.clone());
    key
}

/// JSON object that is written key by key, with repeated keys.
pub(super) struct Object(String);

impl Object {
    pub(super) fn new() -> Object {
        Object(String::new())
    }

    pub(super) fn add(&mut self, key: &str, text: &str) {
        self.add_json(key, &quoted(text));
    }

    pub(super) fn add_json(&mut self, key: &str, json: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0 += &quoted(key);
        self.0.push(':');
        self.0 += json;
    }

    /// Returns the object. `None`: it has no keys.
    pub(super) fn written(mut self) -> Option<String> {
        self.0.push('}');
        (self.0.len() > 1).then_some(self.0)
    }
}

/// Returns a text as JSON.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
