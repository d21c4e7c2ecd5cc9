//! Calls that fail again and again, and what they mean for the worker.

use std::time::{Duration, Instant};

use crate::fleet::engine::EngineError;
use crate::fleet::patient::{FailedCalls, LONGEST_AWAY};

use super::WorkerCore;
use super::ending::{CoreEnd, WorkerPhase};

/// Thread of a worker that makes calls to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallThread {
    Beat,
    Lease,
    Begin,
    Settle,
}

/// Failed calls of each thread in one lane.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LaneTroubles([FailedCalls; 4]);

impl LaneTroubles {
    /// Notes a call that failed. Returns for how long all calls of this thread have failed.
    fn failed(&mut self, thread: CallThread, now: Instant) -> Duration {
        self.0[thread as usize].failed(now)
    }

    fn succeeded(&mut self, thread: CallThread) {
        self.0[thread as usize].succeeded();
    }
}

impl WorkerCore {
    /// Notes what an error or an answer of the engine means for the worker as a whole.
    pub(super) fn note_answer<T>(
        &mut self,
        (lane, thread): (u32, CallThread),
        answer: &Result<T, EngineError>,
        now: Instant,
    ) {
        match answer {
            Ok(_) => self.lane_mut(lane).troubles.succeeded(thread),
            Err(EngineError::Away(why) | EngineError::Busy(why)) => {
                self.last_failure.clone_from(why);
                // The other lanes, or the other steps, may be fine.
                if self.lane_mut(lane).troubles.failed(thread, now) >= LONGEST_AWAY {
                    self.end_as_away();
                }
            }
            Err(EngineError::NoRun) => self.end_without_run(CoreEnd::NoRun),
            Err(EngineError::OtherRun) => self.end_without_run(CoreEnd::OtherRun),
            // Outcomes that are there may still be settled.
            Err(EngineError::Refused(why)) if thread != CallThread::Settle => {
                self.begin_ending(CoreEnd::Refused(why.clone()), None, now);
            }
            Err(EngineError::Refused(why)) => self.end(CoreEnd::Refused(why.clone())),
        }
    }

    /// Ends the worker, since its run is gone.
    fn end_without_run(&mut self, end: CoreEnd) {
        self.end(match &self.phase {
            // All that it had to do is done.
            WorkerPhase::Leaving { end, .. } => end.clone(),
            // A run is cancelled before it is removed.
            phase if phase.is_cancelled() => CoreEnd::Cancelled,
            _ => end,
        });
    }

    /// Ends the worker, since the engine did not take calls for too long.
    pub(super) fn end_as_away(&mut self) {
        self.end(CoreEnd::Away(self.last_failure.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_series_of_failures_is_that_of_one_thread_without_a_long_gap() {
        let (mut troubles, begin) = (LaneTroubles::default(), Instant::now());
        let at = |seconds: u32| begin + SECOND * seconds;
        assert_eq!(troubles.failed(CallThread::Settle, at(0)), Duration::ZERO);
        assert_eq!(troubles.failed(CallThread::Settle, at(60)), SECOND * 60);
        assert_eq!(troubles.failed(CallThread::Lease, at(61)), Duration::ZERO);
        assert_eq!(troubles.failed(CallThread::Settle, at(120)), SECOND * 120);
        troubles.succeeded(CallThread::Lease);
        assert_eq!(troubles.failed(CallThread::Lease, at(121)), Duration::ZERO);
        assert_eq!(
            troubles.failed(CallThread::Settle, at(181)),
            Duration::ZERO,
            "it was not asked for 61 seconds"
        );
    }
}
