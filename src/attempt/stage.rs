//! Stage of a request between two exchanges.

/// Kind of the next exchange of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The next exchange begins a new attempt.
    #[default]
    NewAttempt,
    /// The next exchange begins a new attempt whose headers are signed already: the hook gave the permit back, and the
    /// attempt waited for another permit.
    Signed,
    /// The next exchange follows a redirect, or answers a challenge of digest authentication. It is part of the
    /// previous attempt, and has the remaining time of that attempt.
    Redirect,
    /// The next exchange follows a redirect and has waited for room on this machine, so it has a whole attempt's time.
    RedirectAfterWait,
}

impl Stage {
    /// True if the next exchange is part of the previous attempt.
    pub(crate) fn is_redirect(self) -> bool {
        matches!(self, Stage::Redirect | Stage::RedirectAfterWait)
    }

    /// Returns the stage of an exchange that has waited for room on this machine.
    pub(crate) fn after_wait(self) -> Stage {
        match self {
            Stage::Redirect | Stage::RedirectAfterWait => Stage::RedirectAfterWait,
            Stage::NewAttempt | Stage::Signed => Stage::NewAttempt,
        }
    }
}

/// Connection that the next exchange may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ConnectionChoice {
    /// A kept-alive connection if there is one, otherwise a new one.
    #[default]
    Any,
    /// A new connection: the server objected to the one that the last exchange came on (status 408 or 421).
    New,
}
