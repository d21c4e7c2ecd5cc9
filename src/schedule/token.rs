//! Token of a source, as the schedule knows it: whether it is there, when it is renewed, and whether a call is under
//! way. A pure state machine: time is an argument, and the token's text is elsewhere.

use std::time::{Duration, Instant};

use crate::settings::TokenReason;

/// Time after which a call of a token source counts as failed.
pub(crate) const CALL_LIMIT: Duration = Duration::from_secs(60);

/// Number of calls of a source that fail before the requests that wait for its token fail.
pub(crate) const CALLS: u32 = 3;

/// Upper bound for the time before its expiry from which on a token is renewed.
const AHEAD: Duration = Duration::from_secs(30);

/// Number of calls that may still hang after [`CALL_LIMIT`]. While that many do, the source is not called: each of them
/// keeps a thread.
const MOST_HANGING: u32 = 3;

/// Present token of a source, and the calls that fetch it.
#[derive(Debug, Default)]
pub(super) struct SourceState {
    present: Option<KnownToken>,
    phase: CallPhase,
    /// Number of calls so far. A token is numbered as the call that fetched it.
    calls: u64,
    /// Number of calls that have not returned although their time is over.
    hanging: u32,
}

#[derive(Debug)]
struct KnownToken {
    number: u64,
    /// Time from which on the token is renewed. `None`: it does not expire.
    due: Option<Instant>,
    /// Time from which on the token is not good any more. `None`: it does not expire.
    expires: Option<Instant>,
    /// True if a server refused the token.
    refused: bool,
    /// True if a request was started with the token. A token is never due before, so that each call serves at least
    /// one request however short the token's life is.
    used: bool,
}

/// State of the calls that fetch the next token. `failed` counts the calls that have failed since the last token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum CallPhase {
    /// No call is needed.
    #[default]
    Idle,
    /// A request waits for a call.
    Wanted { failed: u32 },
    /// A call is under way. If it fails, the next call comes `rest` later.
    Calling {
        failed: u32,
        until: Instant,
        rest: Duration,
    },
    /// A call has failed, and the next comes at `until`.
    Resting { failed: u32, until: Instant },
}

/// Answer to a request whose turn has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenTurn {
    /// The request starts with the present token.
    Start,
    /// The request waits for the next token.
    Wait,
}

/// Consequence of a call that has ended, for the requests that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenCallEnd {
    /// They may start.
    Start,
    /// They go on waiting.
    Wait,
    /// They fail, and the next request begins with a new call.
    Fail,
    /// The call had been given up before: nothing changes.
    Late,
}

impl SourceState {
    /// Returns whether a request may start now, and notes that a call is needed if not.
    pub(super) fn turn(&mut self, now: Instant) -> TokenTurn {
        let present = self.present.as_ref().filter(|present| !present.refused);
        if present.is_some_and(|present| !present.is_due(now)) {
            return TokenTurn::Start;
        }
        match self.phase {
            CallPhase::Idle => self.phase = CallPhase::Wanted { failed: 0 },
            // The present token serves while the next call waits for its time.
            CallPhase::Resting { until, .. }
                if until > now && present.is_some_and(|present| present.is_good(now)) =>
            {
                return TokenTurn::Start;
            }
            CallPhase::Wanted { .. } | CallPhase::Calling { .. } | CallPhase::Resting { .. } => {}
        }
        TokenTurn::Wait
    }

    /// Notes that a request has started with the present token.
    pub(super) fn started(&mut self) {
        if let Some(present) = &mut self.present {
            present.used = true;
        }
    }

    /// Notes that a server refused the token with this number. An older token tells nothing of the present one.
    pub(super) fn refused(&mut self, number: u64) {
        if let Some(present) = &mut self.present
            && present.number == number
        {
            present.refused = true;
        }
    }

    /// True if a call may begin for the requests that wait.
    pub(super) fn is_call_due(&self, now: Instant) -> bool {
        match self.phase {
            CallPhase::Wanted { .. } => true,
            CallPhase::Resting { until, .. } => until <= now,
            CallPhase::Idle | CallPhase::Calling { .. } => false,
        }
    }

    /// Time at which something changes for the requests that wait. `None`: at no known time.
    pub(super) fn next_wakeup(&self) -> Option<Instant> {
        match self.phase {
            CallPhase::Calling { until, .. } | CallPhase::Resting { until, .. } => Some(until),
            CallPhase::Idle | CallPhase::Wanted { .. } => None,
        }
    }

    /// Number of calls that have failed since the last token.
    pub(super) fn failed_calls(&self) -> u32 {
        match self.phase {
            CallPhase::Idle => 0,
            CallPhase::Wanted { failed }
            | CallPhase::Calling { failed, .. }
            | CallPhase::Resting { failed, .. } => failed,
        }
    }

    /// Begins a call; if it fails, the next comes `rest` later. Returns its number and its reason. `None`: too many
    /// earlier calls hang, and this one counts as failed at once.
    pub(super) fn begin(&mut self, rest: Duration, now: Instant) -> Option<(u64, TokenReason)> {
        let failed = self.failed_calls();
        if self.hanging >= MOST_HANGING {
            return None;
        }
        self.calls += 1;
        let until = now + CALL_LIMIT;
        self.phase = CallPhase::Calling {
            failed,
            until,
            rest,
        };
        let reason = match &self.present {
            None => TokenReason::First,
            Some(present) if present.refused => TokenReason::Refused,
            Some(_) => TokenReason::Due,
        };
        Some((self.calls, reason))
    }

    /// Takes the token that the call with this number has fetched. `life`: as in [`Token`](crate::settings::Token).
    pub(super) fn came(
        &mut self,
        number: u64,
        life: Option<Duration>,
        now: Instant,
    ) -> TokenCallEnd {
        if !self.is_present_call(number) {
            return self.came_late();
        }
        let ahead = |life: Duration| (life / 5).min(AHEAD);
        self.present = Some(KnownToken {
            number,
            due: life.and_then(|life| now.checked_add(life - ahead(life))),
            expires: life.and_then(|life| now.checked_add(life)),
            refused: false,
            used: false,
        });
        self.phase = CallPhase::Idle;
        TokenCallEnd::Start
    }

    /// Counts the call with this number as failed.
    pub(super) fn failed(&mut self, number: u64, now: Instant) -> TokenCallEnd {
        match self.is_present_call(number) {
            true => self.fail(now),
            false => self.came_late(),
        }
    }

    /// Gives up a call whose time is over. `None`: there is no such call.
    pub(super) fn give_up(&mut self, now: Instant) -> Option<TokenCallEnd> {
        let CallPhase::Calling { until, .. } = self.phase else {
            return None;
        };
        if until > now {
            return None;
        }
        self.hanging += 1;
        Some(self.fail(now))
    }

    /// Ends a series of calls without a token: the next call comes `rest` later if the present token is still good, and
    /// with the next request otherwise.
    pub(super) fn end_series(&mut self, rest: Duration, now: Instant) -> TokenCallEnd {
        if self.is_good(now) {
            self.rest(0, rest, now);
            return TokenCallEnd::Start;
        }
        self.phase = CallPhase::Idle;
        TokenCallEnd::Fail
    }

    fn fail(&mut self, now: Instant) -> TokenCallEnd {
        let CallPhase::Calling { failed, rest, .. } = self.phase else {
            return TokenCallEnd::Late;
        };
        if failed + 1 >= CALLS {
            return self.end_series(rest, now);
        }
        self.rest(failed + 1, rest, now);
        match self.is_good(now) {
            true => TokenCallEnd::Start,
            false => TokenCallEnd::Wait,
        }
    }

    fn rest(&mut self, failed: u32, rest: Duration, now: Instant) {
        let until = now.checked_add(rest).unwrap_or(now + CALL_LIMIT);
        self.phase = CallPhase::Resting { failed, until };
    }

    fn came_late(&mut self) -> TokenCallEnd {
        self.hanging = self.hanging.saturating_sub(1);
        TokenCallEnd::Late
    }

    fn is_present_call(&self, number: u64) -> bool {
        self.calls == number && matches!(self.phase, CallPhase::Calling { .. })
    }

    /// True if there is a token that no server has refused and that has not expired.
    fn is_good(&self, now: Instant) -> bool {
        let present = self.present.as_ref();
        present.is_some_and(|present| !present.refused && present.is_good(now))
    }
}

impl KnownToken {
    fn is_due(&self, now: Instant) -> bool {
        self.used && self.due.is_some_and(|due| due <= now)
    }

    fn is_good(&self, now: Instant) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }
}
