//! Addition of summaries.

use std::ops::AddAssign;

use super::Summary;

/// Adds the figures of another run. Wall times add up too, as for runs one after the other; for runs at the same time,
/// correct the sum with [`set_wall`](Summary::set_wall).
impl AddAssign<&Summary> for Summary {
    fn add_assign(&mut self, other: &Summary) {
        self.succeeded += other.succeeded;
        self.rejected += other.rejected;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
        self.not_done += other.not_done;
        self.duplicates += other.duplicates;
        self.numbered_files += other.numbered_files;
        self.skipped += other.skipped;
        self.unchecked += other.unchecked;
        for (class, n) in &other.error_types {
            *self.error_types.entry(*class).or_default() += n;
        }
        for (status, n) in &other.statuses {
            *self.statuses.entry(*status).or_default() += n;
        }
        self.codes += &other.codes;
        self.hosts += &other.hosts;
        self.errors += &other.errors;
        self.attempts += other.attempts;
        self.retried += other.retried;
        self.retry_attempts += other.retry_attempts;
        self.later_successes += other.later_successes;
        self.budget_refusals += other.budget_refusals;
        self.latency += &other.latency;
        self.queue_wait += &other.queue_wait;
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        self.connections_opened += other.connections_opened;
        self.connections_reused += other.connections_reused;
        self.details += &other.details;
        self.wall += other.wall;
        self.at_once = self.at_once.max(other.at_once);
        self.interrupted |= other.interrupted;
    }
}

impl AddAssign for Summary {
    fn add_assign(&mut self, other: Summary) {
        *self += &other;
    }
}
