//! The place in the input that a request was read from.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use super::{BadLine, Request};
use crate::url::{self, Mistake};

/// Place in the input that a request was read from.
#[derive(Clone, Debug)]
pub(crate) enum InputPlace {
    /// Line, from 1, of a file by its name as given; `-` is standard input.
    Line { source: Arc<str>, number: u64 },
    /// Argument of a command, from 1.
    Argument(u64),
}

impl fmt::Display for InputPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InputPlace::Line { source, number } if &**source == "-" => write!(f, "stdin:{number}"),
            InputPlace::Line { source, number } => write!(f, "{source}:{number}"),
            InputPlace::Argument(number) => write!(f, "argument {number}"),
        }
    }
}

impl Request {
    /// Makes a request that stands for a text that could not be read.
    ///
    /// The outcome is failed, of class [`InvalidRequest`](crate::ErrorType::InvalidRequest), for this reason. So a bad
    /// line ends no batch. Outcome and record show only host and path of the text.
    pub fn unreadable(text: impl Into<String>, reason: impl Into<String>) -> Request {
        Request::get(text).spoiled(reason.into())
    }

    /// Keeps the line that could not be read and that this request stands for.
    ///
    /// The line is kept as it was written, secrets included. The failure log then holds the line, and reading the log
    /// reads the line again. Use it for input that is gone once it is read, such as standard input. For a line of a
    /// file, the file and the number of the line in the log are enough ([`unread_line`](Request::unread_line)).
    ///
    /// ```
    /// use haul::record::InputLines;
    ///
    /// let mut lines = InputLines::new();
    /// let line = r#"{"url": "https://example.com/", "colour": "red"}"#;
    /// let wrong = lines.read(line).unwrap_err();
    /// let stand_in = lines.stand_in(line, wrong).keeping_line(line);
    /// # assert!(stand_in.unread_line().is_none());
    /// ```
    ///
    /// A request that can be read, with an absolute URL, keeps no line.
    pub fn keeping_line(mut self, line: impl Into<Vec<u8>>) -> Request {
        if self.invalid().is_none() && url::parse(self.url()).is_ok() {
            return self;
        }
        self.bad_line_mut().raw = Some(line.into());
        self
    }

    /// Returns the file and number of the line that this request stands for, if it could not be read.
    ///
    /// The line can be read again from there. `None`: the request could be read, keeps its line, or came from standard
    /// input or no file.
    pub fn unread_line(&self) -> Option<(&str, u64)> {
        let is_unread = self.invalid().is_some() && self.raw_line().is_none();
        let (source, line) = (self.source()?, self.line()?);
        (is_unread && source != "-").then_some((source, line))
    }

    /// Returns the line that the request stands for. `None`: it was not kept.
    pub(crate) fn raw_line(&self) -> Option<&[u8]> {
        self.options()?.bad_line.as_ref()?.raw.as_deref()
    }

    /// Returns the digest of the line that the request stands for. `None`: no such line, or it is not known any more.
    pub(crate) fn line_digest(&self) -> Option<&[u8; 32]> {
        self.options()?.bad_line.as_ref()?.digest.as_ref()
    }

    /// True if the request stands for a row of values, of which a template could make none.
    ///
    /// Without a [template](crate::record::InputLines::template) the line cannot be read again.
    pub fn needs_template(&self) -> bool {
        let bad_line = self.options().and_then(|own| own.bad_line.as_ref());
        bad_line.is_some_and(|line| line.row)
    }

    /// Sets the mistake of a request that could not be read, in place of the one that an earlier run found.
    pub(crate) fn with_mistake(mut self, mistake: Mistake) -> Request {
        self.options_mut().invalid = Some(mistake);
        self
    }

    /// Notes that the line is a row of values for a template.
    pub(crate) fn of_bad_row(mut self) -> Request {
        self.bad_line_mut().row = true;
        self
    }

    /// Sets the digest of the line that the request stands for.
    pub(crate) fn of_bad_line(mut self, digest: [u8; 32]) -> Request {
        self.bad_line_mut().digest = Some(digest);
        self
    }

    fn bad_line_mut(&mut self) -> &mut BadLine {
        self.options_mut().bad_line.get_or_insert_default()
    }

    /// Sets the line that the request was read from.
    ///
    /// The line has the name of the file as it was given (`-` for standard input), and the number of the line in it,
    /// from 1, counting every line. Outcome, record and failure log have both as `source` and `line`.
    ///
    /// ```
    /// # let client = haul::Client::new();
    /// let outcome = client.send(haul::Request::get("nowhere").read_at("urls.txt", 17));
    /// assert_eq!((outcome.source(), outcome.line()), (Some("urls.txt"), Some(17)));
    /// ```
    pub fn read_at(mut self, source: impl Into<Arc<str>>, line: u64) -> Request {
        self.place = Some(InputPlace::Line {
            source: source.into(),
            number: line,
        });
        self
    }

    /// Notes that the request's URL is an argument of a command, counted from 1.
    ///
    /// Its outcome has no `source` and no `line`.
    pub fn read_from_argument(mut self, number: u64) -> Request {
        self.place = Some(InputPlace::Argument(number));
        self
    }

    /// Sets the position in the whole input, from 0, if the batch gets only a part of it.
    ///
    /// It is the [`index`](crate::Outcome::index) of the outcome and of its record. Default: the number of the request in
    /// its batch. A batch of [`Client::follow`](crate::Client::follow) counts its requests itself.
    ///
    /// ```
    /// # let client = haul::Client::new();
    /// let outcome = client.send(haul::Request::get("nowhere").at_index(17));
    /// assert_eq!(outcome.index(), 17);
    /// ```
    pub fn at_index(mut self, index: u64) -> Request {
        self.number = NonZeroU64::new(index.saturating_add(1));
        self
    }

    /// Returns the position in the whole input. `None`: the batch counts its requests itself.
    pub fn index(&self) -> Option<u64> {
        self.number.map(|number| number.get() - 1)
    }

    /// Returns the place that the request was read from, for people.
    ///
    /// For example `urls.txt:17`, `stdin:17` or `argument 2`. `None`: the place is not known.
    ///
    /// ```
    /// let request = haul::Request::get("https://example.com/").read_at("urls.txt", 17);
    /// assert_eq!(request.place().map(|place| place.to_string()).as_deref(), Some("urls.txt:17"));
    /// ```
    pub fn place(&self) -> Option<impl fmt::Display> {
        self.place.as_ref()
    }

    /// Returns the name of the file that the request was read from. `None`: it came from no file.
    pub(crate) fn source(&self) -> Option<&str> {
        match self.place.as_ref()? {
            InputPlace::Line { source, .. } => Some(source),
            InputPlace::Argument(_) => None,
        }
    }

    /// Returns the number of the line in its source. `None`: the request came from no file.
    pub(crate) fn line(&self) -> Option<u64> {
        match self.place.as_ref()? {
            InputPlace::Line { number, .. } => Some(*number),
            InputPlace::Argument(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(request: &Request) -> Option<String> {
        request.place().map(|place| place.to_string())
    }

    #[test]
    fn a_line_is_named_by_its_file_and_number() {
        let request = Request::get("u").read_at("a:b", 3);
        assert_eq!((request.source(), request.line()), (Some("a:b"), Some(3)));
        assert_eq!(shown(&request).as_deref(), Some("a:b:3"));
    }

    #[test]
    fn a_place_in_standard_input_is_shown_as_stdin() {
        let request = Request::get("u").read_at("-", 3);
        assert_eq!(request.source(), Some("-"));
        assert_eq!(shown(&request).as_deref(), Some("stdin:3"));
    }

    #[test]
    fn an_argument_is_no_line() {
        let request = Request::get("u").read_from_argument(2);
        assert_eq!((request.source(), request.line()), (None, None));
        assert_eq!(shown(&request).as_deref(), Some("argument 2"));
    }
}
