//! Values of a row: of a record, and of the response behind it.

use std::borrow::Cow;

use http::HeaderName;
use serde_json::value::RawValue;

use super::selection::{Column, ColumnValue};
use crate::outcome::Outcome;
use crate::record::body::compact;
use crate::record::make::{header_value, response_of};
use crate::record::write::WriteValue;
use crate::record::{Record, RecordOptions};
use crate::response::{ExchangeFacts, Response, find_written};

/// Outcome with its record, from which the values of a row are taken.
pub(super) struct RowSource<'o> {
    record: &'o Record<'o>,
    response: Option<&'o Response>,
    head: Option<&'o ExchangeFacts>,
    secrets: bool,
}

impl<'o> RowSource<'o> {
    pub(super) fn of<T: 'static>(
        outcome: &'o Outcome<T>,
        record: &'o Record<'o>,
        options: &RecordOptions,
    ) -> RowSource<'o> {
        RowSource {
            record,
            response: response_of(outcome),
            head: outcome.report.head.as_deref(),
            secrets: options.keeps_secrets(),
        }
    }

    /// Takes the values of a record whose response is not known.
    pub(super) fn of_record(record: &'o Record<'o>) -> RowSource<'o> {
        RowSource {
            record,
            response: None,
            head: None,
            secrets: false,
        }
    }

    /// Returns the value of each column as JSON. `None`: there is no value.
    pub(super) fn values(&self, columns: &[Column]) -> Vec<Option<Box<RawValue>>> {
        let is_pointer = |column: &&Column| column.value == ColumnValue::Pointer;
        let pointers: Vec<&str> = columns
            .iter()
            .filter(is_pointer)
            .map(|column| &*column.name)
            .collect();
        let mut found = self.at(&pointers).into_iter();
        let value = |column: &Column| match &column.value {
            ColumnValue::Field => self.field(&column.name),
            ColumnValue::Pointer => found.next().flatten(),
            ColumnValue::Header(name) => self.header(name),
        };
        columns.iter().map(value).collect()
    }

    fn field(&self, name: &str) -> Option<Box<RawValue>> {
        let mut json = Vec::new();
        let is_there = self.record.write_field(name, &mut json);
        is_there.then(|| raw(String::from_utf8_lossy(&json)))?
    }

    /// Returns the values at these pointers. A body that is cut or no JSON has none.
    fn at(&self, pointers: &[&str]) -> Vec<Option<Box<RawValue>>> {
        let none = || vec![None; pointers.len()];
        let body = self.response.filter(|body| !body.is_truncated());
        let (false, Some(body)) = (pointers.is_empty(), body) else {
            return none();
        };
        let Ok(text) = body.json_text() else {
            return none();
        };
        let Ok(found) = find_written(&text, pointers) else {
            return none();
        };
        let values = found.into_iter();
        values
            .map(|value| value.and_then(|value| raw(compact(value.get()).into())))
            .collect()
    }

    fn header(&self, name: &HeaderName) -> Option<Box<RawValue>> {
        let head = self.head?;
        let values = head.headers.get_all(name).iter();
        let values: Vec<_> = values
            .map(|value| header_value(head, name, value, self.secrets))
            .collect();
        let json = serde_json::Value::from(values.join(", ")).to_string();
        (!values.is_empty()).then(|| raw(json.into()))?
    }
}

/// Makes the value of its text. `None`: the text is no JSON.
fn raw(json: Cow<'_, str>) -> Option<Box<RawValue>> {
    RawValue::from_string(json.into_owned()).ok()
}
