//! Work of a job, as far as the executor knows it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::attempt::{AttemptEnd, Clock, FetchedToken, HedgeRace};
use crate::error::TokenFailure;
use crate::host::Host;
use crate::schedule::TokenCall;
use crate::transport::{AttemptNumber, CancelSlot};

use super::cpu::CpuPermits;
use super::job::Job;
use super::permit::JobPermit;

/// Context of a job on a worker.
#[derive(Clone, Copy)]
pub(crate) struct RunningJob<'a> {
    pub(crate) permit: &'a JobPermit<'a>,
    /// Slot through which another thread can end the attempt.
    pub(crate) cancel: &'a Arc<CancelSlot>,
    pub(crate) clock: &'a Clock,
    pub(crate) cpu: &'a CpuPermits,
    /// Start of the attempt.
    pub(crate) start: Instant,
    /// True if no connection to the host is known to have stood, so that the schedule waits to hear of one.
    pub(crate) unproven: bool,
    /// Time after which no attempt begins, if the turn of the job came before. `None`: it did not, or there is no such
    /// time.
    pub(crate) deadline: Option<Instant>,
    /// Present limit of the host's places, if it adapts. `None`: the limit stays.
    pub(crate) limit: Option<NonZeroU32>,
}

/// Context of a second request on a worker.
#[derive(Clone, Copy)]
pub(crate) struct RunningHedge<'a> {
    /// Slot through which the worker of the first request ends this one, and the number of its attempt.
    pub(crate) cancel: &'a Arc<CancelSlot>,
    pub(crate) attempt: AttemptNumber,
    pub(crate) clock: &'a Clock,
    pub(crate) cpu: &'a CpuPermits,
    /// Start of the request.
    pub(crate) start: Instant,
}

/// Implementation of a job's attempts.
pub(crate) trait Work: Send + Sync {
    /// Makes one attempt of a job, on the worker's thread and with no lock held. Returns the step that follows. May
    /// panic.
    fn attempt(&self, job: &mut Job, running: RunningJob<'_>) -> AttemptEnd;

    /// Sends the second request of a race, on the worker's thread and with no lock held. May panic.
    fn hedge(&self, race: &HedgeRace, running: RunningHedge<'_>) {
        let _ = (race, running);
    }

    /// Returns the token sources. `None`: no job needs a token.
    fn tokens(&self) -> Option<&dyn TokenWork> {
        None
    }
}

/// Token sources of the jobs' requests.
pub(crate) trait TokenWork {
    /// Returns the time between a failed call and the next, after `failed` calls for a host. Its jitter is of the clock.
    fn rest(&self, host: &Host, failed: u32, clock: &Clock) -> Duration;

    /// Calls the source, on the worker's thread and with no lock held.
    fn fetch(&self, call: &TokenCall) -> Result<FetchedToken, TokenFailure>;

    /// Keeps the token of a call for the attempts that start from now on.
    fn keep(&self, call: &TokenCall, token: FetchedToken);
}
