//! Settings for reading an input.

use super::InputFormat;
use crate::record::RequestTemplate;

/// Settings for reading an input of any format.
///
/// ```
/// use haul::record::{InputFormat, InputOptions};
///
/// let options = InputOptions::new().format(InputFormat::Csv).csv_delimiter(b';').url_column("page");
/// ```
#[derive(Clone, Debug, Default)]
pub struct InputOptions {
    pub(super) format: Option<InputFormat>,
    pub(super) delimiter: Option<u8>,
    pub(super) url_column: Option<String>,
    pub(super) id_column: Option<String>,
    /// True if URLs may be relative, so that a word alone may be one.
    pub(super) relative_urls: bool,
    /// True if the first line of a list is a header, unless it is a URL or JSON.
    pub(super) table: bool,
    /// Template whose names are columns of a table. `None`: a row is a request.
    pub(super) template: Option<RequestTemplate>,
    /// Upper bound for the content in bytes. `None`: no bound.
    pub(super) largest: Option<u64>,
}

impl InputOptions {
    /// Makes settings under which the format is recognised by content.
    pub fn new() -> InputOptions {
        InputOptions::default()
    }

    /// Sets the format. Default: it is recognised by content.
    #[must_use = "the settings are returned"]
    pub fn format(mut self, format: InputFormat) -> InputOptions {
        self.format = Some(format);
        self
    }

    /// Sets the delimiter of the cells of CSV. Default: a comma.
    #[must_use = "the settings are returned"]
    pub fn csv_delimiter(mut self, delimiter: u8) -> InputOptions {
        self.delimiter = Some(delimiter);
        self
    }

    /// Names the column with the URLs. A list is then a table. Default: `url`.
    #[must_use = "the settings are returned"]
    pub fn url_column(mut self, name: impl Into<String>) -> InputOptions {
        self.url_column = Some(name.into());
        self
    }

    /// Names the column with the ids of requests. Default: `id`, if there is one.
    #[must_use = "the settings are returned"]
    pub fn id_column(mut self, name: impl Into<String>) -> InputOptions {
        self.id_column = Some(name.into());
        self
    }

    /// True: URLs may be relative. A first line `url` alone is then a URL, and no header.
    ///
    /// Default false.
    #[must_use = "the settings are returned"]
    pub fn relative_urls(mut self, relative: bool) -> InputOptions {
        self.relative_urls = relative;
        self
    }

    /// True: the first line of a list is a header, unless it is a URL or JSON.
    ///
    /// Default false: it is a header if it has a column of URLs.
    #[must_use = "the settings are returned"]
    pub fn table(mut self, table: bool) -> InputOptions {
        self.table = table;
        self
    }

    /// Takes each row of a table for a row of this template, whose names are columns.
    ///
    /// The text of a row is then a JSON object of all its cells, for
    /// [`InputLines::read_row`](crate::record::InputLines::read_row), and the table needs no column of URLs. If the
    /// template names more than the whole line, the first line of a list is a header, unless it is a URL or JSON. Set the
    /// format before.
    #[must_use = "the settings are returned"]
    pub fn template(mut self, template: &RequestTemplate) -> InputOptions {
        self.table |= template.names().any(|name| name != "line");
        // Each line is text for the template, also if it looks like JSON.
        if self.format == Some(InputFormat::Urls) {
            self.format = Some(InputFormat::Lines);
        }
        self.template = Some(template.clone());
        self
    }

    /// Sets the upper bound for the content in bytes, once it is unpacked. Default: no bound.
    ///
    /// Behind the bound the input is broken: its entries before are read. It keeps a small file that unpacks to
    /// gigabytes from taking hours.
    #[must_use = "the settings are returned"]
    pub fn largest(mut self, bytes: u64) -> InputOptions {
        self.largest = Some(bytes);
        self
    }

    /// Returns the upper bound for the content in bytes. `None`: no bound.
    pub(crate) fn largest_content(&self) -> Option<u64> {
        self.largest
    }

    pub(super) fn expects_table(&self) -> bool {
        self.table || self.url_column.is_some()
    }
}
