//! Records of requests, and lines of input: one JSON object a line.
//!
//! # The outcome record, version 1
//! Times are milliseconds with at most three decimals (`_ms`), sizes are bytes (`_bytes`); a key that does not apply is
//! absent. The keys:
//!
//! | key | meaning |
//! |---|---|
//! | `v` | 1 |
//! | `id` | the request's own name |
//! | `index` | position in the input, from 0 |
//! | `key` | what a resumed batch recognises the request by, see [`Key`] |
//! | `source`, `line` | where the request came from a file: its name as given (`-` is standard input), and the number of the line in it, from 1, counting every line |
//! | `depth`, `parent` | in a batch of [`Client::follow`](crate::Client::follow), for a request that another one led to: the number of outcomes that led to it, and the `index` of the request whose outcome did |
//! | `seed`, `page`, `next` | of a [page](crate::batch::Pages) of a list: the `key` of its first page, its number from 1, and the link (secrets masked) or cursor of the page after it, if there is one |
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
//! | `timings` | the phases of the last attempt: `resolve_ms`, `connect_ms`, `tls_ms`, `send_ms`, `wait_ms`, `receive_ms` |
//! | `content_type` | of the response |
//! | `content_encoding` | the `Content-Encoding` of a body that is kept as it came, since this build does not decode it or [the request says so](crate::Request::keep_encoding); absent: the body is not coded, or was decoded |
//! | `size_bytes` | of the body, after decompression |
//! | `output_file`, `sha256` | of a body that was [saved](crate::Request::save_to): where, and its digest in hexadecimal; there is no `body` then |
//! | `skipped` | true: the file was there already (`output_file`) and was not downloaded: no attempt was made, or the server said that the file has not changed (`status` 304) |
//! | `layer`, `error_type`, `phase`, `error_msg` | why it failed |
//! | `error_position`, `error_text` | if a line or a URL could not be read: the position of the mistake, in bytes from 1 of the line as UTF-8 without a byte order mark (of the URL, if the line itself could be read), and a part of the line that is known to be harmless, such as the name of a key; `url` is then only host and path |
//! | `stop_reason` | why it was not tried again: a failure, or an accepted response that was to be asked for again, and could not be |
//! | `attempt_log` | the attempts that failed, or were followed by another: `error_type`, `phase`, `status`, `elapsed_ms`, `delay_ms` |
//! | `prior_attempt_ambiguous` | true: an earlier attempt may have been carried out |
//! | `hedged` | true: a second request was sent, because the answer to the first was slow to come |
//! | `headers` | of the response, on request: lower-case name to list of values; secrets are masked |
//! | `json` | the body as JSON, if that was [asked for](BodyMode::Json) and it is whole JSON; there is no `body` then |
//! | `body`, `body_encoding` | text (`utf8`) or `base64`, cut at [`RecordOptions::body_limit`] |
//! | `charset` | the charset that the text was decoded from (feature `charset`), named as in the response's `Content-Type`, in lower case; absent: the text came as UTF-8, or `body` is in base64 |
//! | `body_truncated` | true: something of the body is missing, cut by the record's limit or before |
//! | `tag` | what the caller tagged the request with, as it was written |
//! | `credentials_for` | of a request whose URL a server named, in a sitemap or as the next page: the origin to which the credentials of the client [belong](crate::Request::credentials_only_for), or `none`; absent: they go to every host |
//! | `supersedes` | true: this line stands in the place of an earlier one of the same key, or of the same page of a list |
//!
//! A record that a results file lost and that was restored from a [database](crate::sink::Sqlite) has only the keys
//! that a row has columns for.
//!
//! # The failure log
//! A record as above, with the keys that are needed to see the failure and to run the request again. The body stands in
//! `response_text`; `body` is present only if its bytes are more than that text.
//!
//! | key | meaning |
//! |---|---|
//! | `request` | the request, see [`Record::to_request`]. Of one that could not be read only host and path of the URL, `id` and `tag`, beside `invalid`, `invalid_at` and `invalid_text` (as `error_msg`, `error_position` and `error_text`); `source` and `line` lead to the line itself. If it was [kept](crate::Request::keeping_line), it is in `raw_line`, or in `raw_line_base64` if it is not UTF-8; `row` is true if the line is a row of values for a [template](InputLines::template), without which it cannot be read again |
//! | `request.sitemap` | true: the request was one for a [sitemap](crate::Request::of_sitemap) |
//! | `request.credentials_for` | the origin to which the credentials of the client [belong](crate::Request::credentials_only_for), if the URL leads elsewhere; `none`: they go to no host |
//! | `request.body_truncated` | true: the request's own body was too large for a line of [`LONGEST_LINE`] bytes and is cut; read back, it is an invalid request |
//! | `response_text` | the body as text, in the charset the server named; absent: there was no response |

mod bare;
mod body;
mod checksums;
mod codes;
mod converted;
mod credentials;
mod decoded;
mod download_lines;
mod downloads;
mod fetched;
mod fields;
mod files;
mod fit;
mod input;
mod invalid;
mod json_values;
mod kept;
mod keys;
mod kind;
mod known_keys;
mod layout;
mod lines;
mod list;
mod local_files;
mod logged;
mod logged_line;
mod make;
mod names;
mod outcome_record;
mod pairs;
mod pieces;
mod read;
mod register;
mod request;
mod results;
mod rows;
mod shard;
mod shown_names;
mod signatures;
#[cfg(feature = "fleet")]
mod split_failure;
mod splitter;
mod stand_in;
mod superseded;
mod template;
#[cfg(test)]
mod tests;
mod tsv;
mod unread_line;
mod values;
mod wire;
mod write;

use std::borrow::Cow;

pub(crate) use crate::key::KeyVersion;
pub use crate::key::{InvalidKey, Key};
pub use body::{BodyEncoding, BodyMode};
pub use checksums::{Checksums, InvalidChecksums};
#[cfg(feature = "gzip")]
pub(crate) use decoded::gzip_part;
#[cfg(feature = "zstd")]
pub(crate) use decoded::zstd_part;
pub(crate) use decoded::{CountedSource, OpenPart};
pub use decoded::{DecodedReader, TornEnd};
pub use fetched::FetchedInput;
pub use invalid::InvalidLine;
pub(crate) use invalid::shown_fault;
pub(crate) use keys::KeyMaker;
#[cfg(feature = "sqlite")]
pub(crate) use keys::key_of_url;
pub use kind::Kind;
pub use layout::{InvalidSelection, Layout, MissingValues, RowFormat, Selection, WriteOut};
pub(crate) use layout::{is_beginning_of_name, split_ending};
pub use lines::{InputLine, InputLines};
pub use list::{InputEntry, InputFormat, InputOptions, InputReader, InvalidInput};
#[cfg(feature = "csv")]
pub use list::{InvalidRow, Row, RowReader};
pub use make::RecordOptions;
pub use names::{InvalidOutputName, OutputNames};
pub use outcome_record::{AttemptRecord, PhaseTimes, Record};
#[cfg(feature = "fleet")]
pub(crate) use register::is_of_machine;
pub use register::{FileClash, FileRegister};
pub use shard::{InvalidShard, Shard, ShardRequests};
#[cfg(feature = "gzip")]
pub(crate) use signatures::GZIP_DEFLATE;
pub(crate) use signatures::{GZIP, SQLITE, ZSTD};
#[cfg(feature = "fleet")]
pub(crate) use split_failure::split_failure;
pub(crate) use splitter::{ResultSplitter, SplitLine};
pub use template::{InvalidTemplate, RequestTemplate, Template, TemplateValue, ValueEscaping};

use crate::request::Request;
use fields::ObjectFields;
use read::ReadSettings;
pub(crate) use unread_line::unread_reason;
pub(crate) use wire::Version;
use write::WriteValue;

/// Longest line of an input or a failure log, in bytes without the line feed: 16 MiB.
///
/// Longer lines of an input are not read, and none are written to a failure log.
///
/// A failure whose line would be longer has its response cut. If that is not enough, the request's body is replaced: by
/// `body_file` if it was read from a file, else by its beginning with `body_truncated`, which reads back as an invalid
/// request.
pub const LONGEST_LINE: usize = 16 << 20;

impl<'a> Record<'a> {
    /// Reads a line of a results file or a failure log. Unknown keys are skipped.
    ///
    /// # Errors
    /// When the line is no record, or is a record of another version.
    pub fn parse(line: &str) -> Result<Record<'static>, InvalidLine> {
        serde_json::from_str(line).map_err(|e| wire::no_record(line, &e))
    }

    /// Returns the record as one line of JSON, without the line feed.
    pub fn to_line(&self) -> String {
        let mut line = Vec::with_capacity(512);
        self.write_to(&mut line);
        line.pop();
        String::from_utf8_lossy(&line).into_owned()
    }

    /// Returns the request of a failure log's record as JSON.
    #[cfg(feature = "sqlite")]
    pub(crate) fn request_json(&self) -> String {
        let request = self.request.as_ref();
        request
            .map_or("null", |written| written.as_json())
            .to_owned()
    }

    /// Adds the record as one line, with its line feed, to `lines`.
    pub fn write_to(&self, lines: &mut Vec<u8>) {
        self.write_value(lines);
        lines.push(b'\n');
    }

    /// Returns the bytes of `body`. `None`: there is no body, or it is no valid base64.
    ///
    /// For text that was decoded from a `charset`, these are the bytes of the text in UTF-8; for `json` those of its text
    /// in the record.
    pub fn body_bytes(&self) -> Option<Cow<'_, [u8]>> {
        if let Some(json) = &self.json {
            return Some(json.as_json().as_bytes().into());
        }
        body::decode(self.body.as_deref()?, self.body_encoding?)
    }

    /// Reads the request of a line of a failure log, without the rest of the record.
    ///
    /// Returns the request as [`to_request`](Record::to_request) does.
    ///
    /// ```
    /// use haul::record::Record;
    ///
    /// # fn again(log: &str) -> Vec<haul::Request> {
    /// log.lines().filter_map(|line| Record::parse_request(line).ok()).collect()
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the line is not of a failure log, or its request cannot be understood.
    pub fn parse_request(line: &str) -> Result<Request, InvalidLine> {
        logged::logged(&ObjectFields::read(line.trim())?, ReadSettings::default())
            .map(|read| read.request)
    }

    /// Makes the request of a failure log's record, to send it again.
    ///
    /// The request has the same method, URL, headers, parameters, body, id, tag and settings as far as the line can
    /// hold them: predicates ([`Request::reject_if`]), the read timeout, the body limit and all of a retry policy but
    /// its number of attempts cannot. Secret headers and query parameters were left out, unless they were [asked
    /// for](RecordOptions::secrets); the client's defaults must have them, else the outcome is of class
    /// [`InvalidRequest`](crate::ErrorType::InvalidRequest) and names the missing ones.
    ///
    /// # Errors
    /// When the record holds no request, or its request cannot be understood.
    pub fn to_request(&self) -> Result<Request, InvalidLine> {
        match &self.request {
            Some(request) => request.to_request(),
            None => Err(logged::missing()),
        }
    }
}
