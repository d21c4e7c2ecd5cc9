//! Work of a job, as far as the executor knows it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use crate::attempt::{AttemptEnd, Clock, HedgeRace};
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
}
