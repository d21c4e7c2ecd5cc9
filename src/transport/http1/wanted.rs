//! Amount of a response's body that is wanted, and the responses that have none.

use super::body::collect::BodyWanted;
use crate::transport::{Call, Reply};
use http::Method;
use http::header::LOCATION;

/// Returns how much of the body is wanted.
pub(super) fn wanted(call: &Call<'_>, reply: &Reply) -> BodyWanted {
    let (streamed, limit) = (call.stream.is_some(), call.body_limit);
    if (streamed || call.save.is_some()) && leads_on(call, reply) {
        BodyWanted::Nothing
    } else if call.accept.contains(reply.status) {
        match call.discard {
            true => BodyWanted::Discarded,
            false if streamed => BodyWanted::Streamed(limit),
            false => BodyWanted::Whole(limit),
        }
    } else if call.follows
        && matches!(reply.status, 300..=399)
        && reply.headers.first(&LOCATION).is_some()
    {
        BodyWanted::Nothing
    } else {
        BodyWanted::Sample
    }
}

/// Returns true if the response is a redirect that will be followed.
fn leads_on(call: &Call<'_>, reply: &Reply) -> bool {
    let location = || reply.headers.first(&LOCATION);
    call.follows
        && matches!(reply.status, 301 | 302 | 303 | 307 | 308)
        && location().is_some_and(|location| !location.trim_ascii().is_empty())
}

/// Returns true if the body is to be saved to a file. A response that never has a body (RFC 9110 §6.4.1) must not leave
/// an empty file behind: a 304 says that the file there is good.
pub(super) fn is_saved(call: &Call<'_>, reply: &Reply) -> bool {
    let bodiless = is_bodiless(call, reply.status);
    call.accept.contains(reply.status) && !bodiless && !leads_on(call, reply)
}

/// True if the response to this call has no body, whatever its head says (RFC 9110 section 6.4.1).
pub(in crate::transport) fn is_bodiless(call: &Call<'_>, status: u16) -> bool {
    *call.method == Method::HEAD || never_has_body(status)
}

/// True if responses of this status have no body, whatever their headers say (RFC 9112 section 6.3).
fn never_has_body(status: u16) -> bool {
    matches!(status, 100..=199 | 204 | 304)
}
