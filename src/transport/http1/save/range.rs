//! Decision about the response to a request that may continue a download. Values in, decision out.

use http::HeaderValue;
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG, LAST_MODIFIED,
};
use serde::{Deserialize, Serialize};

use crate::response::Headers;
use crate::retry::retry_after::http_date;

/// Names by which a server recognises one version of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Validators {
    /// Strong `ETag`, as it was sent. `None`: none, or a weak one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
    /// `Last-Modified`, as it was sent. `None`: none, no date, or a weak one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_modified: Option<String>,
}

impl Validators {
    /// Reads the validators of a response.
    pub(super) fn of(headers: &Headers) -> Validators {
        let text = |name| std::str::from_utf8(headers.first(name)?).ok();
        Validators {
            etag: text(&ETAG)
                .filter(|etag| is_strong(etag))
                .map(str::to_owned),
            last_modified: text(&LAST_MODIFIED)
                .filter(|modified| is_strong_date(modified, text(&DATE)))
                .map(str::to_owned),
        }
    }

    /// Returns the value for `If-Range`. `None`: there is no validator.
    pub(super) fn if_range(&self) -> Option<&str> {
        self.etag.as_deref().or(self.last_modified.as_deref())
    }

    /// True if the validators of a response say that the file is another one now.
    fn contradict(&self, other: &Validators) -> bool {
        let differ = |own: &Option<String>, other: &Option<String>| match (own, other) {
            (Some(own), Some(other)) => Some(own != other),
            _ => None,
        };
        let by_etag = differ(&self.etag, &other.etag);
        let differs = by_etag.or_else(|| differ(&self.last_modified, &other.last_modified));
        differs.unwrap_or(false)
    }
}

/// True for an entity tag that is not weak (RFC 9110 section 8.8.3).
fn is_strong(etag: &str) -> bool {
    let inner = etag
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| inner.bytes().all(|b| b > b' ' && b != b'"' && b != 0x7f))
}

/// True for a date that names one version of a file: the file may change again within the second in which it was sent
/// (RFC 9110 section 8.8.2.2). `sent`: the `Date` of the response. `None`: there is none.
fn is_strong_date(modified: &str, sent: Option<&str>) -> bool {
    match (http_date(modified), sent.and_then(http_date)) {
        (Some(modified), Some(sent)) => modified < sent,
        (modified, _) => modified.is_some(),
    }
}

/// Bytes that a request asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct WantedRange<'a> {
    /// Number of the first byte, which is the size of the unfinished file. 0: the whole file is asked for.
    pub(super) from: u64,
    /// Length of the whole file. `None`: not known.
    pub(super) length: Option<u64>,
    pub(super) validators: &'a Validators,
}

/// Parts of a response that the decision depends on.
#[derive(Clone, Debug, Default)]
pub(super) struct RangeAnswer {
    pub(super) status: u16,
    /// Value of `Content-Range`. `None`: there is none.
    pub(super) content_range: Option<String>,
    pub(super) validators: Validators,
    /// Length of the body. `None`: not known.
    pub(super) body_length: Option<u64>,
    /// True if the body has a content coding.
    pub(super) coded: bool,
    /// True if the body consists of several ranges.
    pub(super) multipart: bool,
}

impl RangeAnswer {
    /// Reads the parts from the head of a response.
    pub(super) fn of(status: u16, headers: &Headers) -> RangeAnswer {
        let text = |name| {
            let value = headers.first(name)?;
            Some(String::from_utf8_lossy(value).trim().to_owned())
        };
        let coded = |value: &HeaderValue| {
            let value = value.as_bytes().trim_ascii();
            !value.is_empty() && !value.eq_ignore_ascii_case(b"identity")
        };
        let coded = headers.get_all(CONTENT_ENCODING).iter().any(coded);
        let content_type = text(&CONTENT_TYPE).unwrap_or_default();
        RangeAnswer {
            status,
            content_range: text(&CONTENT_RANGE),
            validators: Validators::of(headers),
            body_length: text(&CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            coded,
            multipart: content_type
                .to_ascii_lowercase()
                .starts_with("multipart/byteranges"),
        }
    }
}

/// Use of a response to a request that may continue a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) enum RangeStep {
    /// The body is the whole file, as for a request that asks for no range.
    Whole,
    /// The body is the rest of a file of this length.
    Append { length: u64 },
    /// The unfinished file is complete: there is no rest.
    Complete,
    /// The body is of no use, and the whole file is to be asked for.
    Anew,
    /// The body is of no use, although the whole file was asked for.
    Unusable,
}

/// Returns the use of the response. Whether its status is accepted is for the caller to look at, if it is neither 206
/// nor 416.
pub(super) fn decide(wanted: WantedRange<'_>, answer: &RangeAnswer) -> RangeStep {
    let changed = wanted.validators.contradict(&answer.validators);
    let range = answer
        .content_range
        .as_deref()
        .and_then(ContentRange::parse);
    match (answer.status, wanted.from) {
        (206, 0) => match range {
            Some(ContentRange {
                bytes: Some((0, last)),
                length: Some(length),
            }) if last + 1 == length && !answer.multipart => RangeStep::Whole,
            _ => RangeStep::Unusable,
        },
        (206, _) => match range
            .filter(|range| range.has_length(answer.body_length))
            .and_then(|range| range.length_from(&wanted))
        {
            Some(length) if !changed && !answer.coded && !answer.multipart => {
                RangeStep::Append { length }
            }
            _ => RangeStep::Anew,
        },
        (416, 1..) => {
            let length = range.filter(|range| range.bytes.is_none());
            let length = length.and_then(|range| range.length);
            let agrees = wanted.length.is_none_or(|known| length == Some(known));
            match length == Some(wanted.from) && agrees && !changed {
                true => RangeStep::Complete,
                false => RangeStep::Anew,
            }
        }
        _ => RangeStep::Whole,
    }
}

/// Value of `Content-Range` in bytes (RFC 9110 section 14.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ContentRange {
    /// First and last byte. `None`: no range could be satisfied.
    bytes: Option<(u64, u64)>,
    /// Length of the whole file. `None`: the server does not know it.
    length: Option<u64>,
}

impl ContentRange {
    /// Reads the value. `None`: it is no valid range of bytes.
    fn parse(text: &str) -> Option<ContentRange> {
        let (unit, rest) = text.split_once([' ', '\t'])?;
        let (bytes, length) = rest.trim().split_once('/')?;
        let bytes = match bytes.trim() {
            "*" => None,
            bytes => {
                let (first, last) = bytes.split_once('-')?;
                Some((number(first)?, number(last)?))
            }
        };
        let length = match length.trim() {
            "*" => None,
            length => Some(number(length)?),
        };
        let fits =
            bytes.is_none_or(|(first, last)| first <= last && last < length.unwrap_or(u64::MAX));
        (unit.eq_ignore_ascii_case("bytes") && fits).then_some(ContentRange { bytes, length })
    }

    /// True if a body of this length can be the range. `body`: length of the body. `None`: not known.
    fn has_length(&self, body: Option<u64>) -> bool {
        match (self.bytes, body) {
            (Some((first, last)), Some(body)) => last - first + 1 == body,
            _ => true,
        }
    }

    /// Returns the length of the whole file, if the range begins where it was asked to. `None`: it does not, or the
    /// length is not known or another one than before.
    fn length_from(&self, wanted: &WantedRange<'_>) -> Option<u64> {
        let (first, _) = self.bytes?;
        let length = self.length.or(wanted.length)?;
        let agrees = wanted.length.is_none_or(|known| known == length);
        (first == wanted.from && agrees).then_some(length)
    }
}

/// Reads a number of digits only.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests;
