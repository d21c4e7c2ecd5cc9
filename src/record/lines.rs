//! The lines of an input, one after the other.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::InvalidLine;
use super::files::Files;
use super::input::{request_of_input, request_of_whole_line};
use crate::policy::RetryPolicy;
use crate::request::Request;

/// Reads the lines of an input as [`request_of_input`](super::request_of_input) does, with what holds for all of them:
/// defaults, headers left out, the directory that bodies are saved in.
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
    defaults: Map<String, Value>,
    without: Vec<String>,
    retry: RetryPolicy,
    lenient: bool,
    whole_lines: bool,
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
        self.defaults = defaults;
        self
    }

    /// A header of the client's that no request takes along, unless its line gives it.
    pub fn without_header(mut self, name: impl Into<String>) -> InputLines {
        self.without.push(name.into());
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
        self.lenient = lenient;
        self
    }

    /// True: a line that is not JSON is a URL to its end, and blanks in it are sent as `%20`. Default false: text after a
    /// URL makes the line invalid, since it is more often a remark than a part of the URL.
    pub fn whole_lines(mut self, whole: bool) -> InputLines {
        self.whole_lines = whole;
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

    /// Makes no directories for an `output_file`, for lines that are read to be shown and not to be sent.
    pub fn without_directories(mut self) -> InputLines {
        self.files = self.files.map(Files::without_directories);
        self
    }

    /// Reads the next line.
    ///
    /// # Errors
    /// When it is no request: see [`request_of_input`](super::request_of_input). An `output_file` must be a relative
    /// path without `..`, and no other line's.
    pub fn read(&mut self, line: &str) -> Result<InputLine, InvalidLine> {
        let read = match self.whole_lines {
            true => request_of_whole_line(line.trim(), &self.defaults),
            false => request_of_input(line, &self.defaults),
        };
        self.take_read(line, read)
    }

    /// Reads a URL, or a request as JSON, that is no line of a list: blanks in a URL are a part of it.
    ///
    /// # Errors
    /// As those of [`read`](InputLines::read).
    pub fn read_whole(&mut self, text: &str) -> Result<InputLine, InvalidLine> {
        let read = request_of_whole_line(text.trim(), &self.defaults);
        self.take_read(text, read)
    }

    /// Takes what was read of a line. Unknown keys are forgiven if they are to be.
    fn take_read(
        &mut self,
        line: &str,
        read: Result<Request, InvalidLine>,
    ) -> Result<InputLine, InvalidLine> {
        self.number += 1;
        let mut unknown = Vec::new();
        let request = match read {
            Err(e) if self.lenient && e.unknown_key().is_some() => {
                self.forgiving(line, &mut unknown)?
            }
            read => read?,
        };
        let request = self.complete(request, is_logged(line))?;
        Ok(InputLine { request, unknown })
    }

    /// Takes a request of a failure log that is not read as text, one of `Sqlite::last_failures`, as the next line. If
    /// [`read`](InputLines::read) would refuse it, it becomes a request that fails for this reason.
    pub fn take(&mut self, request: Request) -> Request {
        self.number += 1;
        self.complete(request.clone(), true)
            .unwrap_or_else(|e| request.spoiled(e.to_string()))
    }

    /// The request with what holds for all lines.
    fn complete(&mut self, mut request: Request, is_logged: bool) -> Result<Request, InvalidLine> {
        for name in &self.without {
            let gives =
                |(own, _): &(crate::http::HeaderName, _)| own.as_str().eq_ignore_ascii_case(name);
            if !request.header_edits().iter().any(gives) {
                request = request.without_header_as_all(name);
            }
        }
        if let Some(own) = request.options().and_then(|o| o.retry.as_ref()) {
            let attempts = own.max_attempts;
            request = request.retry(self.retry.clone().max_attempts(attempts));
        }
        match &mut self.files {
            Some(files) => files.place(request, is_logged, self.number),
            None => match request.saves_to() {
                None => Ok(request),
                Some(path) => Err(InvalidLine::new(format!(
                    "output_file: no directory to save it in was given (--output-dir): {path:?}"
                ))),
            },
        }
    }

    /// The request without the keys that mean nothing, which are told of.
    fn forgiving(&self, line: &str, unknown: &mut Vec<String>) -> Result<Request, InvalidLine> {
        let read = serde_json::from_str::<Map<String, Value>>(line.trim());
        let mut keys = read.map_err(|e| InvalidLine::new(format!("not JSON: {e}")))?;
        loop {
            let text = serde_json::to_string(&keys)
                .map_err(|e| InvalidLine::new(format!("not JSON: {e}")))?;
            let error = match request_of_input(&text, &self.defaults) {
                Err(error) => error,
                read => return read,
            };
            let Some(key) = error.unknown_key() else {
                return Err(error);
            };
            // Of a line of a failure log, the request within.
            let removed = match keys.get_mut("request").and_then(Value::as_object_mut) {
                Some(within) => within.remove(key),
                None => keys.remove(key),
            };
            if removed.is_none() {
                return Err(error);
            }
            unknown.push(key.to_owned());
        }
    }
}

/// Whether it is a line of a failure log.
fn is_logged(line: &str) -> bool {
    let keys = serde_json::from_str::<Map<String, Value>>(line.trim());
    keys.is_ok_and(|keys| keys.contains_key("request"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::policy::Jitter;
    use crate::record::Key;

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
    fn text_after_a_url_is_an_error_unless_the_whole_line_is_the_url() {
        for line in [
            "http://h/b the second page",
            "http://h/b\tsecond",
            "http://h/b　第二页",
            "items/7 # a remark",
            "http://h/?q=a b",
        ] {
            let error = InputLines::new().read(line).unwrap_err().to_string();
            assert!(
                error.contains("%20") && error.contains("--input-format urls"),
                "{error}"
            );
            let mut whole = InputLines::new().whole_lines(true);
            assert_eq!(whole.read(line).unwrap().request.url(), line);
            let read = InputLines::new().read_whole(line).unwrap();
            assert_eq!(read.request.url(), line);
            let json = Value::from(line).to_string();
            assert_eq!(InputLines::new().read(&json).unwrap().request.url(), line);
        }
        let read = InputLines::new().read(" \thttp://h/b \r\n").unwrap();
        assert_eq!(read.request.url(), "http://h/b");
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

    #[test]
    fn a_header_left_out_everywhere_may_be_given_by_a_line() {
        let mut lines = InputLines::new().without_header("User-Agent");
        let without = lines.read("http://h/").unwrap().request;
        assert_eq!(without.header_edits().len(), 1);
        assert!(without.header_edits()[0].1.is_none());
        assert_eq!(Key::of(&without), Key::of(&"http://h/".into()));
        let given = r#"{"url":"http://h/","headers":{"user-agent":"x"}}"#;
        let given = lines.read(given).unwrap().request;
        assert_eq!(given.header_edits()[0].1.as_ref().unwrap(), "x");
        assert_eq!(given.header_edits().len(), 1);
    }
}
