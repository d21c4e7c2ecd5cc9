//! Consequences of an attempt.

use std::time::{Duration, Instant};

use crate::error::{Error, ErrorType, StopReason};
use crate::host::Host;
use crate::outcome::State;
use crate::schedule::CallEnd;

use super::Clock;

/// Consequence of an attempt.
pub(crate) enum AttemptEnd {
    /// The request has ended in this state.
    Done {
        state: State,
        /// Time for which nothing is sent to the host. `None`: no such time.
        cool: Option<Duration>,
        /// Effect of the attempt on the host's breaker.
        call: CallEnd,
    },
    /// Another attempt, not before `at`. The retry budget has granted it.
    Again {
        at: Instant,
        /// Time before which nothing is sent to the host. `None`: no such time.
        cool: Option<Instant>,
        call: CallEnd,
    },
    /// Repetition of the attempt when this machine has room for it: a resource, which `shortage` names, ran out before
    /// anything was sent.
    Wait { shortage: String },
    /// Repetition of the attempt with a newer token: a server refused the token with the number `refused`.
    Renew { refused: u64 },
    /// An exchange with another host, or with the same host under a new permit, after this delay.
    Redirect { host: Host, delay: Duration },
    /// The first attempt, at this host: the request has looked at its file, which is to be asked for.
    Send { host: Host },
}

impl AttemptEnd {
    /// Returns the end of a request in this state, after a response of the host.
    pub(crate) fn answered(state: State) -> AttemptEnd {
        AttemptEnd::Done {
            state,
            cool: None,
            call: CallEnd::Success,
        }
    }

    /// Returns the failure of a request for a reason that tells nothing about the host.
    pub(crate) fn failed(error: Error) -> AttemptEnd {
        AttemptEnd::Done {
            state: State::Failed(error),
            cool: None,
            call: CallEnd::Ignored,
        }
    }

    /// Sets the time for which the host is left alone to at least `wait`. `None`: leaves the time as it is.
    pub(crate) fn cooling(mut self, wait: Option<Duration>, clock: &Clock) -> AttemptEnd {
        let Some(wait) = wait else {
            return self;
        };
        match &mut self {
            AttemptEnd::Done { cool, .. } => *cool = (*cool).max(Some(wait)),
            AttemptEnd::Again { cool, .. } => *cool = (*cool).max(clock.now().checked_add(wait)),
            AttemptEnd::Wait { .. }
            | AttemptEnd::Renew { .. }
            | AttemptEnd::Redirect { .. }
            | AttemptEnd::Send { .. } => {}
        }
        self
    }
}

/// Returns the error of a cancelled request.
pub(crate) fn cancelled() -> Error {
    Error::new(ErrorType::Cancelled, "cancelled").stopped(StopReason::Cancelled)
}
