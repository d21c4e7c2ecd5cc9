//! Digest of the parts of a request that are sent.

use crate::digest::Sha256;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};

use super::{BodyPieces, PieceSource, Request, RequestContent};

impl Request {
    /// Adds the headers of the request's own, its credentials for digest authentication, and its body, unless that is empty. A streamed body is not read: it is
    /// known by the paths of its files and the lengths of its readers.
    pub(crate) fn add_headers_and_body(&self, hash: &mut Sha256) {
        add_headers(hash, self);
        if let Some(credentials) = self.digest() {
            add_part(hash, "digest_user", credentials.user.as_bytes());
            add_part(hash, "password", credentials.password.as_bytes());
        }
        match self.sends() {
            RequestContent::Bytes(bytes) if bytes.is_empty() => {}
            RequestContent::Bytes(bytes) => add_part(hash, "body", bytes),
            RequestContent::Streamed(stream) => add_pieces(hash, stream),
        }
    }
}

/// Adds a part with its name and length in front, so that no part can be made to look like another.
pub(crate) fn add_part(hash: &mut Sha256, name: &str, content: &[u8]) {
    hash.update(name);
    // The length is written by hand from its end, for speed, since every request has several parts.
    let mut length = [b':'; 22];
    let (mut start, mut rest) = (length.len() - 1, content.len());
    loop {
        start -= 1;
        length[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    hash.update(&length[start - 1..]);
    hash.update(content);
}

/// Adds the request's own headers and the headers that it leaves out. Headers of different names may come in any order
/// (RFC 9110 §5.3), so an input whose keys were sorted anew has the same requests.
fn add_headers(hash: &mut Sha256, request: &Request) {
    let mut headers: Vec<&(HeaderName, Option<HeaderValue>)> =
        request.header_edits().iter().collect();
    headers.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
    let boundary = has_boundary(request.sends());
    for (name, value) in headers {
        let Some(value) = value else {
            add_part(hash, "without", name.as_str().as_bytes());
            continue;
        };
        let mut value = value.as_bytes();
        if boundary && name == CONTENT_TYPE {
            value = without_boundary(value);
        }
        add_part(hash, "header", name.as_str().as_bytes());
        add_part(hash, "value", value);
    }
}

fn has_boundary(body: &RequestContent) -> bool {
    let RequestContent::Streamed(stream) = body else {
        return false;
    };
    let mut pieces = stream.pieces.iter();
    pieces.any(|piece| matches!(piece.source, PieceSource::Boundary(_)))
}

/// Returns the content type of a form with files without the boundary, which differs each time.
fn without_boundary(content_type: &[u8]) -> &[u8] {
    const BOUNDARY: &[u8] = b"boundary=";
    let at = content_type
        .windows(BOUNDARY.len())
        .position(|part| part.eq_ignore_ascii_case(BOUNDARY));
    &content_type[..at.unwrap_or(content_type.len())]
}

fn add_pieces(hash: &mut Sha256, stream: &BodyPieces) {
    for piece in &stream.pieces {
        match &piece.source {
            PieceSource::Bytes(bytes) => add_part(hash, "bytes", bytes),
            PieceSource::Boundary(_) => add_part(hash, "boundary", b""),
            PieceSource::File(path) => add_part(hash, "file", path.as_os_str().as_encoded_bytes()),
            PieceSource::Reader(reader) => {
                let length = reader.length.map(|length| length.to_string());
                add_part(hash, "reader", length.unwrap_or_default().as_bytes());
            }
        }
    }
}
