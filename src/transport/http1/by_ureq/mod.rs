//! HTTP by ureq: requests that it writes and responses that it reads.

pub(in crate::transport) mod lease;

use ureq::{Agent, SendBody};

use super::request::{request, streamed};
use super::upload::Upload;
use crate::http::{Method, Response};
use crate::request::Body;
use crate::transport::Call;

/// Has ureq send the request on the connection laid out, and read the head of the response.
pub(in crate::transport) fn send(
    agent: &Agent,
    call: &Call<'_>,
    upload: Option<&mut Upload<'_>>,
) -> Result<Response<ureq::Body>, ureq::Error> {
    match (call.body, upload) {
        (Body::Bytes(bytes), _) if writes(call.method) || !bytes.is_empty() => {
            with_bytes(agent, call, bytes)
        }
        (Body::Streamed(_), Some(upload)) => with_stream(agent, call, upload),
        _ => without(agent, call),
    }
}

/// Such a request says how long its body is, be it empty (RFC 9110 §8.6).
pub(in crate::transport) fn writes(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

// Ten thousand workers have ten thousand stacks: each takes what it needs and no more.
#[inline(never)]
fn without(agent: &Agent, call: &Call<'_>) -> Result<Response<ureq::Body>, ureq::Error> {
    agent.run(request(call))
}

#[inline(never)]
fn with_bytes(
    agent: &Agent,
    call: &Call<'_>,
    body: &[u8],
) -> Result<Response<ureq::Body>, ureq::Error> {
    agent.run(request(call).map(|()| body))
}

#[inline(never)]
fn with_stream(
    agent: &Agent,
    call: &Call<'_>,
    upload: &mut Upload<'_>,
) -> Result<Response<ureq::Body>, ureq::Error> {
    let head = streamed(call, upload.length());
    agent.run(head.map(|()| SendBody::from_reader(upload)))
}
