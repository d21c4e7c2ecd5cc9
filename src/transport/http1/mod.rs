//! HTTP/1: sends a request on a connection that is given, and reads the response.
//!
//! There are two ways to write a request: [`plain`] for what most are, and [`by_ureq`] for all others, whose HTTP engine
//! is ureq. There is one way to read a response, whatever its request was: [`head`] finds its head, [`framing`] decides
//! where its body ends, [`Body`] reads that far, and [`decode`] takes off the codings.

pub(super) mod body;
pub(super) mod by_ureq;
pub(super) mod decode;
pub(super) mod exchange;
pub(super) mod head;
mod plain;
pub(super) mod preview;
pub(super) mod reply;
pub(super) mod request;
pub(super) mod save;
pub(super) mod upload;

use self::body::Body;
use self::by_ureq::Writer;
use self::exchange::{Exchange, Halted, Opening};
use self::head::Head;
use self::upload::Upload;
use super::Call;
use super::classify::Trouble;
use super::connection::Connection;
use super::target::Target;
use crate::redact::escape::log_line;

/// A response whose head has come.
pub(super) struct Answer {
    pub(super) head: Head,
    pub(super) connection: Box<Connection>,
    /// The body of the request was not sent to its end.
    pub(super) unsent: bool,
    /// The request was given up on for the response of success that came, which is longer than so many bytes.
    pub(super) overrun: Option<u64>,
    header_limit: usize,
}

impl Answer {
    /// The body that follows the head.
    pub(super) fn body(&mut self) -> Body<'_> {
        Body::of(&self.head, &mut self.connection, self.header_limit)
    }
}

/// An exchange that ended before the head of the response had come.
pub(super) struct BrokenOff {
    pub(super) trouble: Trouble,
    pub(super) connection: Option<Box<Connection>>,
}

/// Writes the head of a request and its body, and reads the head of the response.
#[inline(never)]
pub(super) fn exchange(
    writer: &Writer,
    call: &Call<'_>,
    target: &Target<'_>,
    connection: Box<Connection>,
    opening: Opening,
    upload: Option<&mut Upload<'_>>,
) -> Result<Answer, BrokenOff> {
    let header_limit = opening.header_limit;
    let mut exchange = Exchange::new(connection, opening);
    let ended = match plain::write(&mut exchange, call, target) {
        Some(size) => ask(&mut exchange, size),
        None => {
            let back = through_ureq(writer, call, exchange, upload);
            let (back, ended) = back.map_err(|trouble| BrokenOff {
                trouble,
                connection: None,
            })?;
            exchange = back;
            ended
        }
    };
    let Exchange {
        connection,
        head,
        unsent,
        overrun,
        ..
    } = exchange;
    match (ended, head) {
        (Ok(()), Some(head)) => {
            if head.repaired != (0, 0) {
                let (repaired, skipped) = head.repaired;
                log_line!(
                    Debug,
                    "the response head of {target} breaks the rules: {repaired} header lines repaired, {skipped} left out"
                );
            }
            Ok(Answer {
                overrun: overrun.filter(|_| head.status.is_success()),
                head,
                connection,
                unsent,
                header_limit,
            })
        }
        (ended, _) => Err(BrokenOff {
            trouble: ended.err().unwrap_or(Trouble::Closed),
            connection: Some(connection),
        }),
    }
}

/// Sends a head that has been written, and waits for the answer.
fn ask(exchange: &mut Exchange, size: usize) -> Result<(), Trouble> {
    match exchange.send(size) {
        Ok(()) | Err(Halted::Answered) => {}
        Err(Halted::Broken(broken)) => return Err(Trouble::Broken(broken)),
    }
    let came = exchange.await_head().map_err(Trouble::Broken)?;
    match exchange.malformed.take() {
        Some(malformed) => Err(Trouble::Malformed(malformed)),
        None if came => Ok(()),
        None => Err(Trouble::Closed),
    }
}

/// Has ureq make the exchange. Fails without the exchange if ureq keeps it, which it does not.
#[inline(never)]
fn through_ureq(
    writer: &Writer,
    call: &Call<'_>,
    exchange: Exchange,
    mut upload: Option<&mut Upload<'_>>,
) -> Result<(Exchange, Result<(), Trouble>), Trouble> {
    let (back, sent) = writer.send(call, upload.as_deref_mut(), exchange);
    let Some(mut exchange) = back else {
        return Err(Trouble::Closed);
    };
    let unreadable = upload.and_then(Upload::take_broke);
    let ended = if let Some(unsent) = unreadable {
        Err(Trouble::Unsent(unsent))
    } else if let Some(malformed) = exchange.malformed.take() {
        Err(Trouble::Malformed(malformed))
    } else if let Some(broken) = exchange.connection.attempt.broken.take() {
        Err(Trouble::Broken(broken))
    } else if let Some(head) = &exchange.head {
        // ureq knows better than this side if the body was sent to its end.
        exchange.unsent |= sent.is_err() && head.status.is_success();
        Ok(())
    } else {
        // Without having sent anything, it was the request. Otherwise the connection ended, which ureq says as it likes.
        Err(match sent {
            Err(error) if !exchange.has_sent() => Trouble::Unsendable(error),
            _ => Trouble::Closed,
        })
    };
    Ok((exchange, ended))
}
