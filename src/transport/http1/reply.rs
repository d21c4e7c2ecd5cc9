//! From the head of a response to the whole of it.

use std::io::Read;

use super::Answer;
use super::body::collect::{self, Cut, Taken, Want};
use super::decode::{self, Coding, Codings, SLACK};
use super::head::framing::Framing;
use super::save::Partial;
use crate::request::SaveTo;
use crate::transport::{Call, Reply};
use http::Method;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, LOCATION};

/// Reads the body as far as it is wanted, and sees if the connection can serve again.
#[inline(never)]
pub(in crate::transport) fn receive(call: &Call<'_>, answer: &mut Answer) -> (Reply, Option<Cut>) {
    let framed = answer.head.framed;
    let coded = answer.head.coded || framed.framing == Framing::GzipChunked;
    let mut reply = Reply {
        status: answer.head.status.as_u16(),
        version: answer.head.version,
        headers: std::mem::take(&mut answer.head.headers),
        body: Vec::new(),
        truncated: false,
        undecoded: false,
        partial: None,
    };
    let save = call.save.filter(|_| is_saved(call, &reply));
    let mut body = answer.body();
    let result = match framed.framing {
        Framing::Bodiless => save.map_or(Ok(()), |to| open(call, to, &mut reply).map(drop)),
        framing => {
            let length = match framing {
                Framing::Length(length) => Some(length),
                _ => None,
            };
            let want = wanted(call, &reply);
            let mut taken = Taken::default();
            let result = match (want, length) {
                (Want::Nothing, _) => Ok(()),
                _ if coded => {
                    read_coded(call, save, &mut body, framing, want, &mut reply, &mut taken)
                }
                (Want::Whole(limit), Some(length)) if length > limit => {
                    taken.bytes = body.at_hand(limit.min(collect::SAMPLE as u64) as usize);
                    Err(Cut::Declared(length))
                }
                _ => read(call, save, &mut body, length, want, &mut reply, &mut taken),
            };
            if result.is_ok() && !matches!(want, Want::Whole(_)) && !framed.closes {
                let left = length.map(|length| length.saturating_sub(taken.bytes.len() as u64));
                collect::drain(&mut body, left.filter(|_| !coded));
            }
            reply.body = taken.bytes;
            reply.truncated = taken.truncated;
            result
        }
    };
    let clean = body.leaves_clean();
    answer.connection.attempt.reusable = clean && !framed.closes && !answer.unsent;
    (reply, result.err())
}

/// Reads a body without its codings. Where one of them is not known, the body stays as it came and the reply says so.
#[inline(never)]
fn read_coded(
    call: &Call<'_>,
    save: Option<&SaveTo>,
    body: &mut super::Body<'_>,
    framing: Framing,
    want: Want,
    reply: &mut Reply,
    taken: &mut Taken,
) -> Result<(), Cut> {
    let mut codings = match Codings::of(&reply.headers) {
        Codings::Known(codings) => {
            // Headers that describe the body as it was sent go with its codings (RFC 9110 section 8.7).
            if !codings.is_empty() {
                reply.headers.change(|headers| {
                    headers.remove(CONTENT_ENCODING);
                    headers.remove(CONTENT_LENGTH);
                });
            }
            codings
        }
        Codings::Unknown => {
            reply.undecoded = true;
            Vec::new()
        }
        Codings::TooMany => return Err(Cut::TooManyCodings),
    };
    if framing == Framing::GzipChunked {
        codings.extend(Coding::named(b"gzip"));
    }
    let length = match framing {
        Framing::Length(length) => Some(length),
        _ => None,
    };
    let slack = if codings.is_empty() { 0 } else { SLACK };
    if let (Want::Whole(limit), Some(length)) = (want, length)
        && length > limit.saturating_add(slack)
    {
        return Err(Cut::Declared(length));
    }
    match codings.is_empty() {
        true => read(call, save, body, length, want, reply, taken),
        false => {
            let decoded = decode::decode(&codings, body, call.body_limit);
            read(call, save, decoded, None, want, reply, taken)
        }
    }
}

/// Decides how much of the body is wanted.
fn wanted(call: &Call<'_>, reply: &Reply) -> Want {
    if call.save.is_some() && leads_on(call, reply) {
        Want::Nothing
    } else if call.accept.contains(reply.status) {
        Want::Whole(call.body_limit)
    } else if call.follows
        && matches!(reply.status, 300..=399)
        && reply.headers.first(&LOCATION).is_some()
    {
        Want::Nothing
    } else {
        Want::Sample
    }
}

/// Reads the body to where it is wanted.
fn read(
    call: &Call<'_>,
    save: Option<&SaveTo>,
    body: impl Read,
    length: Option<u64>,
    want: Want,
    reply: &mut Reply,
    taken: &mut Taken,
) -> Result<(), Cut> {
    match save {
        Some(to) => {
            open(call, to, reply).and_then(|partial| collect::save(body, call.body_limit, partial))
        }
        None => collect::read(body, length, want, taken),
    }
}

/// Returns true if the response is a redirect that will be followed.
fn leads_on(call: &Call<'_>, reply: &Reply) -> bool {
    let location = || reply.headers.first(&LOCATION);
    call.follows
        && matches!(reply.status, 301 | 302 | 303 | 307 | 308)
        && location().is_some_and(|location| !location.trim_ascii().is_empty())
}

/// Returns true if the body is what the caller wants in a file. A response that never has one (RFC 9110 §6.4.1) must not
/// leave an empty file behind: a 304 says that the file there is good.
fn is_saved(call: &Call<'_>, reply: &Reply) -> bool {
    let bodiless = *call.method == Method::HEAD || matches!(reply.status, 100..=199 | 204 | 304);
    call.accept.contains(reply.status) && !bodiless && !leads_on(call, reply)
}

fn open<'a>(call: &Call<'_>, to: &SaveTo, reply: &'a mut Reply) -> Result<&'a mut Partial, Cut> {
    let partial = Partial::create(to, &call.spare).map_err(Cut::Unsaved)?;
    Ok(reply.partial.insert(Box::new(partial)))
}

/// Cuts the body to what a fault keeps of it.
pub(in crate::transport) fn sampled(mut reply: Reply) -> Reply {
    if reply.body.len() > collect::SAMPLE {
        reply.body.truncate(collect::SAMPLE);
        reply.body.shrink_to_fit();
        reply.truncated = true;
    }
    reply
}
