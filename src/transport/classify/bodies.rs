//! Messages about bodies: of requests that cannot be read, of responses that cannot be read, decoded or saved.

use std::io;

use super::shortage::shortage;
use super::{Classification, FailureContext};
use crate::error::{ErrorType, panic_message};
use crate::timing::Phase;
use crate::transport::connection::platform;
use crate::transport::connection::wire::{Limit, WireError};
use crate::transport::http1::body::collect::BodyCut;
use crate::transport::http1::decode::{MOST_CODINGS, Undecoded};
use crate::transport::http1::head::malformed::Malformed;
use crate::transport::http1::save::Unsaved;
use crate::transport::http1::upload::Unsent;
use crate::transport::{ExchangeResult, Fault, WireFacts};

impl ExchangeResult {
    /// Makes the result of an attempt that was not made, since the file that it would continue cannot be read.
    pub(crate) fn unsaved(unsaved: Unsaved) -> ExchangeResult {
        let Classification {
            error_type,
            permanent,
            message,
            shortage,
            source,
        } = saving(unsaved);
        ExchangeResult {
            result: Err(Fault {
                error_type,
                phase: Phase::Connect,
                permanent,
                message,
                source,
                shortage,
                reply: None,
            }),
            trace: WireFacts::default(),
        }
    }
}

/// Returns the verdict on a file that cannot be written.
fn saving(unsaved: Unsaved) -> Classification {
    let verdict = Classification::new(ErrorType::Io, unsaved.message());
    // Descriptors become free again, so a retry helps; it does not help against a full disk or a missing directory.
    let verdict = match platform::is_out_of_files(&unsaved.error) {
        true => Classification {
            shortage: Some(shortage(&unsaved.error)),
            ..verdict
        },
        false => verdict.permanent(),
    };
    verdict.because(unsaved.into_error())
}

impl FailureContext<'_> {
    /// Returns the verdict on a request body that was not sent to its end.
    pub(super) fn unsent(&self, unsent: Unsent) -> Classification {
        let message = format!("the body to {} cannot be sent: {unsent}", self.target);
        let verdict = match unsent.begun {
            _ if unsent.passes() => Classification {
                shortage: Some(shortage(&unsent.reason)),
                ..Classification::new(ErrorType::Io, message)
            },
            true => Classification::new(ErrorType::Io, message).permanent(),
            false => Classification::new(ErrorType::InvalidRequest, message).permanent(),
        };
        verdict.because(unsent.reason)
    }

    /// Returns the verdict on a response body that was not read to its end.
    pub(super) fn cut(&self, cut: BodyCut) -> Classification {
        let (to, limit) = (self.target, self.call.body_limit);
        match cut {
            BodyCut::TooLarge => {
                let message = format!(
                    "the body from {to} is larger than {limit} bytes, the limit set by body_limit (--max-filesize)"
                );
                Classification::new(ErrorType::BodyTooLarge, message).permanent()
            }
            BodyCut::Declared(length) => {
                let message = format!(
                    "the body from {to} is larger than {limit} bytes, the limit set by body_limit \
                     (--max-filesize): its Content-Length is {length}"
                );
                Classification::new(ErrorType::BodyTooLarge, message).permanent()
            }
            BodyCut::TooManyCodings => {
                let message =
                    format!("the body from {to} has more than {MOST_CODINGS} content codings");
                Classification::new(ErrorType::Decode, message).permanent()
            }
            BodyCut::TooLong(part) => {
                let message = format!(
                    "{part} of the body from {to} is larger than {limit} bytes, the limit set by body_limit"
                );
                Classification::new(ErrorType::BodyTooLarge, message).permanent()
            }
            BodyCut::Unasked => {
                let message =
                    format!("{to} sent a part of the file (206), and the whole file was asked for");
                Classification::new(ErrorType::Protocol, message).permanent()
            }
            BodyCut::WrongLength(length) => {
                let message =
                    format!("the rest from {to} does not complete the file of {length} bytes");
                Classification::new(ErrorType::IncompleteBody, message)
            }
            BodyCut::TimedOut => self.broken(WireError::TimedOut(Limit::Attempt)),
            BodyCut::Panicked(panic) => {
                Classification::new(ErrorType::Panic, panic_message(&*panic)).permanent()
            }
            BodyCut::Failed(error) => self.unread(error),
            BodyCut::Unsaved(unsaved) => self.unsaved(unsaved),
        }
    }

    pub(super) fn unsaved(&self, unsaved: Unsaved) -> Classification {
        saving(unsaved)
    }

    fn unread(&self, error: io::Error) -> Classification {
        let to = self.target;
        let error = match error.downcast::<Malformed>() {
            Ok(malformed) => return self.malformed(malformed),
            Err(error) => error,
        };
        let early = format!("{to} closed the connection before the body was complete");
        match error.downcast::<Undecoded>() {
            Ok(Undecoded { error, .. })
                if self.ended && error.kind() == io::ErrorKind::UnexpectedEof =>
            {
                Classification::new(ErrorType::IncompleteBody, early).because(error)
            }
            Ok(undecoded) => {
                let message = format!("the body from {to} is {undecoded}");
                Classification::new(ErrorType::Decode, message)
                    .permanent()
                    .because(undecoded.error)
            }
            Err(error) => Classification::new(ErrorType::IncompleteBody, early).because(error),
        }
    }
}
