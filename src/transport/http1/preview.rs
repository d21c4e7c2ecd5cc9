//! Head of a request as it would be sent, found without a connection.

use super::request::{sent_headers, streamed_headers, writes};
use crate::request::RequestContent;
use crate::transport::Call;
use crate::transport::target::Target;
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue};

/// Headers that a call sends before its body, and the size of the body.
pub struct SentHead {
    /// All headers, including those of the framing, with `Host` first.
    pub(crate) headers: HeaderMap,
    /// Size of the body in bytes. `None`: a reader of unknown length, sent in chunks.
    pub(crate) body_bytes: Option<u64>,
}

impl SentHead {
    pub(in crate::transport) fn of(
        call: &Call<'_>,
        target: &Target<'_>,
        body_bytes: Option<u64>,
    ) -> SentHead {
        let sent = match call.body {
            RequestContent::Bytes(_) => sent_headers(call),
            RequestContent::Streamed(_) => streamed_headers(call, body_bytes),
        };
        let mut headers = HeaderMap::new();
        if let Ok(host) = HeaderValue::from_str(&host(target)) {
            headers.insert(HOST, host);
        }
        headers.extend(sent);
        match body_bytes {
            Some(0) if !writes(call.method) => {}
            Some(length) => {
                headers.insert(CONTENT_LENGTH, length.into());
            }
            None => {
                headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
            }
        }
        SentHead {
            headers,
            body_bytes,
        }
    }
}

/// Returns the host, and the port if it is not the scheme's default.
fn host(target: &Target<'_>) -> String {
    match (target.tls, target.port) {
        (true, 443) | (false, 80) => target.name.to_owned(),
        (_, port) => format!("{}:{port}", target.name),
    }
}
