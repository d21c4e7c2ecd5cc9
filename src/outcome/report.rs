//! Report on a request, beside its result.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;

use super::{Attempt, Lineage, Outcome};
use crate::error::StopReason;
use crate::host::Host;
use crate::response::{ExchangeFacts, Hop};
use crate::timing::{Nanoseconds, Stamp, Timings};

/// Report on a request, beside its result: attempts, times, the last response's head, traffic.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutcomeReport {
    /// Number of attempts, without redirect hops and free replays.
    pub(crate) attempts: u32,
    /// Start of the last attempt, if there was one.
    pub(crate) started: Stamp,
    /// Time of the last attempt, from its start to the end of the body or the failure.
    pub(crate) elapsed: Nanoseconds,
    /// Time of waiting for a worker or a limit.
    pub(crate) queued: Nanoseconds,
    /// Time from taking the request to its end.
    pub(crate) total: Nanoseconds,
    /// Head of the last response. `None`: none arrived.
    pub(crate) head: Option<Arc<ExchangeFacts>>,
    /// Host of the last attempt, or of the next attempt if there was none.
    pub(crate) host: Option<Host>,
    /// Bytes of the body, after decompression, as far as they arrived.
    pub(crate) size: u64,
    /// Bytes of the last response's body that came, before decompression.
    pub(crate) body_received: u64,
    /// Bytes on the wire over all attempts, sent and received.
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
    /// Connections opened and reused over all attempts.
    pub(crate) connections_opened: u32,
    pub(crate) connections_reused: u32,
    /// Limit of the host's places when the last attempt began, if it adapts. `None`: it stays.
    pub(crate) limit: Option<NonZeroU32>,
    /// True if the server may have carried out an earlier attempt.
    pub(crate) ambiguous: bool,
    /// True if a second request was sent for an answer that was slow to come.
    ///
    /// Whichever of the two answered. [`RetryPolicy::hedge`](crate::RetryPolicy::hedge) turns it on.
    pub(crate) hedged: bool,
    /// True if the request ended because its batch was stopped, not by itself. Such a request counts as not done and is
    /// recorded nowhere, so that it runs when the batch is resumed.
    pub(crate) cut_short: bool,
    pub(crate) rare: Option<Box<RareFacts>>,
}

/// Parts of a report that few requests have, kept apart because outcomes wait for their caller by the thousand.
#[derive(Clone, Debug)]
pub(crate) struct RareFacts {
    /// An entry for each counted attempt that failed or was followed by another.
    pub(crate) log: Vec<Attempt>,
    /// Phases of the last attempt, if no response head arrived.
    pub(crate) timings: Timings,
    /// URL of the request as it was written, resolved against the base URL, and the query parameters added to it; with
    /// its secrets. `None`: it is absolute.
    pub(crate) written: Option<Arc<str>>,
    /// Redirects that were followed.
    pub(crate) history: Vec<Hop>,
    /// Unparsed `Retry-After` of the last response.
    pub(crate) retry_after: Option<String>,
    /// Method of the last exchange. `None`: that of the request, or of a redirect.
    pub(crate) method: Option<Method>,
    /// Method of the last exchange, if a redirect changed it. `None`: none did.
    pub(crate) method_sent: Option<Method>,
    /// Address of the last exchange, if it was connected and no response head arrived. `None`: neither.
    pub(crate) remote: Option<SocketAddr>,
    /// Time of the exchanges of the last attempt before its last one: redirects and challenges.
    pub(crate) earlier: Duration,
    /// True if the body of the last response was handed on as it came.
    pub(crate) streamed: bool,
    /// Time from the start of the last attempt to the first byte of such a body. `None`: no byte came.
    pub(crate) first_byte: Option<Duration>,
    /// Reason why an accepted response was not asked for again, although it was to be.
    pub(crate) stop_reason: Option<StopReason>,
    /// Time from which on a request that was given back may be tried again. `None`: at any time.
    pub(crate) retry_at: Option<Instant>,
    /// True if the file that the request would save was there already.
    pub(crate) skipped: bool,
    /// Origin of a request that another request's outcome led to. `None`: the request is of the input.
    pub(crate) lineage: Option<Lineage>,
}

impl OutcomeReport {
    pub(crate) fn rare(&self) -> &RareFacts {
        static NOTHING: RareFacts = RareFacts::NOTHING;
        self.rare.as_deref().unwrap_or(&NOTHING)
    }

    pub(crate) fn rare_mut(&mut self) -> &mut RareFacts {
        self.rare
            .get_or_insert_with(|| Box::new(RareFacts::NOTHING))
    }

    /// Notes the time of the next attempt of a request that was given back.
    pub(crate) fn set_retry_at(&mut self, at: Option<Instant>) {
        if at.is_some() {
            self.rare_mut().retry_at = at;
        }
    }

    /// Returns the phases of the last attempt.
    pub(crate) fn timings(&self) -> Timings {
        let answered = self.head.as_ref().map(|head| head.timings.into());
        answered.unwrap_or(self.rare().timings)
    }

    /// Clears the facts that came with the last response.
    pub(crate) fn clear_response(&mut self) {
        self.head = None;
        (self.size, self.body_received) = (0, 0);
        if let Some(rare) = &mut self.rare {
            (rare.retry_after, rare.remote) = (None, None);
            (rare.streamed, rare.first_byte) = (false, None);
            rare.timings = Timings::NONE;
        }
    }
}

impl<T> Outcome<T> {
    /// True if a second request was sent for an answer that was slow to come.
    ///
    /// Whichever of the two answered. [`RetryPolicy::hedge`](crate::RetryPolicy::hedge) turns it on.
    pub fn is_hedged(&self) -> bool {
        self.report.hedged
    }

    /// True if the file that the request would save was there already, so that it was not downloaded.
    ///
    /// Such an outcome is a success: see [`skip_existing`](crate::Request::skip_existing) and
    /// [`timestamping`](crate::Request::timestamping).
    pub fn is_skipped(&self) -> bool {
        self.report.rare().skipped
    }
}

impl<T> Outcome<T> {
    /// Returns the time from which on a request that was given back may be tried again.
    ///
    /// See [`Outcomes::max_delay`](crate::Outcomes::max_delay). `None`: the request was not given back, or it may be
    /// tried again at any time.
    pub fn retry_at(&self) -> Option<Instant> {
        self.report.rare().retry_at
    }
}

impl RareFacts {
    const NOTHING: RareFacts = RareFacts {
        log: Vec::new(),
        timings: Timings::NONE,
        written: None,
        history: Vec::new(),
        retry_after: None,
        method: None,
        method_sent: None,
        remote: None,
        earlier: Duration::ZERO,
        streamed: false,
        first_byte: None,
        stop_reason: None,
        retry_at: None,
        skipped: false,
        lineage: None,
    };
}
