//! From the head of a response to the whole of it.

use super::body::{self, Cut, Taken, Want};
use super::connection::Connection;
use super::{Call, Reply, classify, lease};
use crate::http::Response;
use crate::http::header::{LOCATION, TRANSFER_ENCODING};

/// Reads the body as far as it is wanted, and takes the connection back.
#[inline(never)]
pub(super) fn receive(
    call: &Call<'_>,
    response: Response<ureq::Body>,
) -> (Reply, Option<Cut>, Option<Box<Connection>>) {
    let (head, mut body) = response.into_parts();
    let status = head.status.as_u16();
    let mut reply = Reply {
        status,
        version: head.version,
        headers: head.headers,
        body: Vec::new(),
        truncated: false,
    };
    // ureq lets go of the connection at once if no body follows. Then there is nothing to read, and nothing to
    // decompress either, whatever the headers say: think of the answer to HEAD.
    if let Some(connection) = lease::take_back() {
        return (reply, None, Some(connection));
    }
    let want = if call.accept.contains(status) {
        Want::Whole(call.body_limit)
    } else if call.follows && head.status.is_redirection() && reply.headers.contains_key(LOCATION) {
        Want::Nothing
    } else {
        Want::Sample
    };
    let length = body.content_length();
    let mut taken = Taken::default();
    let result = body::read(body.as_reader(), length, want, &mut taken);
    drop(body);
    let connection = lease::take_back();
    reply.body = taken.bytes;
    reply.truncated = taken.truncated;
    // The last chunk alone, which has five bytes.
    let nothing = reply.headers.contains_key(TRANSFER_ENCODING)
        && connection
            .as_ref()
            .is_some_and(|c| !c.attempt.ended && c.attempt.body_size.is_some_and(|size| size <= 5));
    let cut = match result {
        Ok(()) => None,
        // A compressed body of no bytes at all is empty.
        Err(Cut::Failed(error)) if nothing && classify::is_empty_compressed(&error) => None,
        Err(cut) => Some(cut),
    };
    (reply, cut, connection)
}

/// What is kept of the answer in a fault.
pub(super) fn sampled(mut reply: Reply) -> Reply {
    if reply.body.len() > body::SAMPLE {
        reply.body.truncate(body::SAMPLE);
        reply.body.shrink_to_fit();
        reply.truncated = true;
    }
    reply
}
