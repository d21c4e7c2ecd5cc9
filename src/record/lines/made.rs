//! Requests and names that are made of lines: schemes, templates, rows.

use http::uri::Scheme;

use super::{InputLine, InputLines};
use crate::record::bare::BareUrls;
use crate::record::input::read_line;
use crate::record::read::{ReadRequest, ReadSettings};
use crate::record::rows::{self, RowTemplate};
use crate::record::template::TemplateRow;
use crate::record::{InvalidLine, OutputNames, RequestTemplate};
use crate::redact::Redaction;
use crate::request::Request;

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

    /// Gives a URL without a scheme the one of lines, for a request that is of no line.
    ///
    /// [`scheme`](InputLines::scheme) sets it.
    pub fn with_scheme(&self, request: Request) -> Request {
        match &self.bare {
            Some(bare) => bare.complete(request),
            None => request,
        }
    }

    /// Takes each line for a row of values, of which the template makes the request.
    ///
    /// A line of a failure log is sent as it is. With [`whole_lines`](InputLines::whole_lines) a line is text also if it
    /// is JSON, and only `{line}` has a value.
    pub fn template(mut self, template: RequestTemplate) -> InputLines {
        self.template = Some(RowTemplate::new(template, &self.redaction));
        self
    }

    /// Masks the values that are secret by these names, and by the places into which a template puts them.
    ///
    /// Give it the [client's](crate::Client::redaction). A value is secret if its column or key has one of the names that
    /// the client adds, or if the template puts it into a secret header, a secret parameter, a password or token, or the
    /// userinfo of the URL. It is sent, and `***` stands in its place in the tag and the id of the request, which are
    /// for records, and in the names of files. In the request itself it is masked where records and log lines show it.
    /// Default: the names that are secret for all clients.
    ///
    /// ```
    /// use haul::record::{InputLines, RequestTemplate};
    ///
    /// let client = haul::Client::builder().sensitive_query("pin").build()?;
    /// let template = RequestTemplate::of_url("https://h/{pin}")?;
    /// let mut lines = InputLines::new().redaction(client.redaction()).template(template);
    /// let request = lines.read(r#"{"pin": "sesame", "tag": {"pin": "sesame", "n": 1}}"#)?.request;
    /// assert_eq!(request.url(), "https://h/sesame");
    /// assert_eq!(request.written_tag().unwrap().as_json(), r#"{"pin": "***", "n": 1}"#);
    /// assert!(!format!("{request:?}").contains("sesame"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn redaction(mut self, redaction: &Redaction) -> InputLines {
        self.redaction = redaction.clone();
        let template = self.template.take();
        self.template = template.map(|rows| RowTemplate::new(rows.template, redaction));
        self
    }

    /// Names the column that the ids of rows are from, if it has another name than `id`.
    ///
    /// If the name is one of those that the client adds as a secret, `***` stands in the place of the ids. Default none.
    pub fn id_column(mut self, name: impl Into<String>) -> InputLines {
        self.id_column = Some(name.into());
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
        self.template.as_ref().map(|rows| &rows.template)
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
