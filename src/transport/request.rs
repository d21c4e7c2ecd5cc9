//! The request as ureq gets it.

use super::Call;
use crate::http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING};
use crate::http::{HeaderName, HeaderValue, Request};

/// The request for ureq.
pub(super) fn request(call: &Call<'_>) -> Request<()> {
    let mut headers = call.headers.clone();
    // The body's own length counts. A wrong one would make ureq wait for bytes that do not exist.
    headers.remove(CONTENT_LENGTH);
    headers.remove(TRANSFER_ENCODING);
    for (name, value) in DEFAULTS {
        if !value.is_empty() {
            headers
                .entry(name)
                .or_insert(HeaderValue::from_static(value));
        }
    }
    let mut request = Request::new(());
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = call.uri.clone();
    *request.headers_mut() = headers;
    request
}

/// The request for ureq where its body is streamed. Without a length it goes out in chunks.
pub(super) fn streamed(call: &Call<'_>, length: Option<u64>) -> Request<()> {
    let mut request = request(call);
    let headers = request.headers_mut();
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    if asks(call, length) {
        headers.insert(EXPECT, HeaderValue::from_static("100-continue"));
    }
    request
}

/// Whether the server is asked if it wants the streamed body before that is sent, as curl does: for long ones, and those
/// of which nobody knows how long they are.
pub(super) fn asks(call: &Call<'_>, length: Option<u64>) -> bool {
    call.expect_from
        .is_some_and(|from| length != Some(0) && length.is_none_or(|l| l >= from))
        && !call.headers.contains_key(EXPECT)
}

/// An upper bound of the request head's size: of its lines, and beside them of `Host`, `Content-Length`, the defaults
/// and the `Authorization` of a userinfo, with room to spare.
pub(super) fn head_size(call: &Call<'_>) -> usize {
    let authority = call.uri.authority().map_or(0, |a| a.as_str().len());
    let path = call.uri.path_and_query().map_or(0, |p| p.as_str().len());
    let lines = call
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4);
    lines.sum::<usize>() + call.method.as_str().len() + path + 3 * authority + 320
}

/// What goes out unless the request says something else.
pub(super) const DEFAULTS: [(HeaderName, &str); 2] =
    [(ACCEPT, "*/*"), (ACCEPT_ENCODING, ENCODINGS)];

/// Adds the codings that ureq leaves to this side to those it knows.
macro_rules! and_own {
    ($known:literal, $comma:literal) => {
        match (cfg!(feature = "deflate"), cfg!(feature = "zstd")) {
            (true, true) => concat!($known, $comma, "deflate, zstd"),
            (true, false) => concat!($known, $comma, "deflate"),
            (false, true) => concat!($known, $comma, "zstd"),
            (false, false) => $known,
        }
    };
}

/// What can be decompressed.
const ENCODINGS: &str = match (cfg!(feature = "gzip"), cfg!(feature = "brotli")) {
    (true, true) => and_own!("gzip, br", ", "),
    (true, false) => and_own!("gzip", ", "),
    (false, true) => and_own!("br", ", "),
    (false, false) => and_own!("", ""),
};
