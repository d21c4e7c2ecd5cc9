//! Requests and names that are made of lines: schemes, templates, rows.

use http::uri::Scheme;

use super::{InputLine, InputLines};
use crate::record::bare::BareUrls;
use crate::record::input::read_line;
use crate::record::read::{ReadRequest, ReadSettings};
use crate::record::rows;
use crate::record::template::TemplateRow;
use crate::record::{InvalidLine, OutputNames, RequestTemplate};

impl InputLines {
    /// Makes `example.com`, `localhost:8080/x` and `//example.com/` URLs of this scheme.
    ///
    /// `or_other`: true if the other of `http` and `https` is tried when the host cannot be connected to
    /// ([`Request::or_other_scheme`](crate::Request::or_other_scheme)). Default: a URL without a scheme is relative to the
    /// client's base URL, or wrong.
    ///
    /// ```
    /// use haul::http::uri::Scheme;
    /// use haul::record::InputLines;
    ///
    /// let mut lines = InputLines::new().scheme(Scheme::HTTPS, false);
    /// assert_eq!(lines.read("example.com")?.request.url(), "https://example.com");
    /// # Ok::<(), haul::record::InvalidLine>(())
    /// ```
    pub fn scheme(mut self, scheme: Scheme, or_other: bool) -> InputLines {
        self.bare = Some(BareUrls { scheme, or_other });
        self
    }

    /// Takes each line for a row of values, of which the template makes the request.
    ///
    /// A line of a failure log is sent as it is. With [`whole_lines`](InputLines::whole_lines) a line is text also if it
    /// is JSON, and only `{line}` has a value.
    pub fn template(mut self, template: RequestTemplate) -> InputLines {
        self.template = Some(template);
        self
    }

    /// Names the files by this rule, in place of the last part of the URL.
    ///
    /// Call it after [`save_in`](InputLines::save_in). The `output_file` of a line comes before. The rule gives no name
    /// twice, in all readers that share it.
    pub fn output_names(mut self, names: OutputNames) -> InputLines {
        self.files = self.files.map(|files| files.named(names));
        self
    }

    /// Returns the template that each line is a row of values for. `None`: each line is a request.
    pub fn row_template(&self) -> Option<&RequestTemplate> {
        self.template.as_ref()
    }

    /// Reads a row of a table: makes its request by the [template](InputLines::template).
    ///
    /// `cells`: the cells as text by the names of their columns, as a JSON object. `own`: the keys that the columns give
    /// the request, as a JSON object (`{}`: none); the template's keys come before. Without a template, `own` is the
    /// request.
    ///
    /// In a row, `{name:json}` reads a cell as JSON, and names may differ from their columns in the case of letters.
    ///
    /// ```
    /// use haul::record::{InputLines, RequestTemplate};
    ///
    /// let template = RequestTemplate::parse(r#"{"url": "https://h/{sku}", "json": "{price:json}"}"#)?;
    /// let mut lines = InputLines::new().template(template);
    /// let request = lines.read_row(r#"{"SKU": "a b", "price": "1.50"}"#, r#"{"id": "7"}"#)?.request;
    /// assert_eq!((request.url(), request.request_id()), ("https://h/a%20b", Some("7")));
    /// assert_eq!(request.body_bytes(), b"1.50");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`read`](InputLines::read), without positions, and when a cell for `:json` is no JSON.
    pub fn read_row(&mut self, cells: &str, own: &str) -> Result<InputLine, InvalidLine> {
        let read = match &self.template {
            Some(template) => TemplateRow::of_table(cells, own)
                .and_then(|row| rows::read_row(&row, template, &self.defaults, self.reading)),
            None => read_line(own, &self.defaults, self.reading),
        };
        self.take_read(read.map_err(InvalidLine::without_position))
    }

    /// Reads a line, as a row of the template if there is one.
    pub(super) fn read_row_or_line(
        &self,
        line: &str,
        reading: ReadSettings,
    ) -> Result<ReadRequest, InvalidLine> {
        match &self.template {
            Some(template) => rows::read(line, template, &self.defaults, reading),
            None => read_line(line, &self.defaults, reading),
        }
    }
}
