//! The fields of a record, the one list that reading and writing go by.
//!
//! A further field is one line here, its value in [`Record::new`], and a row in the table of the [format](super).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::request::Written;
use super::wire::{self, Version};
use super::write::fields;
use super::{BodyEncoding, Key, Kind};
use crate::error::{ErrorType, Layer, StopReason};
use crate::rejection::Rejection;
use crate::request::Tag;
use crate::timing::{Phase, millis, millis_option};

fields! {
    /// Record of one request, as it is written to a results file or a failure log and read back from it.
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
        pub(super) v: Version => "v",
        /// The request's own name.
        #[serde(deserialize_with = "wire::text_or_number")]
        pub id: Option<Cow<'a, str>> => ["id"],
        /// Position in the input, from 0.
        pub index: u64 => "index",
        /// Key by which a resumed batch recognises the request.
        pub key: Key => "key",
        /// Name of the file that the request was read from, as it was given; `-` is standard input. `None`: it came
        /// from no file.
        pub source: Option<Cow<'a, str>> => ["source"],
        /// Number of the request's line in `source`, from 1, counting every line.
        pub line: Option<u64> => ["line"],
        /// Success, rejected or failed.
        pub outcome: Kind => "outcome",
        /// The request's URL, secrets masked.
        pub url: Cow<'a, str> => "url",
        /// The request's method.
        pub method: Cow<'a, str> => "method",
        /// The status of the last response.
        pub status: Option<u16> => ["status"],
        /// Why the application said no.
        pub rejection: Option<Cow<'a, Rejection>> => ["rejection"],
        /// Number of attempts.
        pub attempts: u32 => "attempts",
        /// Start of the last attempt, to the millisecond.
        #[serde(with = "wire::instant")]
        pub timestamp: Option<SystemTime> => ["timestamp"],
        /// The last attempt, to the end of the body or the failure.
        #[serde(with = "millis_option")]
        pub elapsed: Option<Duration> => ["elapsed_ms"],
        /// The last attempt, to the parsed head.
        #[serde(with = "millis_option")]
        pub ttfb: Option<Duration> => ["ttfb_ms"],
        /// Waiting for a worker or a limit. `None`: not known, since the record was made again of a row of a database.
        #[serde(with = "millis_option")]
        pub queued: Option<Duration> => ["queued_ms"],
        /// Queue, attempts and the waits between them. `None`: not known, as for `queued`.
        #[serde(with = "millis_option")]
        pub total: Option<Duration> => ["total_ms"],
        /// The URL that answered last, as it was sent, where it is written otherwise than `url`; secrets masked.
        pub final_url: Option<Cow<'a, str>> => ["final_url"],
        /// Number of redirects that were followed.
        pub redirects: u32 => ["redirects"],
        /// The address that answered last.
        pub remote_ip: Option<IpAddr> => ["remote_ip"],
        /// True if a kept-alive connection carried the last response. `None`: no response came.
        pub reused: Option<bool> => ["reused"],
        /// The phases of the last attempt, if it was answered.
        pub timings: Option<PhaseTimes> => ["timings"],
        /// The `Content-Type` of the last response.
        pub content_type: Option<Cow<'a, str>> => ["content_type"],
        /// The `Content-Encoding` that the body still has, because this build does not decode it. `None`: the body is
        /// not coded, or was decoded.
        pub content_encoding: Option<Cow<'a, str>> => ["content_encoding"],
        /// Bytes of the body, after decompression, as far as they came.
        pub size_bytes: Option<u64> => ["size_bytes"],
        /// The file the body was saved to, as the request named it. What of it is no UTF-8 is U+FFFD.
        pub output_file: Option<Cow<'a, str>> => ["output_file"],
        /// The SHA-256 of that file, in 64 lower-case hexadecimal digits.
        pub sha256: Option<Cow<'a, str>> => ["sha256"],
        /// The layer it failed in.
        pub layer: Option<Layer> => ["layer"],
        /// Why it failed.
        pub error_type: Option<ErrorType> => ["error_type"],
        /// In which phase.
        pub phase: Option<Phase> => ["phase"],
        /// Reason of the failure, in words.
        pub error_msg: Option<Cow<'a, str>> => ["error_msg"],
        /// Position of the mistake in a line or a URL that could not be read, in bytes from 1.
        pub error_position: Option<u64> => ["error_position"],
        /// Part of that line or URL which is known to be harmless.
        pub error_text: Option<Cow<'a, str>> => ["error_text"],
        /// Why it was not tried again: a failure, or an accepted response that was to be asked for again.
        pub stop_reason: Option<StopReason> => ["stop_reason"],
        /// The attempts that failed or were followed by another, oldest first.
        pub attempt_log: Vec<AttemptRecord> => ["attempt_log"],
        /// True if the server may have carried out an earlier attempt.
        pub prior_attempt_ambiguous: bool => ["prior_attempt_ambiguous"],
        /// The response headers, where they were asked for; secrets masked.
        pub headers: Option<BTreeMap<String, Vec<String>>> => ["headers"],
        /// The body, in `body_encoding`.
        pub body: Option<Cow<'a, str>> => ["body"],
        /// Encoding of `body`.
        pub body_encoding: Option<BodyEncoding> => ["body_encoding"],
        /// The charset that `body`, or in a failure log `response_text`, was decoded from, as the response's
        /// `Content-Type` names it, in lower case. `None`: its bytes are UTF-8, or in base64.
        pub charset: Option<Cow<'a, str>> => ["charset"],
        /// True if the body was cut, by this record's limit or earlier.
        pub body_truncated: Option<bool> => ["body_truncated"],
        /// Tag that the caller gave the request.
        #[serde(deserialize_with = "wire::any_tag")]
        pub tag: Option<Tag> => ["tag"],
        /// True if the record stands in place of an earlier one of the same key that was no success.
        pub supersedes: bool => ["supersedes"],
        pub(super) request: Option<Written> => ["request"],
        /// The body as text, in a failure log; absent when there was no response.
        pub response_text: Option<Cow<'a, str>> => ["response_text"],
    }
}

fields! {
    /// One attempt that did not settle the request.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct AttemptRecord {
        /// Class of the failure.
        pub error_type: ErrorType => "error_type",
        /// In which phase.
        pub phase: Option<Phase> => ["phase"],
        /// The status, if a response head arrived.
        pub status: Option<u16> => ["status"],
        /// Time that the attempt took.
        #[serde(with = "millis")]
        pub elapsed: Duration => "elapsed_ms",
        /// The wait before the next attempt, if there was one.
        #[serde(with = "millis_option")]
        pub delay: Option<Duration> => ["delay_ms"],
    }
}

fields! {
    /// Time of each phase of the last attempt.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    #[non_exhaustive]
    pub struct PhaseTimes {
        /// Turning the host name into addresses.
        #[serde(with = "millis")]
        pub resolve: Duration => "resolve_ms",
        /// Opening the TCP connection.
        #[serde(with = "millis")]
        pub connect: Duration => "connect_ms",
        /// The TLS handshake.
        #[serde(with = "millis")]
        pub tls: Duration => "tls_ms",
        /// Writing the request.
        #[serde(with = "millis")]
        pub send: Duration => "send_ms",
        /// From the last byte sent to the parsed response head.
        #[serde(with = "millis")]
        pub wait: Duration => "wait_ms",
        /// Reading the body.
        #[serde(with = "millis")]
        pub receive: Duration => "receive_ms",
    }
}
