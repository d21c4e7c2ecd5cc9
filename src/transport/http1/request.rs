//! Headers of a request, and their lines as they are sent.

use std::io::Write;

use crate::transport::Call;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, RANGE,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

/// Returns the headers of a request, without those of its framing.
pub(super) fn sent_headers(call: &Call<'_>) -> HeaderMap {
    let mut headers = call.headers.clone();
    // The length of the body itself counts, not a header.
    headers.remove(CONTENT_LENGTH);
    headers.remove(TRANSFER_ENCODING);
    for (name, value) in added(call.headers, call.without) {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
}

/// Returns the headers of a request whose body is streamed. Without a length the body goes out in chunks.
pub(super) fn streamed_headers(call: &Call<'_>, length: Option<u64>) -> HeaderMap {
    let mut headers = sent_headers(call);
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    if asks(call, length) {
        headers.insert(EXPECT, HeaderValue::from_static("100-continue"));
    }
    headers
}

/// True if the server is asked for leave before the streamed body is sent, as curl does: for long bodies, and for
/// bodies of unknown length.
pub(in crate::transport) fn asks(call: &Call<'_>, length: Option<u64>) -> bool {
    call.expect_from
        .is_some_and(|from| length != Some(0) && length.is_none_or(|l| l >= from))
        && !call.headers.contains_key(EXPECT)
        && !call.without.contains(&EXPECT)
}

/// Returns true if requests with this method declare the length of their body even if it is empty (RFC 9110 §8.6).
pub(super) fn writes(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

/// Returns an upper bound for the size of the request head: its lines, and also `Host`, `Content-Length`, the defaults
/// and the `Authorization` of a userinfo, with room to spare.
pub(in crate::transport) fn head_size(call: &Call<'_>) -> usize {
    let (authority, path) = (call.url.authority().len(), call.url.path_and_query().len());
    let lines = match call.lines {
        Some(lines) => lines.as_bytes().len(),
        None => {
            let lines = call.headers.iter();
            lines
                .map(|(name, value)| name.as_str().len() + value.len() + 4)
                .sum()
        }
    };
    lines + call.method.as_str().len() + path + 3 * authority + 320
}

/// Header lines as they are sent, each with a line break before it. Lines that many requests share are written out
/// once.
#[derive(Clone, Debug)]
pub(crate) struct HeaderLines(Box<[u8]>);

impl HeaderLines {
    /// Returns the lines of these headers and of the added ones, except for the names `without`. `None`: ureq has to
    /// write them.
    pub(crate) fn of(headers: &HeaderMap, without: &[HeaderName]) -> Option<HeaderLines> {
        let mut lines = Vec::new();
        write_lines(&mut lines, headers, without)?;
        Some(HeaderLines(lines.into()))
    }

    pub(in crate::transport) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Writes header lines as ureq would. `None`: ureq treats one of the lines specially, or there is no room.
pub(in crate::transport) fn write_lines(
    out: &mut impl Write,
    headers: &HeaderMap,
    without: &[HeaderName],
) -> Option<()> {
    let mut line = |name: &HeaderName, value: &[u8]| {
        put(out, &[b"\r\n", name.as_str().as_bytes(), b": ", value])
    };
    for (name, value) in headers {
        match *name {
            CONTENT_LENGTH | TRANSFER_ENCODING => continue,
            HOST | CONNECTION | EXPECT | UPGRADE => return None,
            AUTHORIZATION if value.to_str().is_err() => return None,
            _ => line(name, value.as_bytes())?,
        }
    }
    for (name, value) in added(headers, without) {
        line(&name, value.as_bytes())?;
    }
    Some(())
}

/// Writes the parts in sequence. `None`: there is no room.
pub(in crate::transport) fn put(out: &mut impl Write, parts: &[&[u8]]) -> Option<()> {
    parts.iter().try_for_each(|part| out.write_all(part).ok())
}

/// Headers that are sent if the request does not set them.
const DEFAULTS: [(HeaderName, &str); 2] = [(ACCEPT, "*/*"), (ACCEPT_ENCODING, ENCODINGS)];

/// Returns the default headers that these headers lack and that are not among the names `without`. A request for a part
/// of a body offers no coding, since a part of a coded body cannot be decoded (as in Go's net/http and the Fetch
/// Standard).
fn added(
    headers: &HeaderMap,
    without: &[HeaderName],
) -> impl Iterator<Item = (HeaderName, &'static str)> {
    DEFAULTS.into_iter().filter(|(name, value)| {
        let of_a_part = *name == ACCEPT_ENCODING && headers.contains_key(RANGE);
        !value.is_empty() && !of_a_part && !headers.contains_key(name) && !without.contains(name)
    })
}

/// Joins the names of codings.
macro_rules! list {
    ($name:literal $(, $rest:literal)*) => { concat!($name $(, ", ", $rest)*) };
}

/// Codings that this build decodes, in the order of preference.
const ENCODINGS: &str = match (
    cfg!(feature = "gzip"),
    cfg!(feature = "brotli"),
    cfg!(feature = "deflate"),
    cfg!(feature = "zstd"),
) {
    (true, true, true, true) => list!("gzip", "br", "deflate", "zstd"),
    (true, true, true, false) => list!("gzip", "br", "deflate"),
    (true, true, false, true) => list!("gzip", "br", "zstd"),
    (true, true, false, false) => list!("gzip", "br"),
    (true, false, true, true) => list!("gzip", "deflate", "zstd"),
    (true, false, true, false) => list!("gzip", "deflate"),
    (true, false, false, true) => list!("gzip", "zstd"),
    (true, false, false, false) => "gzip",
    (false, true, true, true) => list!("br", "deflate", "zstd"),
    (false, true, true, false) => list!("br", "deflate"),
    (false, true, false, true) => list!("br", "zstd"),
    (false, true, false, false) => "br",
    (false, false, true, true) => list!("deflate", "zstd"),
    (false, false, true, false) => "deflate",
    (false, false, false, true) => "zstd",
    (false, false, false, false) => "",
};
