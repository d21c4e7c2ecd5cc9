//! HTTP/1: sends a request on a given connection, and reads the response.
//!
//! [`exchange`] is the entry. There are two ways to write a request: [`plain`] for most requests, and [`by_ureq`] for
//! all others, whose HTTP engine is ureq. There is a single way to read a response, whatever its request was: [`head`]
//! finds its head and decides where its body ends, [`ResponseBody`] reads to that end, and [`decode`] removes the codings.

pub(super) mod body;
pub(super) mod by_ureq;
pub(super) mod decode;
pub(super) mod exchange;
pub(super) mod forwarding;
pub(super) mod head;
mod plain;
pub(super) mod preview;
pub(super) mod reply;
pub(super) mod request;
pub(super) mod save;
pub(super) mod upload;
pub(super) mod wanted;

use std::error::Error as StdError;

use self::body::ResponseBody;
use self::by_ureq::UreqWriter;
use self::exchange::Exchange;
use self::head::ResponseHead;
use self::head::malformed::Malformed;
use self::upload::{Unsent, Upload};
use super::Call;
use super::connection::Connection;
use super::connection::wire::WireError;
use super::target::Target;
use crate::redact::escape::log_line;

/// Response whose head has come.
pub(super) struct ResponseStart {
    pub(super) head: ResponseHead,
    pub(super) connection: Box<Connection>,
    /// True if the body of the request was not sent to its end.
    pub(super) unsent: bool,
    /// Limit that a response of success exceeded while the request was being sent, so that the sending was given up.
    /// `None`: it was not exceeded.
    pub(super) overrun: Option<u64>,
    header_limit: usize,
}

impl ResponseStart {
    /// Returns the body that follows the head.
    pub(super) fn body(&mut self) -> ResponseBody<'_> {
        ResponseBody::of(&self.head, &mut self.connection, self.header_limit)
    }
}

/// Reason why no response head came.
#[derive(Debug)]
pub(super) enum NoResponse {
    Broken(WireError),
    /// The request cannot be written.
    Unsendable(Box<dyn StdError + Send + Sync>),
    /// The stream ended before the head was complete.
    Closed,
    /// The head is not valid HTTP.
    Malformed(Malformed),
    /// The request's body cannot be read.
    Unsent(Unsent),
}

/// Exchange that ended before the head of the response had come.
pub(super) struct HeadlessExchange {
    pub(super) reason: NoResponse,
    /// Connection of the exchange. `None`: it was lost.
    pub(super) connection: Option<Box<Connection>>,
}

/// Writes the head of a request and its body, and reads the head of the response. The response's body is read from the
/// [`ResponseStart`].
#[inline(never)]
pub(super) fn exchange(
    writer: &UreqWriter,
    call: &Call<'_>,
    target: &Target<'_>,
    mut exchange: Exchange,
    upload: Option<&mut Upload<'_>>,
) -> Result<ResponseStart, HeadlessExchange> {
    let ended = match plain::write(&mut exchange, call, target) {
        Some(size) => plain::exchange(exchange, size),
        None => writer.exchange(call, exchange, upload),
    };
    if let Ok(answer) = &ended
        && answer.head.repaired != (0, 0)
    {
        let (repaired, skipped) = answer.head.repaired;
        log_line!(
            Debug,
            "the response head of {target} breaks the rules: {repaired} header lines repaired, {skipped} left out"
        );
    }
    ended
}
