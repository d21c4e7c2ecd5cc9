//! Readings of a run, one after the other, until it has ended.

use std::thread;
use std::time::{Duration, Instant};

use super::error::FleetError;
use super::gone::GoneWorkers;
use super::run::Run;
use super::status::{RunPhase, RunStatus};

/// Time between two looks whether to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Watcher of a run, which knows when it has ended.
///
/// ```no_run
/// use std::time::Duration;
///
/// use haul::fleet::Fleet;
///
/// let run = Fleet::connect("redis://127.0.0.1:6379/0")?.run("r1")?;
/// let mut watch = run.watch();
/// while !watch.has_ended() {
///     println!("{} are left", watch.status()?.remaining());
///     watch.wait(Duration::from_secs(10), || false);
/// }
/// # Ok::<(), haul::fleet::FleetError>(())
/// ```
#[derive(Debug)]
pub struct RunWatch {
    run: Run,
    gone: GoneWorkers,
    /// Time of the last reading, if the run was found cancelled and workers may still have requests.
    ending_since: Option<Instant>,
    has_ended: bool,
}

impl Run {
    /// Watches the run until it has ended.
    pub fn watch(&self) -> RunWatch {
        RunWatch {
            run: self.clone(),
            gone: GoneWorkers::new(self.settings.lease),
            ending_since: None,
            has_ended: false,
        }
    }
}

impl RunWatch {
    /// State and figures of the run now.
    ///
    /// # Errors
    /// As [`Run::status`].
    pub fn status(&mut self) -> Result<RunStatus, FleetError> {
        let status = self.run.status()?;
        self.read(&status, Instant::now());
        Ok(status)
    }

    fn read(&mut self, status: &RunStatus, now: Instant) {
        self.gone.answered(now);
        let silent = status.workers.iter().map(|worker| worker.last_beat);
        let is_still = match status.phase {
            RunPhase::Over => true,
            RunPhase::Cancelled => status.leased == 0 || self.gone.are_gone(silent),
            _ => false,
        };
        let is_ending = status.phase == RunPhase::Cancelled && !is_still;
        self.ending_since = is_ending.then_some(now);
        self.has_ended = is_still && status.results_waiting == 0;
    }

    /// True if the last reading found that no outcome is to come, and no result to be collected.
    ///
    /// A run that was cancelled has also ended if its workers died with requests: if all were silent for a lease in which
    /// the server answered.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Waits for this time, or until `stop` returns true. Returns true if it stopped.
    ///
    /// It also returns when a cancelled run has ended. `stop` is asked some times a second. A cancelled run is read meanwhile, since only readings that follow each other
    /// closely tell that its workers are gone.
    pub fn wait(&mut self, time: Duration, mut stop: impl FnMut() -> bool) -> bool {
        // A time that no clock can hold does not end.
        let until = Instant::now().checked_add(time);
        loop {
            let now = Instant::now();
            let left = until.map(|until| until.saturating_duration_since(now));
            if stop() {
                return true;
            }
            if left.is_some_and(|left| left.is_zero()) || self.has_ended {
                return false;
            }
            let next = self
                .ending_since
                .map(|last| last + self.run.settings.lease / 6);
            if next.is_some_and(|next| next <= now) && self.status().is_err() {
                // The caller's own next reading tells the error.
                self.ending_since = Some(now);
            }
            thread::park_timeout(left.map_or(LOOK, |left| left.min(LOOK)));
        }
    }
}
