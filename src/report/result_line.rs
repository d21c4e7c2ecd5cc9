//! Line of results with the fields that a report needs, borrowed from the line.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::ErrorType;
use crate::record::{Kind, PhaseTimes, Version, shown_fault};
use crate::timing::{Phase, millis, millis_option};

/// Line of results. Bodies are not decoded, and are not written again; headers are skipped.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct BorrowedResult<'a> {
    #[serde(default)]
    pub(super) v: Version,
    #[serde(default)]
    pub(super) index: u64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<u64>,
    pub(super) outcome: Kind,
    #[serde(borrow)]
    pub(super) url: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) rejection: Option<RejectionCode<'a>>,
    #[serde(default)]
    pub(super) attempts: u32,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) timestamp: Option<Cow<'a, str>>,
    #[serde(
        rename = "elapsed_ms",
        default,
        skip_serializing_if = "Option::is_none",
        with = "millis_option"
    )]
    pub(super) elapsed: Option<Duration>,
    #[serde(
        rename = "ttfb_ms",
        default,
        skip_serializing_if = "Option::is_none",
        with = "millis_option"
    )]
    pub(super) ttfb: Option<Duration>,
    #[serde(
        rename = "queued_ms",
        default,
        skip_serializing_if = "Option::is_none",
        with = "millis_option"
    )]
    pub(super) queued: Option<Duration>,
    #[serde(
        rename = "total_ms",
        default,
        skip_serializing_if = "Option::is_none",
        with = "millis_option"
    )]
    pub(super) total: Option<Duration>,
    #[serde(default)]
    pub(super) redirects: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reused: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) timings: Option<PhaseTimes>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) size_bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error_type: Option<ErrorType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) phase: Option<Phase>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) error_msg: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) error_text: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) stop_reason: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) attempt_log: Vec<LoggedAttempt>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) tag: Option<&'a RawValue>,
    /// Body as text, in `body_encoding`.
    #[serde(borrow, default, skip_serializing)]
    pub(super) body: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing)]
    pub(super) body_encoding: Option<Cow<'a, str>>,
    /// Body as JSON.
    #[serde(borrow, default, skip_serializing)]
    pub(super) json: Option<&'a RawValue>,
    /// Digest of the file that the body was saved to.
    #[serde(borrow, default, skip_serializing)]
    pub(super) sha256: Option<Cow<'a, str>>,
    /// True if the file of the request was there already.
    #[serde(default)]
    pub(super) skipped: bool,
    #[serde(default)]
    pub(super) supersedes: bool,
}

/// Code of a rejection, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RejectionCode<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<&'a RawValue>,
}

/// Attempt that did not settle the request.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct LoggedAttempt {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    #[serde(rename = "elapsed_ms", default, with = "millis")]
    pub(super) elapsed: Duration,
}

impl<'a> BorrowedResult<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// The reason why the line is no result.
    pub(super) fn parse(line: &'a [u8]) -> Result<BorrowedResult<'a>, String> {
        let text = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
        let line: BorrowedResult<'_> = serde_json::from_str(text).map_err(|e| reason(text, &e))?;
        if line.outcome == Kind::Failed && line.error_type.is_none() {
            return Err("it is no result: error_type is missing".to_owned());
        }
        Ok(line)
    }

    /// Returns the start of the last attempt. `None`: the request was not sent, or the time cannot be read.
    pub(super) fn started(&self) -> Option<Timestamp> {
        self.timestamp.as_deref()?.parse().ok()
    }
}

/// Returns the reason why a line is no result. It shows nothing of the line, which may hold secrets.
fn reason(text: &str, error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "it is cut off: the JSON has no end".to_owned();
    }
    if !text.trim_start().starts_with('{') {
        return "it is no JSON object (a line of results is expected)".to_owned();
    }
    if error.is_syntax() {
        return format!("it is no JSON (column {})", error.column());
    }
    let told = shown_fault(error);
    format!("it is no result: {told} (column {})", error.column())
}
