//! Values that are secret by the names that a client adds, in lines that are kept, in tags and in ids.

use std::borrow::Cow;

use super::InputLines;
use crate::record::json_values::replace;
use crate::record::kept::{mask, up_to_secret};
use crate::redact::MASK;
use crate::request::{Request, Tag};

impl InputLines {
    /// Returns a line that could not be read as a [failure log](Request::keeping_line) may keep it.
    ///
    /// `***` stands in place of the values whose keys have one of the names that the client
    /// [adds](InputLines::redaction). `columns`: the names of the cells, if the line is a row of a table as a list in
    /// JSON. A line that is no whole JSON ends at such a key.
    ///
    /// ```
    /// use haul::record::InputLines;
    ///
    /// let client = haul::Client::builder().sensitive_query("pin").build()?;
    /// let lines = InputLines::new().redaction(client.redaction());
    /// let kept = lines.kept_line(br#"{"pin": "sesame", "colour": "red"}"#, None);
    /// assert_eq!(*kept, *br#"{"pin": "***", "colour": "red"}"#);
    /// # Ok::<(), haul::BuildError>(())
    /// ```
    pub fn kept_line<'l>(&self, line: &'l [u8], columns: Option<&[String]>) -> Cow<'l, [u8]> {
        if !self.redaction.adds_names() {
            return line.into();
        }
        let text = String::from_utf8_lossy(line);
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        let masked = match is_json {
            true => replace(&text, |path, _| {
                let key = match (path, columns) {
                    ([at], Some(columns)) if text.trim_start().starts_with('[') => {
                        columns.get(at.parse::<usize>().ok()?)?
                    }
                    (path, _) => path.last()?,
                };
                let is_id = key == "id" && self.hides_ids();
                (is_id || self.redaction.adds_name(key)).then(mask)
            }),
            false => up_to_secret(&text, &self.redaction),
        };
        masked.map_or(line.into(), |text| text.into_bytes().into())
    }

    /// Masks the id of a request and the values in its tag whose names are among those that a client adds.
    pub(super) fn masked(&self, request: Request) -> Request {
        if self.redaction.is_usual() {
            return request;
        }
        let request = self.with_shown_id(request);
        let masked = request.written_tag().and_then(|tag| {
            replace(tag.as_json(), |path, _| {
                let is_secret = path.last().is_some_and(|key| self.redaction.adds_name(key));
                is_secret.then(mask)
            })
        });
        match masked.map(|json| Tag::parse(&json)) {
            Some(Ok(tag)) => request.tagged(tag),
            _ => request,
        }
    }

    /// Masks the id if the ids are secret.
    pub(super) fn with_shown_id(&self, request: Request) -> Request {
        match self.hides_ids() && request.request_id().is_some() {
            true => request.id(MASK),
            false => request,
        }
    }

    fn hides_ids(&self) -> bool {
        let names = ["id", "custom_id"].into_iter();
        let mut names = names.chain(self.id_column.as_deref());
        names.any(|name| self.redaction.adds_name(name))
    }
}
