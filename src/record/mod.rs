//! What is kept of a request: one JSON object a line.
//!
//! # The outcome record, version 1
//! Times are milliseconds with at most three decimals (`_ms`), sizes are bytes (`_bytes`); what does not apply is
//! absent. The keys, in this order:
//!
//! | key | meaning |
//! |---|---|
//! | `v` | 1 |
//! | `id` | the request's own name |
//! | `index` | position in the input, from 0 |
//! | `key` | what a resumed batch recognises the request by, see [`Key`] |
//! | `source`, `line` | where the request came from a file: its name as given (`-` is standard input), and the number of the line in it, from 1, counting every line |
//! | `outcome` | `success`, `rejected` or `failed` |
//! | `url`, `method` | of the request, the URL as it was written and resolved against the base URL; userinfo and [secret parameters](crate::ClientBuilder::sensitive_query) are masked; of one that could not be read host and path |
//! | `status` | of the last response |
//! | `rejection` | `code` and `message` of the application's no |
//! | `attempts` | how often it was tried, 0 if never sent |
//! | `timestamp` | start of the last attempt, RFC 3339, UTC |
//! | `elapsed_ms` | the last attempt, to the end of the body or the failure |
//! | `ttfb_ms` | the last attempt, to the parsed head |
//! | `queued_ms` | waiting for a worker or a limit |
//! | `total_ms` | queue, attempts and the waits between them |
//! | `final_url`, `redirects` | the URL that answered, as it was sent, where it is written otherwise than `url`; redirects followed |
//! | `remote_ip`, `reused` | who answered, and whether over a kept-alive connection |
//! | `timings` | the phases of the last attempt |
//! | `content_type` | of the response |
//! | `content_encoding` | the `Content-Encoding` of a body that this build does not decode, so that it is kept as it came; absent: the body is not coded, or was decoded |
//! | `size_bytes` | of the body, after decompression |
//! | `output_file`, `sha256` | of a body that was [saved](crate::Request::save_to): where, and its digest in hexadecimal; there is no `body` then |
//! | `layer`, `error_type`, `phase`, `error_msg`, `stop_reason` | why it failed, and why it was not tried again; `stop_reason` also where an accepted response was to be asked for again, and could not be |
//! | `error_position`, `error_text` | if a line or a URL could not be read: the position of the mistake, in bytes from 1 of the line as UTF-8 without a byte order mark (of the URL, if the line itself could be read), and a part of the line that is known to be harmless, such as the name of a key; `url` is then only host and path |
//! | `attempt_log` | the attempts that failed, or were followed by another: `error_type`, `phase`, `status`, `elapsed_ms`, `delay_ms` |
//! | `prior_attempt_ambiguous` | true: an earlier attempt may have been carried out |
//! | `headers` | of the response, on request: lower-case name to list of values; secrets are masked |
//! | `body`, `body_encoding`, `body_truncated` | text (`utf8`) or `base64`, cut at [`RecordOptions::body_limit`] |
//! | `charset` | the charset that the text was decoded from (feature `charset`), named as in the response's `Content-Type`, in lower case; absent: the text came as UTF-8, or `body` is in base64 |
//! | `tag` | what the caller tagged the request with, as it was written |
//! | `supersedes` | true: an earlier line of the same key was no success, and this one stands in its place |
//!
//! A record that a results file lost and that was taken back from a [database](crate::sink::Sqlite) has only the keys that
//! the columns of a row tell of.
//!
//! # The failure log
//! The same, and what is needed to see the failure and to run the request again. The body stands in `response_text`;
//! `body` is there only where its bytes are more than that text.
//!
//! | key | meaning |
//! |---|---|
//! | `request` | the request, see [`Record::to_request`]. Of one that could not be read only host and path of the URL, `id` and `tag`, beside `invalid`, `invalid_at` and `invalid_text` (as `error_msg`, `error_position` and `error_text`); `source` and `line` lead to the line itself. If it was [kept](crate::Request::keeping_line), it is in `raw_line`, or in `raw_line_base64` if it is not UTF-8 |
//! | `request.body_truncated` | true: the request's own body was too large for a line of [`LONGEST_LINE`] bytes and is cut; read back, it is an invalid request |
//! | `response_text` | the body as text, in the charset the server named; absent: there was no response |

mod body;
mod codes;
mod fields;
mod files;
mod fit;
mod input;
mod invalid;
mod key;
mod kind;
mod lines;
mod local_files;
mod logged;
mod make;
mod pairs;
mod pieces;
mod read;
mod register;
mod request;
mod stand_in;
#[cfg(test)]
mod tests;
mod values;
mod wire;
mod write;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

pub use body::BodyEncoding;
pub use input::request_of_input;
pub use invalid::InvalidLine;
#[cfg(feature = "sqlite")]
pub(crate) use key::key_of_url;
pub use key::{InvalidKey, Key};
pub(crate) use key::{KeyVersion, Keys};
pub use kind::Kind;
pub use lines::{InputLine, InputLines};
pub use make::RecordOptions;
pub use register::{FileClash, FileRegister};
pub use request::{line_of, request_of};

use crate::error::{ErrorType, Layer, StopReason};
use crate::rejection::Rejection;
use crate::request::{Request, Tag};
use crate::timing::{Phase, millis, millis_option};
use request::Written;
pub(crate) use wire::Version;

/// Longest line of an input that is read, and of a failure log that is written, in bytes without the line feed: 16 MiB.
///
/// A failure whose line would be longer has its response cut. If that is not enough, the request's body is: it stands as
/// `body_file` if it was read from a file, else cut with `body_truncated`, which reads back as an invalid request.
pub const LONGEST_LINE: usize = 16 << 20;

/// What is kept of one request, as it is written in a results file or a failure log and read back from it.
///
/// ```
/// # fn keep(outcome: &haul::Outcome) -> Result<(), haul::record::InvalidLine> {
/// use haul::record::{Record, RecordOptions};
///
/// let line = Record::new(outcome, &RecordOptions::new()).to_line();
/// let read = Record::parse(&line)?;
/// println!("{} {:?} after {} attempts", read.url, read.outcome, read.attempts);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record<'a> {
    v: Version,
    /// The request's own name.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::text_or_number"
    )]
    pub id: Option<Cow<'a, str>>,
    /// Position in the input, from 0.
    pub index: u64,
    /// What a resumed batch recognises the request by.
    pub key: Key,
    /// Name of the file that the request was read from, as it was given; `-` is standard input. `None`: it came from no
    /// file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Cow<'a, str>>,
    /// Number of the request's line in `source`, from 1, counting every line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Success, rejected or failed.
    pub outcome: Kind,
    /// The request's URL, secrets masked.
    pub url: Cow<'a, str>,
    /// The request's method.
    pub method: Cow<'a, str>,
    /// The status of the last response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why the application said no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Cow<'a, Rejection>>,
    /// How often it was tried.
    pub attempts: u32,
    /// Start of the last attempt, to the millisecond.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "wire::instant"
    )]
    pub timestamp: Option<SystemTime>,
    /// The last attempt, to the end of the body or the failure.
    #[serde(
        rename = "elapsed_ms",
        default,
        skip_serializing_if = "Option::is_none",
        with = "millis_option"
    )]
    pub elapsed: Option<Duration>,
    /// The last attempt, to the parsed head.
    #[serde(
        rename = "ttfb_ms",
        default,
        skip_serializing_if = "Option::is_none",
        with = "millis_option"
    )]
    pub ttfb: Option<Duration>,
    /// Waiting for a worker or a limit. `None`: not known, since the record was made again of a row of a database.
    #[serde(
        rename = "queued_ms",
        default,
        skip_serializing_if = "Option::is_none",
        with = "millis_option"
    )]
    pub queued: Option<Duration>,
    /// Queue, attempts and the waits between them. `None`: not known, as for `queued`.
    #[serde(
        rename = "total_ms",
        default,
        skip_serializing_if = "Option::is_none",
        with = "millis_option"
    )]
    pub total: Option<Duration>,
    /// The URL that answered last, as it was sent, where it is written otherwise than `url`; secrets masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_url: Option<Cow<'a, str>>,
    /// How many redirects were followed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub redirects: u32,
    /// The address that answered last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<IpAddr>,
    /// Whether a kept-alive connection carried the last response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused: Option<bool>,
    /// The phases of the last attempt, if it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timings: Option<PhaseTimes>,
    /// The `Content-Type` of the last response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<Cow<'a, str>>,
    /// The `Content-Encoding` that the body still has, because this build does not decode it. `None`: the body is not
    /// coded, or was decoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<Cow<'a, str>>,
    /// Bytes of the body, after decompression, as far as they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// The file the body was saved to, as the request named it. What of it is no UTF-8 is U+FFFD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_file: Option<Cow<'a, str>>,
    /// The SHA-256 of that file, in 64 lower-case hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Cow<'a, str>>,
    /// The layer it failed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<ErrorType>,
    /// In which phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// What went wrong, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_msg: Option<Cow<'a, str>>,
    /// Position of the mistake in a line or a URL that could not be read, in bytes from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_position: Option<u64>,
    /// Part of that line or URL which is known to be harmless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_text: Option<Cow<'a, str>>,
    /// Why it was not tried again: a failure, or an accepted response that was to be asked for again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<StopReason>,
    /// The attempts that failed or were followed by another, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempt_log: Vec<AttemptRecord>,
    /// Whether an earlier attempt may have been carried out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub prior_attempt_ambiguous: bool,
    /// The response headers, where they were asked for; secrets masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, Vec<String>>>,
    /// The body, in `body_encoding`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Cow<'a, str>>,
    /// How `body` is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_encoding: Option<BodyEncoding>,
    /// The charset that `body`, or in a failure log `response_text`, was decoded from, as the response's `Content-Type`
    /// names it, in lower case. `None`: its bytes are UTF-8, or in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charset: Option<Cow<'a, str>>,
    /// Whether the body was cut, by this record's limit or earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_truncated: Option<bool>,
    /// What the caller tagged the request with.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::any_tag"
    )]
    pub tag: Option<Tag>,
    /// Whether it stands in place of an earlier record of the same key that was no success.
    #[serde(default, skip_serializing_if = "is_false")]
    pub supersedes: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<Written>,
    /// The body as text, in a failure log; absent when there was no response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_text: Option<Cow<'a, str>>,
}

/// One attempt that did not settle the request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AttemptRecord {
    /// What went wrong.
    pub error_type: ErrorType,
    /// In which phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// The status, if a response head arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long the attempt took.
    #[serde(rename = "elapsed_ms", with = "millis")]
    pub elapsed: Duration,
    /// The wait before the next attempt, if there was one.
    #[serde(
        rename = "delay_ms",
        default,
        skip_serializing_if = "Option::is_none",
        with = "millis_option"
    )]
    pub delay: Option<Duration>,
}

/// How long each phase of the last attempt took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PhaseTimes {
    /// Turning the host name into addresses.
    #[serde(rename = "resolve_ms", with = "millis")]
    pub resolve: Duration,
    /// Opening the TCP connection.
    #[serde(rename = "connect_ms", with = "millis")]
    pub connect: Duration,
    /// The TLS handshake.
    #[serde(rename = "tls_ms", with = "millis")]
    pub tls: Duration,
    /// Writing the request.
    #[serde(rename = "send_ms", with = "millis")]
    pub send: Duration,
    /// From the last byte sent to the parsed response head.
    #[serde(rename = "wait_ms", with = "millis")]
    pub wait: Duration,
    /// Reading the body.
    #[serde(rename = "receive_ms", with = "millis")]
    pub receive: Duration,
}

impl<'a> Record<'a> {
    /// Reads a line of a results file or a failure log. Unknown keys are skipped.
    ///
    /// # Errors
    /// When the line is no record, or one of another version.
    pub fn parse(line: &str) -> Result<Record<'static>, InvalidLine> {
        serde_json::from_str(line).map_err(|e| wire::no_record(line, &e))
    }

    /// The record as one line of JSON, without the line feed.
    pub fn to_line(&self) -> String {
        let mut line = Vec::with_capacity(512);
        self.write_to(&mut line);
        line.pop();
        String::from_utf8_lossy(&line).into_owned()
    }

    /// The request of a line of a failure log, as JSON.
    #[cfg(feature = "sqlite")]
    pub(crate) fn request_json(&self) -> String {
        let request = self.request.as_ref();
        request.map_or("null", Written::as_json).to_owned()
    }

    /// The bytes of `body`; of text that was decoded from a `charset`, those of the text in UTF-8. `None` where there is
    /// none, or it is no valid base64.
    pub fn body_bytes(&self) -> Option<Cow<'_, [u8]>> {
        body::decode(self.body.as_deref()?, self.body_encoding?)
    }

    /// The request again, of a line of a failure log.
    ///
    /// It has the same method, URL, headers, parameters, body, id, tag and settings as far as the line can hold them:
    /// predicates ([`Request::reject_if`]), the read timeout, the body limit and all of a retry policy but its number
    /// of attempts cannot. Secret headers and query parameters were left out, unless they were
    /// [asked for](RecordOptions::secrets); the client's defaults must have them, else the outcome is of class [`InvalidRequest`](ErrorType::InvalidRequest) and says which are missing.
    ///
    /// # Errors
    /// When the line holds no request, or one that cannot be understood.
    pub fn to_request(&self) -> Result<Request, InvalidLine> {
        match &self.request {
            Some(request) => request.to_request(),
            None => Err(logged::missing()),
        }
    }
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

fn is_false(b: &bool) -> bool {
    !*b
}
