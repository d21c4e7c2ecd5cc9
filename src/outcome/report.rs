//! What is told of a request beside its result.

use std::sync::Arc;

use super::Attempt;
use crate::error::StopReason;
use crate::host::Host;
use crate::response::{Head, Hop};
use crate::timing::{Nanoseconds, Stamp, Timings};

/// What is told of a request beside its result.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// Attempts that count, redirect hops and free replays not among them.
    pub(crate) attempts: u32,
    /// Start of the last attempt, if there was one.
    pub(crate) started: Stamp,
    /// The last attempt, from its start to the end of the body or the failure.
    pub(crate) elapsed: Nanoseconds,
    /// Waiting for a worker or a limit.
    pub(crate) queued: Nanoseconds,
    /// From taking the request to its end.
    pub(crate) total: Nanoseconds,
    /// What is known of the last exchange, where a response head arrived.
    pub(crate) head: Option<Arc<Head>>,
    /// The host of the last attempt, or of the one that was to come.
    pub(crate) host: Option<Host>,
    /// Bytes of the body, after decompression, as far as they came.
    pub(crate) size: u64,
    /// Bytes on the wire over all attempts, out and in.
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
    /// Connections opened and reused over all attempts.
    pub(crate) connections_opened: u32,
    pub(crate) connections_reused: u32,
    /// An earlier attempt may have been carried out by the server.
    pub(crate) ambiguous: bool,
    /// True if the request ended because its batch was stopped, not by itself. It counts as not done and is recorded
    /// nowhere, so that it runs when the batch is resumed.
    pub(crate) cut_short: bool,
    pub(crate) rare: Option<Box<Rare>>,
}

/// What there is to tell of few requests. Outcomes wait for their caller by the thousand.
#[derive(Clone, Debug)]
pub(crate) struct Rare {
    /// One entry for each counted attempt that failed or was followed by another.
    pub(crate) log: Vec<Attempt>,
    /// Phases of the last attempt, where no response head arrived.
    pub(crate) timings: Timings,
    /// The request's URL as it was written, resolved against the base URL, and the query parameters added to it; with its
    /// secrets. `None`: it is absolute.
    pub(crate) written: Option<Arc<str>>,
    /// Redirects followed.
    pub(crate) history: Vec<Hop>,
    /// The unparsed `Retry-After` that ended it.
    pub(crate) retry_after: Option<String>,
    /// Why an accepted response that was to be asked for again was not.
    pub(crate) stop_reason: Option<StopReason>,
}

impl Report {
    pub(crate) fn rare(&self) -> &Rare {
        static NOTHING: Rare = Rare::NOTHING;
        self.rare.as_deref().unwrap_or(&NOTHING)
    }

    pub(crate) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_with(|| Box::new(Rare::NOTHING))
    }

    /// Phases of the last attempt.
    pub(crate) fn timings(&self) -> Timings {
        let answered = self.head.as_ref().map(|head| head.timings.into());
        answered.unwrap_or(self.rare().timings)
    }

    /// Forgets what the last response said.
    pub(crate) fn clear_response(&mut self) {
        self.head = None;
        self.size = 0;
        if let Some(rare) = &mut self.rare {
            rare.retry_after = None;
            rare.timings = Timings::NONE;
        }
    }
}

impl Rare {
    const NOTHING: Rare = Rare {
        log: Vec::new(),
        timings: Timings::NONE,
        written: None,
        history: Vec::new(),
        retry_after: None,
        stop_reason: None,
    };
}
