//! The lines of an input, one after the other.

mod elsewhere;
mod made;
mod secret;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use self::elsewhere::NamesElsewhere;
use super::bare::BareUrls;
use super::download_lines::DownloadLines;
use super::files::OutputFiles;
use super::input::{LineDefaults, lacks_template, read_again};
use super::kept::unmasked;
use super::local_files::LocalFiles;
use super::read::{ReadRequest, ReadSettings};
use super::rows::{self, RowTemplate};
use super::stand_in::{stand_in, stand_in_again};
use super::superseded::UnsuccessfulResults;
use super::{FileRegister, InvalidLine};
use crate::redact::Redaction;
use crate::request::Request;
use crate::settings::RetryPolicy;

/// Reads the lines of an input, with settings for all of them.
///
/// The settings are defaults, and the directory that bodies are saved in, among others.
///
/// Each line is read as [`Record::parse_input_line`](super::Record::parse_input_line) does it.
///
/// ```
/// use haul::record::InputLines;
///
/// let mut lines = InputLines::new().lenient(true);
/// let line = lines.read(r#"{"url": "https://example.com/", "colour": "red"}"#)?;
/// assert_eq!(line.unknown, ["colour"]);
/// # Ok::<(), haul::record::InvalidLine>(())
/// ```
#[derive(Debug, Default)]
#[must_use = "no line is read until it is given one"]
pub struct InputLines {
    defaults: LineDefaults,
    reading: ReadSettings,
    retry: RetryPolicy,
    files: Option<OutputFiles>,
    /// Names of files that another program saves. `None`: a line may not name one unless there is a directory.
    elsewhere: Option<NamesElsewhere>,
    pub(super) downloads: DownloadLines,
    register: FileRegister,
    /// `None`: lines may name any file.
    local: Option<LocalFiles>,
    /// Scheme of URLs that have none. `None`: such a URL is relative, or wrong.
    bare: Option<BareUrls>,
    /// Template that each line is a row of values for. `None`: each line is a request.
    template: Option<RowTemplate>,
    redaction: Redaction,
    /// Column that the ids are from, if it is not named `id`.
    id_column: Option<String>,
    unsuccessful: UnsuccessfulResults,
    number: u64,
}

/// A line of input that was read.
#[derive(Debug)]
#[non_exhaustive]
pub struct InputLine {
    /// Request of the line.
    pub request: Request,
    /// Unknown keys that were skipped. Empty unless the reading is [lenient](InputLines::lenient).
    pub unknown: Vec<String>,
    /// True if the line is of a results file, which does not hold all of its request.
    ///
    /// Missing are headers, credentials and a body of its own, or parameters that no URL in the record has. The request
    /// is without them.
    pub is_incomplete: bool,
    /// True if the line is of results that do not tell which hosts may have the credentials of the client.
    ///
    /// A server may have named its URL, so that the request is [without them](Request::without_credentials).
    pub lacks_origin: bool,
    /// True if the line is a result that took the place of one read before, whose request is the same.
    ///
    /// Whoever sends the request of the earlier line need not send this one. Up to 2<sup>20</sup> keys of results without
    /// success are remembered; beyond these, no later result counts as a repeated one.
    pub is_repeated: bool,
}

impl InputLines {
    /// Makes a reader without defaults and without a directory for bodies.
    pub fn new() -> InputLines {
        InputLines::default()
    }

    /// Sets keys for requests that do not set them.
    pub fn defaults(mut self, defaults: Map<String, Value>) -> InputLines {
        self.defaults = LineDefaults::of(&defaults);
        self
    }

    /// Adds a key to requests that do not have it, its value as JSON text.
    ///
    /// The value under `json` or `tag` is sent, and returned in outcomes, as it is written here.
    ///
    /// ```
    /// use haul::record::InputLines;
    ///
    /// let mut lines = InputLines::new().default_key("json", r#"{"price": 19.00, "id": 12345678901234567890123}"#)?;
    /// let request = lines.read("https://example.com/items")?.request;
    /// assert_eq!(request.body_bytes(), br#"{"price": 19.00, "id": 12345678901234567890123}"#);
    /// # Ok::<(), haul::record::InvalidLine>(())
    /// ```
    ///
    /// # Errors
    /// When the value is not JSON.
    pub fn default_key(
        mut self,
        key: impl Into<String>,
        json: &str,
    ) -> Result<InputLines, InvalidLine> {
        self.defaults.set(key.into(), json)?;
        Ok(self)
    }

    /// Names the file that the body among the default keys was read from.
    ///
    /// The failure log then refers to the file if the body is too large for a [line](super::LONGEST_LINE).
    pub fn default_body_file(mut self, path: impl AsRef<str>) -> InputLines {
        self.defaults.set_body_file(path.as_ref().into());
        self
    }

    /// Sends this form with requests that have no body of their own.
    ///
    /// They are POST requests unless they have a method, and a body among the default keys is not sent. The files of the
    /// form are read anew for each attempt, and [`refuse_files`](InputLines::refuse_files) permits them, since no line
    /// names them. The requests share the form: one at a time can send a part that is a reader. Feature `multipart`.
    ///
    /// # Errors
    /// When a content type of the form may not be sent.
    #[cfg(feature = "multipart")]
    pub fn multipart(mut self, form: crate::request::Multipart) -> Result<InputLines, InvalidLine> {
        let form = crate::request::FormBody::of(form).map_err(InvalidLine::new)?;
        self.defaults.set_form(form);
        Ok(self)
    }

    /// Has the client's headers decide about the `Content-Type`: `json` and `form` of a line then add none.
    ///
    /// If the client has one, it is sent; if the client [leaves it out](crate::ClientBuilder::without_header), none is
    /// sent.
    pub fn content_type_of_client(mut self) -> InputLines {
        self.reading.untyped = true;
        self
    }

    /// Sets the retry policy in which a line's `retry` changes the number of attempts.
    ///
    /// Give it the client's. Default: the default policy.
    pub fn retry(mut self, policy: RetryPolicy) -> InputLines {
        self.retry = policy;
        self
    }

    /// True: unknown keys are skipped and returned in [`InputLine::unknown`].
    ///
    /// Default false: they are errors.
    pub fn lenient(mut self, lenient: bool) -> InputLines {
        self.reading.lenient = lenient;
        self
    }

    /// True: a line that is not JSON is a URL to its end, and blanks in it are sent as `%20`.
    ///
    /// Default false: text after a URL makes the line invalid, since it is more often a remark than a part of the URL.
    pub fn whole_lines(mut self, whole: bool) -> InputLines {
        self.reading.whole = whole;
        self
    }

    /// Saves the bodies under this directory ([`Request::save_to`]).
    ///
    /// A body goes to the line's `output_file`, or under a name made from the URL. Each name is given once. Directories
    /// in an `output_file` are made.
    ///
    /// `replace`: true if existing files are replaced. If false, a name made from a URL has a number added, and a
    /// request whose `output_file` exists fails with class [`InvalidRequest`](crate::ErrorType::InvalidRequest). A file
    /// that the [register](InputLines::register) knows for another use is never replaced.
    ///
    /// `durable`: true if each file is to be on the disk before its outcome is handed out.
    pub fn save_in(
        mut self,
        folder: impl Into<PathBuf>,
        replace: bool,
        durable: bool,
    ) -> InputLines {
        let files = OutputFiles::new(folder.into(), replace, durable);
        self.files = Some(match self.local {
            Some(_) => files.confined(),
            None => files,
        });
        self
    }

    /// Makes no directories for an `output_file`, for lines that are read to be shown and not to be sent.
    pub fn without_directories(mut self) -> InputLines {
        self.files = self.files.map(OutputFiles::without_directories);
        self
    }

    /// Enters the files that lines name in this register.
    ///
    /// An `output_file` that the run uses otherwise is refused, and so is a `body_file` that the run writes. Default: a
    /// register of the lines alone.
    pub fn register(mut self, register: FileRegister) -> InputLines {
        self.register = register;
        self
    }

    /// Refuses lines that reach files of this machine, for lists that come from others.
    ///
    /// Refused are a `body_file`, a file among `body_pieces`, and an `output_file` that a link leads out of the
    /// directory of [`save_in`](InputLines::save_in). The client that sends such a list needs an
    /// [`AddressPolicy`](crate::settings::AddressPolicy) too, so that the list does not reach services of this network.
    ///
    /// ```
    /// use haul::record::InputLines;
    ///
    /// let mut lines = InputLines::new().refuse_files();
    /// let refused = lines.read(r#"{"url": "https://example.com/", "body_file": "/etc/passwd"}"#).unwrap_err();
    /// assert!(refused.to_string().starts_with("body_file: "));
    /// ```
    pub fn refuse_files(mut self) -> InputLines {
        self.local = Some(LocalFiles::none());
        self.files = self.files.map(OutputFiles::confined);
        self
    }

    /// Refuses lines that reach files of this machine, except regular files to send from `folder`.
    ///
    /// Works as [`refuse_files`](InputLines::refuse_files), but lines may send regular files in `folder` and below it.
    /// When a line is read, `..` and all links of its path are resolved first; a relative path starts at the working
    /// directory, not at `folder`.
    ///
    /// # Errors
    /// When `folder` cannot be found or is not a directory.
    pub fn files_only_from(mut self, folder: impl AsRef<Path>) -> io::Result<InputLines> {
        self.local = Some(LocalFiles::below(folder.as_ref())?);
        self.files = self.files.map(OutputFiles::confined);
        Ok(self)
    }

    /// Reads the next line.
    ///
    /// # Errors
    /// When the line is no request: see [`Record::parse_input_line`](super::Record::parse_input_line). An `output_file`
    /// must be a relative path without `..`, and no other line's.
    pub fn read(&mut self, line: &str) -> Result<InputLine, InvalidLine> {
        let read = self.read_row_or_line(line, self.reading);
        self.take_read(read)
    }

    /// Reads a URL or a request as JSON that is no line of a list: blanks are a part of the URL.
    ///
    /// # Errors
    /// The errors of [`read`](InputLines::read).
    pub fn read_whole(&mut self, text: &str) -> Result<InputLine, InvalidLine> {
        let whole = ReadSettings {
            whole: true,
            ..self.reading
        };
        let read = self.read_row_or_line(text, whole);
        self.take_read(read)
    }

    fn take_read(
        &mut self,
        read: Result<ReadRequest, InvalidLine>,
    ) -> Result<InputLine, InvalidLine> {
        self.number += 1;
        let read = read?;
        let superseded = &mut self.unsuccessful;
        Ok(InputLine {
            is_repeated: read
                .result
                .is_some_and(|facts| superseded.supersedes(facts)),
            request: self.complete(read.request, read.logged)?,
            unknown: read.unknown,
            is_incomplete: read.is_incomplete,
            lacks_origin: read.lacks_origin,
        })
    }

    /// Makes the request that stands for a line that could not be read.
    ///
    /// The request fails, of class [`InvalidRequest`](crate::ErrorType::InvalidRequest), so that a bad line is one
    /// outcome and ends no batch.
    ///
    /// Outcome and record show only parts of the line that are known to be harmless: host and path of its URL, its `id`,
    /// and the name of a key ([`Error::text`](crate::Error::text)).
    ///
    /// ```
    /// use haul::record::InputLines;
    ///
    /// let mut lines = InputLines::new();
    /// let line = r#"{"url": "https://ada:sesame@example.com/a?b=sesame", "retry": sesame}"#;
    /// let wrong = lines.read(line).unwrap_err();
    /// let outcome = haul::Client::new().send(lines.stand_in(line, wrong));
    /// let error = outcome.error().unwrap();
    /// assert_eq!(error.message(), "not JSON: expected value");
    /// assert_eq!((error.position(), error.text()), (Some(63), Some("retry")));
    /// assert_eq!(outcome.url(), "https://***@example.com/a***");
    /// ```
    pub fn stand_in(&self, line: impl AsRef<[u8]>, wrong: InvalidLine) -> Request {
        self.with_shown_id(match &self.template {
            Some(template) => rows::stand_in(line.as_ref(), template, self.reading, wrong),
            None => stand_in(line.as_ref(), wrong),
        })
    }

    /// Takes a request of a failure log that is not read as text, as the next line.
    ///
    /// Such a log is SQLite's: see `Sqlite::last_failures`. If [`read`](InputLines::read) would refuse it, it becomes a
    /// request that fails for this reason.
    pub fn take(&mut self, request: Request) -> Request {
        self.number += 1;
        if request.raw_line().is_none() {
            return self
                .complete(request.clone(), true)
                .unwrap_or_else(|wrong| request.spoiled(wrong.into_mistake()));
        }
        let read = read_again(&request, &self.defaults, self.reading, |row| {
            match &self.template {
                Some(template) => {
                    rows::read(unmasked(row)?, template, &self.defaults, self.reading)
                }
                None => Err(lacks_template()),
            }
        });
        let place = (request.source(), request.line());
        let again = match place {
            (Some(source), Some(line)) => read.request.read_at(source, line),
            _ => read.request,
        };
        self.complete(again, read.logged)
            .unwrap_or_else(|wrong| stand_in_again(&request, wrong))
    }

    /// Adds the settings for all lines to the request.
    fn complete(&mut self, mut request: Request, is_logged: bool) -> Result<Request, InvalidLine> {
        request = self.masked(request).under(&self.redaction);
        if request.invalid().is_some() {
            let is_unmade = request.needs_template() && self.template.is_none();
            // A row of standard input that was not kept is not to be had again.
            return Ok(match is_unmade && request.unread_line().is_some() {
                true => request.with_mistake(lacks_template().into_mistake()),
                false => request,
            });
        }
        request = self.with_scheme(request);
        if let Some(own) = request.options().and_then(|o| o.retry.as_ref()) {
            let attempts = own.max_attempts;
            request = request.retry(self.retry.clone().max_attempts(attempts));
        }
        let names_files = !self.defaults.gave_form(&request);
        if let Some(local) = &self.local {
            local.check(
                &request,
                names_files,
                self.files.as_ref().map(OutputFiles::folder),
            )?;
        }
        if names_files {
            for path in request.sends().files() {
                let entered = self.register.enter_sent(path);
                entered.map_err(|refused| InvalidLine::new(format!("body_file: {refused}")))?;
            }
        }
        match &self.files {
            Some(files) => {
                if self.downloads.resume {
                    self.register.keep_parts();
                }
                let replace = self.downloads.replaces();
                let (number, register) = (self.number, &self.register);
                let placed = files.place(request, is_logged, number, register, replace)?;
                Ok(self.downloads.complete(placed, files.folder()))
            }
            None => self.left_as_it_is(request),
        }
    }
}
