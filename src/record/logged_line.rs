//! Requests without an outcome, as lines of a failure log.

use std::borrow::Cow;

use serde::Serialize;

use super::request::Written;
use super::{Key, Kind, Version};
use crate::request::Request;

impl Request {
    /// Returns the request as a line that a list holds as a failure log does: JSON, without a line feed.
    ///
    /// Unlike that of [`to_line`](Request::to_line), the line has the secrets of the request, and is read without defaults
    /// and without a template. A request that stands for a line of a file refers to that line.
    ///
    /// ```
    /// use haul::record::{InputLines, Key};
    ///
    /// let request = haul::Request::get("https://example.com/").bearer("sesame");
    /// let again = InputLines::new().read(&request.to_logged_line())?.request;
    /// assert_eq!(Key::of(&again), Key::of(&request));
    /// # Ok::<(), haul::record::InvalidLine>(())
    /// ```
    pub fn to_logged_line(&self) -> String {
        let line = LoggedLine {
            v: Version,
            key: Key::of(self),
            outcome: Kind::Failed,
            url: self.shown_url(),
            source: self.source(),
            line: self.line(),
            request: Written::new(self, true, None),
        };
        serde_json::to_string(&line).expect("a request is always valid JSON")
    }
}

/// Line of a request that has no outcome, with the keys of a failure log.
#[derive(Serialize)]
struct LoggedLine<'a> {
    v: Version,
    key: Key,
    outcome: Kind,
    url: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    request: Written,
}
