//! The limit of `--max-run-time`, which holds whatever the run waits for.
//!
//! A batch ends at its deadline by itself. What a batch does not see is a wait of this process: for somebody to open or
//! fill a named pipe, for whoever reads the results, for a file on a disk that has gone away. So a thread looks at the
//! clock, and ends the process if nothing else does.

use std::path::PathBuf;
use std::process;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use haul::batch::SummaryHandle;

use crate::arguments::Arguments;
use crate::failure::{Failure, Status};
use crate::files::SummaryFile;
use crate::report::{report, stopped_early};
use crate::voice::Voice;

/// Why a run was stopped that took longer than its limit.
pub(crate) const REASON: &str = "the run took too long (--max-run-time)";

/// Time after the limit that a run may take without an outcome before this thread ends it.
const PATIENCE: Duration = Duration::from_millis(600);

/// Upper bound for the time to print the last messages: standard error may be a pipe that nobody reads.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The end of a run by the clock, counted from the start of the command.
pub(crate) struct RunLimit {
    /// `None`: the run may take as long as it takes.
    ends: Option<Instant>,
    stage: Arc<Mutex<Stage>>,
}

/// Stage of a run.
enum Stage {
    /// Arguments and inputs are opened; nothing was sent, and nothing is to be reported.
    Prepares,
    /// Lines are read to be shown. The reader looks at the clock itself.
    Reads,
    /// Outcomes come.
    Runs(Running),
    /// The figures are reported.
    Reports,
    /// Everything has been said; what is left is to exit with this status.
    IsOver(Status),
}

struct Running {
    figures: SummaryHandle,
    how_to_resume: Option<String>,
    /// Number of times that the run has got on.
    times: u64,
}

impl RunLimit {
    /// Begins to count.
    pub(crate) fn start(arguments: &Arguments, voice: &Voice) -> Result<RunLimit, Failure> {
        let limit = arguments.times.max_run_time;
        let run = RunLimit {
            ends: limit.and_then(|limit| Instant::now().checked_add(limit)),
            stage: Arc::new(Mutex::new(Stage::Prepares)),
        };
        if let Some(ends) = run.ends {
            let watch = Watch {
                ends,
                stage: Arc::clone(&run.stage),
                summary_json: arguments.results.summary_json.clone(),
                voice: voice.clone(),
            };
            let watching = thread::Builder::new().name("haul-limit".to_owned());
            watching
                .spawn(move || watch.run())
                .map_err(|e| Failure::unwritten(format!("no thread for --max-run-time: {e}")))?;
        }
        Ok(run)
    }

    /// Time until the run has to end. `None`: it has no limit.
    pub(crate) fn left(&self) -> Option<Duration> {
        let ends = self.ends?;
        Some(ends.saturating_duration_since(Instant::now()))
    }

    /// Lines are read to be shown, by a reader that looks at the clock.
    pub(crate) fn reads(&self) {
        self.enters(Stage::Reads);
    }

    /// Outcomes come now.
    pub(crate) fn runs(&self, figures: SummaryHandle, how_to_resume: Option<String>) {
        self.enters(Stage::Runs(Running {
            figures,
            how_to_resume,
            times: 0,
        }));
    }

    /// An outcome has come, so the run waits for nothing.
    pub(crate) fn advances(&self) {
        if self.ends.is_some()
            && let Stage::Runs(running) = &mut *lock(&self.stage)
        {
            running.times += 1;
        }
    }

    /// The last outcome has come and is written.
    pub(crate) fn reports(&self) {
        self.enters(Stage::Reports);
    }

    /// The run exits with this status as soon as it has put everything away.
    pub(crate) fn is_over(&self, status: Status) {
        self.enters(Stage::IsOver(status));
    }

    fn enters(&self, stage: Stage) {
        *lock(&self.stage) = stage;
    }
}

/// Thread that ends the process, with all that it reports then.
struct Watch {
    ends: Instant,
    stage: Arc<Mutex<Stage>>,
    summary_json: Option<PathBuf>,
    voice: Voice,
}

impl Watch {
    fn run(self) {
        pause(self.ends.saturating_duration_since(Instant::now()));
        let mut before = self.times();
        loop {
            pause(PATIENCE);
            let stage = lock(&self.stage);
            match &*stage {
                Stage::Runs(running) if running.times > before => before = running.times,
                Stage::IsOver(status) => self.give_up(&stage, *status),
                Stage::Prepares | Stage::Reads | Stage::Runs(..) | Stage::Reports => {
                    self.give_up(&stage, Status::Stopped);
                }
            }
        }
    }

    /// Returns the number of outcomes at the limit. Gives up a run that has not begun to send by then.
    fn times(&self) -> u64 {
        let stage = lock(&self.stage);
        match &*stage {
            Stage::Runs(running) => running.times,
            // The run cannot begin any more: it would wait for this lock.
            Stage::Prepares => self.give_up(&stage, Status::Stopped),
            Stage::Reads | Stage::Reports | Stage::IsOver(_) => 0,
        }
    }

    /// Says what there is to say, and ends the process.
    fn give_up(&self, stage: &Stage, status: Status) -> ! {
        let (figures, how_to_resume) = match stage {
            Stage::Runs(running) => (Some(running.figures.clone()), running.how_to_resume.clone()),
            Stage::Prepares | Stage::Reads | Stage::Reports | Stage::IsOver(_) => (None, None),
        };
        let note = !matches!(stage, Stage::Reports | Stage::IsOver(_));
        let (summary_json, voice) = (self.summary_json.clone(), self.voice.clone());
        let (done, is_done) = channel::<()>();
        let last_words = move || {
            let _done = done;
            if let Some(figures) = figures {
                let mut summary = figures.snapshot();
                summary.set_interrupted(true);
                let reported = SummaryFile::open(summary_json.as_deref())
                    .and_then(|mut file| report(&summary, &mut file, &voice));
                if let Err(failure) = reported {
                    voice.error(failure.message());
                }
            }
            if note {
                voice.note(&stopped_early(REASON));
            }
            if let Some(how) = how_to_resume {
                voice.note(&how);
            }
        };
        // On a thread of their own, since whatever they are written to may be what the run waits for.
        if thread::Builder::new().spawn(last_words).is_ok() {
            let _ = is_done.recv_timeout(LAST_WORDS);
        }
        process::exit(status.number().into())
    }
}

fn lock(stage: &Mutex<Stage>) -> MutexGuard<'_, Stage> {
    stage.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for so long.
fn pause(time: Duration) {
    let until = Instant::now() + time;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        thread::park_timeout(left);
    }
}
