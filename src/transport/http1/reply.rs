//! From the head of a response to the whole of it.

use std::io::Read;

use super::body::{self, Cut, Taken, Want};
use super::by_ureq::lease;
use super::decode::Coding;
use super::plain::{Answer, Rest};
use super::save::Partial;
use crate::http::header::{LOCATION, TRANSFER_ENCODING};
use crate::http::{Method, Response, Version};
use crate::request::SaveTo;
use crate::transport::connection::Connection;
use crate::transport::{Call, Reply, classify};

/// Reads the body as far as it is wanted, and takes the connection back.
#[inline(never)]
pub(in crate::transport) fn receive(
    call: &Call<'_>,
    response: Response<ureq::Body>,
) -> (Reply, Option<Cut>, Option<Box<Connection>>) {
    let (head, mut body) = response.into_parts();
    let status = head.status.as_u16();
    let mut reply = Reply {
        status,
        version: head.version,
        headers: head.headers.into(),
        body: Vec::new(),
        truncated: false,
        partial: None,
    };
    let save = call.save.filter(|_| is_saved(call, &reply));
    // ureq lets go of the connection at once if no body follows. Then there is nothing to read, and nothing to
    // decompress either, whatever the headers say: think of the answer to HEAD.
    if let Some(connection) = lease::take_back() {
        let cut = save.and_then(|to| open(call, to, &mut reply).err());
        return (reply, cut, Some(connection));
    }
    let want = wanted(call, &reply);
    let mut taken = Taken::default();
    let result = match reply.headers.change(Coding::take_from) {
        None => {
            let length = body.content_length();
            read(
                call,
                save,
                body.as_reader(),
                length,
                want,
                &mut reply,
                &mut taken,
            )
        }
        Some(coding) => {
            let decoded = coding.decode(body.as_reader());
            read(call, save, decoded, None, want, &mut reply, &mut taken)
        }
    };
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

/// Reads the body of a plain answer as far as it is wanted.
#[inline(never)]
pub(in crate::transport) fn receive_plain(
    call: &Call<'_>,
    answer: Answer,
    connection: &mut Connection,
) -> (Reply, Option<Cut>) {
    let mut reply = Reply {
        status: answer.status.as_u16(),
        version: Version::HTTP_11,
        headers: answer.headers,
        body: Vec::new(),
        truncated: false,
        partial: None,
    };
    let save = call.save.filter(|_| is_saved(call, &reply));
    let mut body = Rest::new(connection, answer.length.unwrap_or(0));
    let result = match answer.length {
        None => save.map_or(Ok(()), |to| open(call, to, &mut reply).map(drop)),
        Some(length) => {
            let want = wanted(call, &reply);
            let mut taken = Taken::default();
            let length = Some(length);
            let result = read(call, save, &mut body, length, want, &mut reply, &mut taken);
            reply.body = taken.bytes;
            reply.truncated = taken.truncated;
            result
        }
    };
    let ended = body.is_at_its_end();
    connection.attempt.reusable = ended && !answer.closes && !connection.buffers.has_input();
    (reply, result.err())
}

/// What is to be done with the body.
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
            open(call, to, reply).and_then(|partial| body::save(body, call.body_limit, partial))
        }
        None => body::read(body, length, want, taken),
    }
}

/// Whether it is a redirect that will be followed.
fn leads_on(call: &Call<'_>, reply: &Reply) -> bool {
    let location = || reply.headers.first(&LOCATION);
    call.follows
        && matches!(reply.status, 301 | 302 | 303 | 307 | 308)
        && location().is_some_and(|location| !location.trim_ascii().is_empty())
}

/// Whether the body is what the caller wants in a file. What has none by definition (RFC 9110 §6.4.1) must not leave an
/// empty one behind: a 304 says that the file there is good.
fn is_saved(call: &Call<'_>, reply: &Reply) -> bool {
    let bodiless = *call.method == Method::HEAD || matches!(reply.status, 100..=199 | 204 | 304);
    call.accept.contains(reply.status) && !bodiless && !leads_on(call, reply)
}

fn open<'a>(call: &Call<'_>, to: &SaveTo, reply: &'a mut Reply) -> Result<&'a mut Partial, Cut> {
    let partial = Partial::create(to, &call.spare).map_err(Cut::Unsaved)?;
    Ok(reply.partial.insert(Box::new(partial)))
}

/// What is kept of the answer in a fault.
pub(in crate::transport) fn sampled(mut reply: Reply) -> Reply {
    if reply.body.len() > body::SAMPLE {
        reply.body.truncate(body::SAMPLE);
        reply.body.shrink_to_fit();
        reply.truncated = true;
    }
    reply
}
