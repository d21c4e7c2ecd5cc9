//! Requests that wait because this machine has run out of descriptors, ports or threads.

use std::sync::atomic::Ordering;

use crate::redact::escape::log_line;

use super::shared::Executor;

/// Target of the log records about a shortage.
const TARGET: &str = "haul::shortage";

impl Executor {
    /// Warns once that requests wait for room on this machine.
    pub(super) fn warn_of_shortage(&self, shortage: &str) {
        if !self.told_of_shortage.swap(true, Ordering::Relaxed) {
            log_line!(target: TARGET, Warn, "{shortage}: fewer than {} requests run at once, the others wait for their turn",
                self.pool.workers
            );
        }
    }

    /// Starts no further thread for `time`, as after the system has refused a thread.
    #[cfg(test)]
    pub(crate) fn pause_starts(&self, time: std::time::Duration) {
        let until = self.clock.now() + time;
        self.lock().roster.pause_starts(until);
    }

    /// Warns once that the system refuses threads.
    pub(super) fn warn_of_threads(&self, live: usize, error: &std::io::Error) {
        if !self.told_of_threads.swap(true, Ordering::Relaxed) {
            let workers = self.pool.workers;
            match live {
                0 => {
                    log_line!(target: TARGET, Warn, "no thread can be started ({error}), for none of {workers} workers")
                }
                _ => {
                    log_line!(target: TARGET, Warn, "no further thread can be started ({error}): {live} of {workers} workers run, and requests wait for these"
                    )
                }
            }
        }
    }
}
