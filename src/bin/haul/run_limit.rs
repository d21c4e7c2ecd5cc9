//! Limit of `--max-run-time`, which holds whatever the run waits for.
//!
//! A batch ends at its deadline by itself. A batch does not see waits of this process: for a program to open or fill a
//! named pipe, for a reader of the results, for a file on a disk that has gone away. So a thread watches the clock, and
//! ends the process if the run does not end by itself.

use std::process;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use haul::batch::SummaryHandle;

use crate::arguments::Arguments;
use crate::bearer_command;
use crate::cookies;
use crate::failure::{CommandError, Status};
use crate::messages::Messages;
use crate::report::{ReportPlan, stopped_early};

/// Reason why a run was stopped that took longer than its limit.
pub(crate) const REASON: &str = "the run took too long (--max-run-time)";

/// Time after the limit that a run may take without an outcome before this thread ends it.
const PATIENCE: Duration = Duration::from_millis(600);

/// Upper bound for the time to print the last messages: standard error may be a pipe without a reader that reads.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Time limit of a run, counted from the start of the command.
pub(crate) struct RunLimit {
    /// Time at which the run has to end. `None`: the run has no limit.
    ends: Option<Instant>,
    stage: Arc<Mutex<RunStage>>,
}

/// Stage of a run.
enum RunStage {
    /// Arguments and inputs are opened; no request was sent, and no figures are to be reported.
    Prepares,
    /// Lines are read to be shown. The reader checks the clock itself.
    Reads,
    /// Outcomes arrive.
    Runs(RunningBatch),
    /// The figures are reported.
    Reports,
    /// All messages are printed; the process is to exit with this status.
    IsOver(Status),
}

struct RunningBatch {
    figures: SummaryHandle,
    how_to_resume: Option<String>,
    /// Number of outcomes that have arrived.
    times: u64,
}

impl RunLimit {
    /// Begins to count the time.
    pub(crate) fn start(
        arguments: &Arguments,
        messages: &Messages,
    ) -> Result<RunLimit, CommandError> {
        let limit = arguments.times.max_run_time;
        let run = RunLimit {
            ends: limit.and_then(|limit| Instant::now().checked_add(limit)),
            stage: Arc::new(Mutex::new(RunStage::Prepares)),
        };
        if let Some(ends) = run.ends {
            let watch = LimitThread {
                ends,
                stage: Arc::clone(&run.stage),
                report: ReportPlan::of(arguments),
                messages: messages.clone(),
            };
            let watching = thread::Builder::new().name("haul-limit".to_owned());
            watching.spawn(move || watch.run()).map_err(|e| {
                CommandError::unwritten(format!("no thread for --max-run-time: {e}"))
            })?;
        }
        Ok(run)
    }

    /// Time until the run has to end. `None`: the run has no limit.
    pub(crate) fn left(&self) -> Option<Duration> {
        let ends = self.ends?;
        Some(ends.saturating_duration_since(Instant::now()))
    }

    /// Notes that lines are read to be shown, by a reader that checks the clock.
    pub(crate) fn reads(&self) {
        self.enters(RunStage::Reads);
    }

    /// Notes that outcomes arrive from now on.
    pub(crate) fn runs(&self, figures: SummaryHandle, how_to_resume: Option<String>) {
        self.enters(RunStage::Runs(RunningBatch {
            figures,
            how_to_resume,
            times: 0,
        }));
    }

    /// Notes that an outcome has arrived, so that the run is not stuck.
    pub(crate) fn advances(&self) {
        if self.ends.is_some()
            && let RunStage::Runs(running) = &mut *lock(&self.stage)
        {
            running.times += 1;
        }
    }

    /// Notes that the last outcome has arrived and is written.
    pub(crate) fn reports(&self) {
        self.enters(RunStage::Reports);
    }

    /// Notes that the run exits with this status when it has released its resources.
    pub(crate) fn is_over(&self, status: Status) {
        self.enters(RunStage::IsOver(status));
    }

    fn enters(&self, stage: RunStage) {
        *lock(&self.stage) = stage;
    }
}

/// Thread that ends the process, with the values that it reports then.
struct LimitThread {
    ends: Instant,
    stage: Arc<Mutex<RunStage>>,
    report: ReportPlan,
    messages: Messages,
}

impl LimitThread {
    fn run(self) {
        pause(self.ends.saturating_duration_since(Instant::now()));
        let mut before = self.times();
        loop {
            pause(PATIENCE);
            let stage = lock(&self.stage);
            match &*stage {
                RunStage::Runs(running) if running.times > before => before = running.times,
                RunStage::IsOver(status) => self.give_up(&stage, *status),
                RunStage::Prepares | RunStage::Reads | RunStage::Runs(..) | RunStage::Reports => {
                    self.give_up(&stage, Status::Stopped);
                }
            }
        }
    }

    /// Returns the number of outcomes at the limit. Ends a run that has not begun to send by then.
    fn times(&self) -> u64 {
        let stage = lock(&self.stage);
        match &*stage {
            RunStage::Runs(running) => running.times,
            // The run cannot begin any more: it would wait for this lock.
            RunStage::Prepares => self.give_up(&stage, Status::Stopped),
            RunStage::Reads | RunStage::Reports | RunStage::IsOver(_) => 0,
        }
    }

    /// Prints the last messages, and ends the process.
    fn give_up(&self, stage: &RunStage, status: Status) -> ! {
        let (figures, how_to_resume) = match stage {
            RunStage::Runs(running) => {
                (Some(running.figures.clone()), running.how_to_resume.clone())
            }
            RunStage::Prepares | RunStage::Reads | RunStage::Reports | RunStage::IsOver(_) => {
                (None, None)
            }
        };
        let note = !matches!(stage, RunStage::Reports | RunStage::IsOver(_));
        let (report, messages) = (self.report.clone(), self.messages.clone());
        let (done, is_done) = channel::<()>();
        let last_words = move || {
            let _done = done;
            if let Some(figures) = figures {
                let mut summary = figures.snapshot();
                summary.set_interrupted(true);
                let opened = report.open();
                let reported =
                    opened.and_then(|mut report| report.write(&summary, None, &messages));
                if let Err(failure) = reported {
                    messages.error(failure.message());
                }
            }
            if note {
                messages.note(&stopped_early(REASON));
            }
            if let Some(how) = how_to_resume {
                messages.note(&how);
            }
        };
        // The messages are printed on a thread of their own, since their target may be what the run waits for.
        if thread::Builder::new().spawn(last_words).is_ok() {
            let _ = is_done.recv_timeout(LAST_WORDS);
        }
        cookies::save_at_exit(&self.messages);
        bearer_command::end_all();
        process::exit(status.number().into())
    }
}

fn lock(stage: &Mutex<RunStage>) -> MutexGuard<'_, RunStage> {
    stage.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for this time.
fn pause(time: Duration) {
    let until = Instant::now() + time;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        thread::park_timeout(left);
    }
}
