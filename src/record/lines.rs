//! The lines of an input, one after the other.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::InvalidLine;
use super::files::Files;
use super::input::{Defaults, read_line};
use super::read::Reading;
use crate::policy::RetryPolicy;
use crate::request::Request;

/// Reads the lines of an input as [`request_of_input`](super::request_of_input) does, with what holds for all of them:
/// defaults, the directory that bodies are saved in.
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
pub struct InputLines {
    defaults: Defaults,
    reading: Reading,
    retry: RetryPolicy,
    files: Option<Files>,
    number: u64,
}

/// A line of input, read.
#[derive(Debug)]
#[non_exhaustive]
pub struct InputLine {
    /// What it asks for.
    pub request: Request,
    /// Keys that mean nothing here and were skipped, where the reading is [lenient](InputLines::lenient).
    pub unknown: Vec<String>,
}

impl InputLines {
    /// Lines that stand for themselves.
    pub fn new() -> InputLines {
        InputLines::default()
    }

    /// Keys of requests that say nothing else.
    pub fn defaults(mut self, defaults: Map<String, Value>) -> InputLines {
        self.defaults = Defaults::of(&defaults);
        self
    }

    /// One more key of requests that say nothing else, its value as JSON text: what stands under `json` or `tag` is sent
    /// and comes back as it is written here.
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

    /// Says that the client's headers decide about the `Content-Type`: `json` and `form` of a line then add none. Where
    /// the client has one, it is sent; where it [leaves it out](crate::ClientBuilder::without_header), none is.
    pub fn content_type_of_client(mut self) -> InputLines {
        self.reading.untyped = true;
        self
    }

    /// The retry policy of which a line's `retry` changes the number of attempts. Give it the client's. Default: the
    /// default policy.
    pub fn retry(mut self, policy: RetryPolicy) -> InputLines {
        self.retry = policy;
        self
    }

    /// Whether unknown keys are skipped and told of, where they are otherwise errors. Default false.
    pub fn lenient(mut self, lenient: bool) -> InputLines {
        self.reading.lenient = lenient;
        self
    }

    /// Saves the bodies under this directory ([`Request::save_to`]): at the line's `output_file`, or under a name made
    /// from the URL. No name is given twice, and one made from a URL replaces no file that is there unless `replace`
    /// says so: a number is added to it. Of the first million names it is remembered that they are taken; names made
    /// from URLs after that have their number always. Directories in an `output_file` are made.
    ///
    /// Where `durable`, each file is on the disk before its outcome is handed out.
    pub fn save_in(
        mut self,
        folder: impl Into<PathBuf>,
        replace: bool,
        durable: bool,
    ) -> InputLines {
        self.files = Some(Files::new(folder.into(), replace, durable));
        self
    }

    /// Reads the next line.
    ///
    /// # Errors
    /// When it is no request: see [`request_of_input`](super::request_of_input). An `output_file` must be a relative
    /// path without `..`, and no other line's.
    pub fn read(&mut self, line: &str) -> Result<InputLine, InvalidLine> {
        self.number += 1;
        let read = read_line(line, &self.defaults, self.reading)?;
        let mut request = read.request;
        if let Some(own) = request.options().and_then(|o| o.retry.as_ref()) {
            let attempts = own.max_attempts;
            request = request.retry(self.retry.clone().max_attempts(attempts));
        }
        let request = match &mut self.files {
            Some(files) => files.place(request, read.logged, self.number)?,
            None => match request.saves_to() {
                None => request,
                Some(path) => {
                    return Err(InvalidLine::new(format!(
                        "output_file: no directory to save it in was given (--output-dir): {path:?}"
                    )));
                }
            },
        };
        Ok(InputLine {
            request,
            unknown: read.unknown,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::policy::Jitter;

    #[test]
    fn an_unknown_key_is_an_error_or_skipped_and_told_of() {
        let line = r#"{"url":"http://h/","colour":"red","method":"PUT","size":1}"#;
        let refused = InputLines::new().read(line).unwrap_err();
        assert_eq!(refused.unknown_key(), Some("colour"));
        let read = InputLines::new().lenient(true).read(line).unwrap();
        assert_eq!(read.unknown, ["colour", "size"]);
        assert_eq!(read.request.method(), "PUT");
        let of_log = r#"{"v":1,"request":{"url":"http://h/","colour":1},"more":2}"#;
        let read = InputLines::new().lenient(true).read(of_log).unwrap();
        assert_eq!(
            (read.request.url(), &*read.unknown[0]),
            ("http://h/", "colour")
        );
    }

    #[test]
    fn what_else_is_wrong_stays_wrong_where_unknown_keys_do_not() {
        for line in [r#"{"colour":1}"#, r#"{"url":"u","colour":1,"retry":-1}"#] {
            assert!(
                InputLines::new().lenient(true).read(line).is_err(),
                "{line}"
            );
        }
    }

    #[test]
    fn a_lines_retry_changes_the_number_of_attempts_and_nothing_else() {
        let policy = RetryPolicy::default()
            .backoff(Duration::from_millis(7), Duration::from_millis(9))
            .jitter(Jitter::None)
            .retry_all_methods();
        let mut lines = InputLines::new().retry(policy.clone());
        let read = lines.read(r#"{"url":"http://h/","retry":4}"#).unwrap();
        let own = read.request.options().unwrap().retry.as_ref().unwrap();
        assert_eq!(format!("{own:?}"), format!("{:?}", policy.max_attempts(5)));
    }
}
