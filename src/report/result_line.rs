//! Line of results with the fields that a report needs, borrowed from the line.

use std::borrow::Cow;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::body_digest::BodyDigest;
use crate::error::ErrorType;
use crate::record::{Key, Kind, PhaseTimes, Version, unread_reason};
use crate::timing::{Phase, millis, millis_option};

/// Line of results. Bodies are not decoded; headers are skipped.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct BorrowedResult<'a> {
    #[serde(rename = "v", default)]
    _v: Version,
    #[serde(default)]
    pub(super) index: u64,
    /// `None`: the line has none, an empty one, or one that is no key.
    #[serde(default, deserialize_with = "parsed")]
    pub(super) key: Option<Key>,
    #[serde(borrow, default)]
    pub(super) source: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) line: Option<u64>,
    pub(super) outcome: Kind,
    #[serde(borrow, default)]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) url: Cow<'a, str>,
    #[serde(default)]
    pub(super) status: Option<u16>,
    #[serde(borrow, default)]
    pub(super) rejection: Option<RejectionCode<'a>>,
    #[serde(default)]
    pub(super) attempts: u32,
    /// Start of the last attempt. `None`: the request was not sent, or the time cannot be read.
    #[serde(rename = "timestamp", default, deserialize_with = "parsed")]
    pub(super) started: Option<Timestamp>,
    #[serde(rename = "elapsed_ms", default, with = "millis_option")]
    pub(super) elapsed: Option<Duration>,
    #[serde(rename = "ttfb_ms", default, with = "millis_option")]
    pub(super) ttfb: Option<Duration>,
    #[serde(rename = "queued_ms", default, with = "millis_option")]
    pub(super) queued: Option<Duration>,
    #[serde(rename = "total_ms", default, with = "millis_option")]
    pub(super) total: Option<Duration>,
    #[serde(default)]
    pub(super) redirects: u32,
    #[serde(default)]
    pub(super) reused: Option<bool>,
    #[serde(default)]
    pub(super) timings: Option<PhaseTimes>,
    #[serde(default)]
    pub(super) size_bytes: Option<u64>,
    #[serde(default)]
    pub(super) error_type: Option<ErrorType>,
    #[serde(default)]
    pub(super) phase: Option<Phase>,
    #[serde(borrow, default)]
    pub(super) error_msg: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) error_text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) stop_reason: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) attempt_log: Vec<LoggedAttempt>,
    #[serde(borrow, default)]
    pub(super) tag: Option<&'a RawValue>,
    /// Body as text, in `body_encoding`.
    #[serde(borrow, default)]
    pub(super) body: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) body_encoding: Option<Cow<'a, str>>,
    /// Body as JSON.
    #[serde(borrow, default)]
    pub(super) json: Option<&'a RawValue>,
    /// Digest of the file that the body was saved to.
    #[serde(borrow, default)]
    pub(super) sha256: Option<Cow<'a, str>>,
    /// True if the file of the request was there already.
    #[serde(default)]
    pub(super) skipped: bool,
    #[serde(default)]
    pub(super) supersedes: bool,
    /// Key of the first page of the list that this one is a page of. `None`: it is a page of no list.
    #[serde(default, deserialize_with = "parsed")]
    pub(super) seed: Option<Key>,
    /// Number of the page, from 1.
    #[serde(default)]
    pub(super) page: Option<u32>,
    /// Digest of the body, of a line that waited without its body.
    #[serde(skip)]
    pub(super) digest: Option<BodyDigest>,
}

/// Text, or nothing.
#[derive(Deserialize)]
struct LineText<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads a text as a value. Text that is no such value is as good as none.
fn parsed<'de, T: FromStr, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    let text = Option::<LineText<'de>>::deserialize(from)?;
    Ok(text.and_then(|text| text.0.parse().ok()))
}

/// Code of a rejection, as JSON.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct RejectionCode<'a> {
    #[serde(borrow, default)]
    pub(super) code: Option<&'a RawValue>,
}

/// Attempt that did not settle the request.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub(super) struct LoggedAttempt {
    #[serde(default)]
    pub(super) status: Option<u16>,
    #[serde(rename = "elapsed_ms", default, with = "millis")]
    pub(super) elapsed: Duration,
}

impl<'a> BorrowedResult<'a> {
    /// Makes a result that has only its outcome.
    pub(super) fn new(outcome: Kind) -> BorrowedResult<'a> {
        BorrowedResult {
            _v: Version,
            index: 0,
            key: None,
            source: None,
            line: None,
            outcome,
            id: None,
            method: None,
            url: Cow::Borrowed(""),
            status: None,
            rejection: None,
            attempts: 0,
            started: None,
            elapsed: None,
            ttfb: None,
            queued: None,
            total: None,
            redirects: 0,
            reused: None,
            timings: None,
            size_bytes: None,
            error_type: None,
            phase: None,
            error_msg: None,
            error_text: None,
            stop_reason: None,
            attempt_log: Vec::new(),
            tag: None,
            body: None,
            body_encoding: None,
            json: None,
            sha256: None,
            skipped: false,
            supersedes: false,
            seed: None,
            page: None,
            digest: None,
        }
    }

    /// Reads a line.
    ///
    /// # Errors
    /// The reason why the line is no result.
    pub(super) fn parse(line: &'a [u8]) -> Result<BorrowedResult<'a>, String> {
        let text = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
        let line: BorrowedResult<'_> =
            serde_json::from_str(text).map_err(|e| unread_reason(text, &e))?;
        if line.outcome == Kind::Failed && line.error_type.is_none() {
            return Err("it is no result: error_type is missing".to_owned());
        }
        Ok(line)
    }

    /// Returns the digest of the body.
    pub(super) fn body_digest(&self) -> BodyDigest {
        let text = |json: &str| serde_json::from_str::<String>(json).ok();
        if let Some(digest) = &self.sha256 {
            BodyDigest::new(3, digest)
        } else if let Some(json) = self.json {
            BodyDigest::new(2, json.get())
        } else if let Some(body) = self.body.and_then(|body| text(body.get())) {
            BodyDigest::new(1, (body, &self.body_encoding, self.size_bytes))
        } else {
            BodyDigest::default()
        }
    }
}
