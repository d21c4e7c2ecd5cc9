//! Counting of one request.

use super::Summary;
use super::facts::{FailureFacts, OutcomeFacts, ResultFacts};
use super::rows::ErrorKey;
use super::timeline::SliceCounts;
#[cfg(feature = "fleet")]
use crate::error::ErrorType;
#[cfg(feature = "fleet")]
use crate::outcome::Outcome;
use crate::timing::millis;

impl Summary {
    /// Counts a request that was cut off as a failure of class `interrupted`.
    #[cfg(feature = "fleet")]
    pub(crate) fn record_interrupted<T>(&mut self, outcome: &Outcome<T>, message: &str) {
        self.count(&OutcomeFacts {
            result: ResultFacts::Failed(FailureFacts {
                error_type: ErrorType::Interrupted,
                phase: None,
                status: None,
                message,
            }),
            ..OutcomeFacts::of(outcome)
        });
    }

    /// Counts a request.
    pub(crate) fn count(&mut self, facts: &OutcomeFacts<'_>) {
        match &facts.result {
            ResultFacts::NotDone => self.not_done += 1,
            ResultFacts::Success => self.succeeded += 1,
            ResultFacts::Rejected(code) => {
                self.rejected += 1;
                self.codes.row(&code.clone().into_owned()).count += 1;
            }
            ResultFacts::Cancelled => self.cancelled += 1,
            ResultFacts::Failed(failure) => self.count_failure(failure, facts),
        }
        self.budget_refusals += u64::from(facts.budget_refused);
        let is_done = !matches!(facts.result, ResultFacts::NotDone);
        if let Some(status) = facts.status.filter(|_| is_done) {
            *self.statuses.entry(status).or_default() += 1;
        }
        self.attempts += u64::from(facts.attempts);
        if facts.attempts > 1 {
            self.retried += 1;
            self.retry_attempts += u64::from(facts.attempts - 1);
            let succeeded = matches!(facts.result, ResultFacts::Success);
            self.later_successes += u64::from(succeeded);
        }
        if let Some(queued) = facts.times.queued.filter(|_| facts.attempts > 0) {
            self.queue_wait.record(queued);
        }
        self.bytes_sent += facts.traffic.bytes_sent;
        self.bytes_received += facts.traffic.bytes_received;
        self.connections_opened += facts.traffic.opened;
        self.connections_reused += facts.traffic.reused;
        self.count_file(facts.file);
        self.count_latencies(facts, is_done);
        self.details.count(facts);
        if let (Some(ended), Some(counts)) = (facts.ended(), SliceCounts::of(&facts.result)) {
            self.details.timeline.add(ended, counts);
        }
    }

    fn count_failure(&mut self, failure: &FailureFacts<'_>, facts: &OutcomeFacts<'_>) {
        self.failed += 1;
        *self.error_types.entry(failure.error_type).or_default() += 1;
        self.errors
            .row(&ErrorKey::of(failure))
            .count(failure, facts);
    }

    /// Counts the latency of every attempt that got a response, and the figures of the host.
    fn count_latencies(&mut self, facts: &OutcomeFacts<'_>, is_done: bool) {
        let failed = matches!(facts.result, ResultFacts::Failed(_));
        let counts = is_done && (facts.attempts > 0 || failed);
        let mut row = None;
        if let Some(host) = facts.host.as_ref().filter(|_| counts) {
            let host = self.hosts.row(host);
            host.requests += 1;
            host.failed += u64::from(failed);
            host.rejected += u64::from(matches!(facts.result, ResultFacts::Rejected(_)));
            host.limit = facts.limit.or(host.limit);
            row = Some(&mut host.latency);
        }
        for elapsed in facts.logged.iter().copied().chain(facts.latency) {
            let us = millis::micros(elapsed);
            self.latency.record_us(us);
            if let Some(latency) = &mut row {
                latency.record_us(us);
            }
        }
    }
}
