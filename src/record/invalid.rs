//! Lines that cannot be read.

use std::borrow::Cow;
use std::fmt;
use std::str::Utf8Error;

use serde_json::error::Category;

use crate::redact::beginning;
use crate::timing::millis::NO_TIME;
use crate::url::Mistake;

/// Upper bound for the length of a key that is shown, in bytes.
const SHOWN: usize = 100;

/// Reason why a line is no record, or holds no request.
///
/// The text is the reason alone, without any part of the line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{mistake}")]
pub struct InvalidLine {
    mistake: Mistake,
    unknown: Option<String>,
}

impl InvalidLine {
    /// Makes the error of a line that the program itself refuses.
    ///
    /// The reason should be the same for equal mistakes, and show no part of the line.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> InvalidLine {
        InvalidLine {
            mistake: Mistake::new(reason),
            unknown: None,
        }
    }

    pub(super) fn unknown(key: &str) -> InvalidLine {
        InvalidLine {
            unknown: Some(key.to_owned()),
            ..InvalidLine::new("the request has an unknown key").showing(key)
        }
    }

    /// Adds the name of a key, or of a header or a parameter.
    pub(super) fn showing(mut self, name: &str) -> InvalidLine {
        self.mistake = self.mistake.showing(beginning(name, SHOWN));
        self
    }

    /// Adds the position of a part of the line, if it is one.
    pub(super) fn at(mut self, line: &str, part: &str) -> InvalidLine {
        if let Some(byte) = offset(line, part) {
            self.mistake = self.mistake.at(byte);
        }
        self
    }

    /// Moves the position for a line with this many bytes in front.
    pub(super) fn behind(mut self, bytes: usize) -> InvalidLine {
        self.mistake.position = self.mistake.position.map(|at| at + bytes as u64);
        self
    }

    /// Removes the position.
    pub(super) fn without_position(mut self) -> InvalidLine {
        self.mistake.position = None;
        self
    }

    /// Places the mistake in another line of the input than the one that the request has.
    pub(super) fn placed_at(self, line: u64, column: u64) -> InvalidLine {
        self.within(&format!("JSON, line {line}, column {column}"))
            .without_position()
    }

    /// Adds a place within the input to the reason.
    pub(super) fn within(mut self, place: &str) -> InvalidLine {
        self.mistake.reason = format!("{} ({place})", self.mistake.reason).into();
        self
    }

    pub(super) fn into_mistake(self) -> Mistake {
        self.mistake
    }

    /// The unknown key. `None`: the mistake is another one.
    pub fn unknown_key(&self) -> Option<&str> {
        self.unknown.as_deref()
    }

    /// Position of the mistake in the line, in bytes from 1. `None`: the position is not known.
    pub fn position(&self) -> Option<u64> {
        self.mistake.position
    }

    /// Part of the line that is known to be harmless: the name of a key, or of a header or a parameter.
    ///
    /// `None`: no part is shown.
    ///
    /// ```
    /// use haul::record::InputLines;
    ///
    /// let wrong = InputLines::new().read(r#"{"url": "http://h/", "colour": "sesame"}"#).unwrap_err();
    /// assert_eq!(wrong.to_string(), "the request has an unknown key");
    /// assert_eq!((wrong.position(), wrong.text()), (Some(32), Some("colour")));
    /// ```
    pub fn text(&self) -> Option<&str> {
        self.mistake.shown.as_deref()
    }
}

impl From<Mistake> for InvalidLine {
    fn from(mistake: Mistake) -> InvalidLine {
        InvalidLine {
            mistake,
            unknown: None,
        }
    }
}

/// Makes the error of a line that is not UTF-8, with the position of the first byte that is not.
impl From<Utf8Error> for InvalidLine {
    fn from(error: Utf8Error) -> InvalidLine {
        Mistake::new("not UTF-8").at(error.valid_up_to()).into()
    }
}

/// Position of a part that was borrowed from the line. `None`: the part was not borrowed from it.
fn offset(line: &str, part: &str) -> Option<usize> {
    let offset = (part.as_ptr() as usize).checked_sub(line.as_ptr() as usize)?;
    (offset + part.len() <= line.len()).then_some(offset)
}

/// Makes the error of a text that is not JSON: the reason and the position.
pub(super) fn not_json(text: &str, error: &serde_json::Error) -> InvalidLine {
    fault("not JSON", text, error)
}

/// Makes the error of a fault in JSON. `what`: the start of the reason, such as "not JSON".
pub(super) fn fault(what: &str, text: &str, error: &serde_json::Error) -> InvalidLine {
    let before: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let wrong = Mistake::new(format!("{what}: {}", JsonFault(error)));
    match error.column() {
        0 => wrong.into(),
        column => wrong.at(before + column - 1).into(),
    }
}

/// Returns the reason why JSON cannot be read, without the place and without any part of the JSON.
pub(crate) fn shown_fault(error: &serde_json::Error) -> String {
    JsonFault(error).to_string()
}

/// Says why JSON cannot be read, without the place.
struct JsonFault<'e>(&'e serde_json::Error);

impl fmt::Display for JsonFault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.classify() {
            Category::Eof => f.write_str("it ends too early"),
            Category::Syntax | Category::Io => {
                let text = self.0.to_string();
                let what = text
                    .rsplit_once(" at line ")
                    .map_or(&*text, |(what, _)| what);
                f.write_str(what)
            }
            Category::Data => {
                let text = self.0.to_string();
                let name = |beginning: &str| {
                    let rest = text.strip_prefix(beginning)?.strip_prefix('`')?;
                    rest.split('`').next()
                };
                // The other texts of serde show types of this crate, or values of the line.
                let named = [
                    ("missing field ", "is missing"),
                    ("duplicate field ", "is given twice"),
                    ("unknown field ", "is not known"),
                ];
                let told = named
                    .iter()
                    .find_map(|(beginning, what)| Some((name(beginning)?, what)));
                match told {
                    Some((name, what)) => write!(f, "the key \"{name}\" {what}"),
                    None => match text.split_once(NO_TIME) {
                        Some((number, _)) => write!(f, "{number}{NO_TIME}"),
                        None => f.write_str("a key has a value that it cannot have"),
                    },
                }
            }
        }
    }
}
