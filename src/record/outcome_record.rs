//! Fields of a record, in the single list that reading and writing use.
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
        /// Id that the caller gave the request. `None`: it has none.
        #[serde(deserialize_with = "wire::text_or_number")]
        pub id: Option<Cow<'a, str>> => ["id"],
        /// Position in the input, from 0.
        pub index: u64 => "index",
        /// Key by which a resumed batch recognises the request.
        pub key: Key => "key",
        /// Name of the file that the request was read from, as it was given; `-` is standard input.
        ///
        /// `None`: the request came from no file.
        pub source: Option<Cow<'a, str>> => ["source"],
        /// Number of the request's line in `source`, from 1, counting every line.
        ///
        /// `None`: the request came from no file.
        pub line: Option<u64> => ["line"],
        /// Number of outcomes that led to the request, one after the other; 0 for a request of the input.
        pub depth: u32 => ["depth"],
        /// Index of the request whose outcome led to this one. `None`: the request is of the input.
        pub parent: Option<u64> => ["parent"],
        /// Key of the first page of the request's chain. `None`: the request is of no chain of pages.
        pub seed: Option<Key> => ["seed"],
        /// Number of the page in its chain, from 1. `None`: the request is of no chain of pages.
        pub page: Option<u32> => ["page"],
        /// Link or cursor of the next page, with secrets masked. `None`: the page has none.
        #[serde(deserialize_with = "wire::any_tag")]
        pub next: Option<Tag> => ["next"],
        /// State of the outcome: success, rejected or failed.
        pub outcome: Kind => "outcome",
        /// URL of the request, with secrets masked.
        pub url: Cow<'a, str> => "url",
        /// Method of the request.
        pub method: Cow<'a, str> => "method",
        /// Status of the last response. `None`: no response head arrived.
        pub status: Option<u16> => ["status"],
        /// Reason why the application rejected the response. `None`: it did not.
        pub rejection: Option<Cow<'a, Rejection>> => ["rejection"],
        /// Number of attempts.
        pub attempts: u32 => "attempts",
        /// Start of the last attempt, to the millisecond. `None`: the request was not sent.
        #[serde(with = "wire::instant")]
        pub timestamp: Option<SystemTime> => ["timestamp"],
        /// Time from the start of the last attempt to the end of the body or the failure.
        ///
        /// `None`: the request was not sent.
        #[serde(with = "millis_option")]
        pub elapsed: Option<Duration> => ["elapsed_ms"],
        /// Time from the start of the last attempt to the parsed head. `None`: no response head arrived.
        #[serde(with = "millis_option")]
        pub ttfb: Option<Duration> => ["ttfb_ms"],
        /// Time that the request waited for a worker or a limit.
        ///
        /// `None`: not known, since the record was made from a row of a database.
        #[serde(with = "millis_option")]
        pub queued: Option<Duration> => ["queued_ms"],
        /// Time of the queue, the attempts and the waits between them. `None`: not known, as for `queued`.
        #[serde(with = "millis_option")]
        pub total: Option<Duration> => ["total_ms"],
        /// URL of the last response as it was sent, with secrets masked. `None`: it is written as in `url`.
        pub final_url: Option<Cow<'a, str>> => ["final_url"],
        /// Number of redirects that were followed.
        pub redirects: u32 => ["redirects"],
        /// Address that sent the last response. `None`: no response head arrived, or the address is not known.
        pub remote_ip: Option<IpAddr> => ["remote_ip"],
        /// True if a kept-alive connection carried the last response. `None`: no response came.
        pub reused: Option<bool> => ["reused"],
        /// Phases of the last attempt. `None`: it got no response.
        pub timings: Option<PhaseTimes> => ["timings"],
        /// `Content-Type` of the last response. `None`: no response head arrived, or it has none.
        pub content_type: Option<Cow<'a, str>> => ["content_type"],
        /// `Content-Encoding` that the body still has: this build does not decode it, or was told not to.
        ///
        /// `None`: the body is not coded, or was decoded.
        pub content_encoding: Option<Cow<'a, str>> => ["content_encoding"],
        /// Number of bytes of the body that arrived, after decompression. `None`: no response head arrived.
        pub size_bytes: Option<u64> => ["size_bytes"],
        /// File that the body was saved to, or that was there already, as the request named it.
        ///
        /// Parts of the name that are not UTF-8 are U+FFFD. `None`: the body was not saved.
        pub output_file: Option<Cow<'a, str>> => ["output_file"],
        /// SHA-256 of the saved file, in 64 lower-case hexadecimal digits. `None`: the body was not saved.
        pub sha256: Option<Cow<'a, str>> => ["sha256"],
        /// True if the file was there already, so that it was not downloaded.
        pub skipped: bool => ["skipped"],
        /// Layer of the failure. `None`: the request did not fail.
        pub layer: Option<Layer> => ["layer"],
        /// Class of the failure. `None`: the request did not fail.
        pub error_type: Option<ErrorType> => ["error_type"],
        /// Phase of the failure. `None`: there was no failure, or it belongs to no phase.
        pub phase: Option<Phase> => ["phase"],
        /// Reason of the failure, in words. `None`: the request did not fail.
        pub error_msg: Option<Cow<'a, str>> => ["error_msg"],
        /// Position of the mistake in a line or a URL that could not be read, in bytes from 1.
        ///
        /// `None`: there is no such mistake, or its position is not known.
        pub error_position: Option<u64> => ["error_position"],
        /// Part of the line or URL that is known to be harmless.
        ///
        /// `None`: there is no mistake in a line or URL, or no such part.
        pub error_text: Option<Cow<'a, str>> => ["error_text"],
        /// Reason why a failure, or an accepted response that was to be asked for again, was not retried.
        ///
        /// `None`: there was no such reason.
        pub stop_reason: Option<StopReason> => ["stop_reason"],
        /// Attempts that failed or were followed by another, oldest first.
        pub attempt_log: Vec<AttemptRecord> => ["attempt_log"],
        /// True if the server may have carried out an earlier attempt.
        pub prior_attempt_ambiguous: bool => ["prior_attempt_ambiguous"],
        /// True if a second request was sent for an answer that was slow to come.
        pub hedged: bool => ["hedged"],
        /// Response headers, with secrets masked. `None`: they were not asked for.
        pub headers: Option<BTreeMap<String, Vec<String>>> => ["headers"],
        /// The body as JSON, as it was written but for white space.
        ///
        /// `None`: it was not [asked for](super::BodyMode::Json), or the body is no whole JSON and stands in `body`.
        #[serde(deserialize_with = "wire::any_tag")]
        pub json: Option<Tag> => ["json"],
        /// The body, in `body_encoding`. `None`: it is not kept here, or there was no response.
        pub body: Option<Cow<'a, str>> => ["body"],
        /// Encoding of `body`. `None`: there is no `body`.
        pub body_encoding: Option<BodyEncoding> => ["body_encoding"],
        /// Charset that the text of the body was decoded from, in lower case.
        ///
        /// The text is `body`, or in a failure log `response_text`. The charset is named as the response's
        /// `Content-Type` names it, in lower case. `None`: the text came as UTF-8, or is in base64.
        pub charset: Option<Cow<'a, str>> => ["charset"],
        /// True if the body was cut, by this record's limit or earlier.
        ///
        /// `None`: the record has no text of a body.
        pub body_truncated: Option<bool> => ["body_truncated"],
        /// Tag that the caller gave the request. `None`: it has none.
        #[serde(deserialize_with = "wire::any_tag")]
        pub tag: Option<Tag> => ["tag"],
        /// Origin to which the client's credentials belong, of a request whose URL a server named.
        ///
        /// `none`: they go to no host. `None`: they go to every host.
        pub credentials_for: Option<Cow<'a, str>> => ["credentials_for"],
        /// True if the record replaces an earlier record of the same key that was no success.
        pub supersedes: bool => ["supersedes"],
        pub(super) request: Option<Written> => ["request"],
        /// The body as text, in a failure log.
        ///
        /// `None`: there was no response, or the record is of a results file.
        pub response_text: Option<Cow<'a, str>> => ["response_text"],
    }
}

fields! {
    /// An attempt that did not settle the request.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct AttemptRecord {
        /// Class of the failure.
        pub error_type: ErrorType => "error_type",
        /// Phase of the failure. `None`: there was no failure, or it belongs to no phase.
        pub phase: Option<Phase> => ["phase"],
        /// Status of the response. `None`: no response head arrived.
        pub status: Option<u16> => ["status"],
        /// Time that the attempt took.
        #[serde(with = "millis")]
        pub elapsed: Duration => "elapsed_ms",
        /// Wait before the next attempt. `None`: no attempt followed.
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
