//! Collector of a run: it takes results, and writes them to a file.

mod plan;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(super) use plan::{CollectPlan, CollectStep};

use super::end::FleetEnd;
use super::engine::{EngineError, RunState, WaitingResult};
use super::error::FleetError;
use super::patient::PatientEngine;
use super::run::Run;
use crate::digest::Sha256;
use crate::record::split_failure;
use crate::sink::{ExistingFile, ForeignRecords, SinkError};

/// Collector of a run's results.
///
/// It writes each result to its file, and takes it off the server as soon as it is on the disk. Any number of collectors
/// may be at work, each with a file of its own.
///
/// ```no_run
/// use haul::fleet::{Collector, Fleet};
///
/// let run = Fleet::connect("redis://127.0.0.1:6379/0")?.run("r1")?;
/// let collected = Collector::new(&run).failures("failures.jsonl").write_to("results.jsonl")?;
/// println!("{} results", collected.results());
/// # Ok::<(), haul::fleet::FleetError>(())
/// ```
#[must_use = "nothing is collected before `write_to` is called"]
pub struct Collector<'r> {
    run: &'r Run,
    failures: Option<PathBuf>,
    existing: ExistingFile,
}

/// Numbers of results that a collector wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    results: u64,
    failures: u64,
    end: FleetEnd,
}

impl Collected {
    /// Number of results that were written.
    pub fn results(&self) -> u64 {
        self.results
    }

    /// Number of failures that were written to the failure log.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Reason for which the collector ended.
    pub fn end(&self) -> FleetEnd {
        self.end
    }
}

impl<'r> Collector<'r> {
    /// Makes a collector of a run.
    pub fn new(run: &'r Run) -> Collector<'r> {
        Collector {
            run,
            failures: None,
            existing: ExistingFile::Refuse,
        }
    }

    /// Writes failures with their requests to this file too, as [`Failures`](crate::sink::Failures) does.
    pub fn failures(mut self, path: impl AsRef<Path>) -> Collector<'r> {
        self.failures = Some(path.as_ref().to_owned());
        self
    }

    /// Goes on with files that are there. Default: false.
    ///
    /// A last line that was cut by a kill is removed; its result comes again. Results that come again though they stand at
    /// the end of a file already are not written to it once more.
    pub fn resume(mut self, resume: bool) -> Collector<'r> {
        if resume {
            self.existing = ExistingFile::GoOn;
        }
        self
    }

    /// Replaces files that are there. Default: false.
    pub fn overwrite(mut self, overwrite: bool) -> Collector<'r> {
        if overwrite {
            self.existing = ExistingFile::Replace;
        }
        self
    }

    /// Writes results to a file until the run is over and all of them are collected.
    ///
    /// A name that ends with `.gz` or `.zst` compresses it.
    ///
    /// # Errors
    /// [`Usage`](super::FleetErrorKind::Usage) if the file is there already, or is to be gone on with and holds no records;
    /// [`Unwritten`](super::FleetErrorKind::Unwritten) if another process writes it, or it cannot be written;
    /// [`Away`](super::FleetErrorKind::Away) if the server does not answer for ten minutes, or answers for as long that it
    /// is not ready;
    /// [`NoRun`](super::FleetErrorKind::NoRun) if the run was removed, and
    /// [`Cancelled`](super::FleetErrorKind::Cancelled) if it was also created again;
    /// [`Refused`](super::FleetErrorKind::Refused) if the server refuses a step.
    pub fn write_to(self, path: impl AsRef<Path>) -> Result<Collected, FleetError> {
        self.write_until(path, || false)
    }

    /// Writes results like [`write_to`](Collector::write_to), until `stop` returns true.
    ///
    /// `stop` is asked some times a second.
    ///
    /// # Errors
    /// As [`write_to`](Collector::write_to).
    pub fn write_until(
        self,
        path: impl AsRef<Path>,
        stop: impl FnMut() -> bool,
    ) -> Result<Collected, FleetError> {
        let (run, path) = (self.run, path.as_ref());
        let mut files = CollectedFiles::open(path, self.failures.as_deref(), self.existing)?;
        let mut engine = PatientEngine::new(run.place.engine()?, stop);
        let mut was_cancelled = false;
        let end = collect(run, path, &mut engine, &mut files, &mut was_cancelled);
        files.written.end = match end {
            // A run is cancelled before it is removed.
            Err(CollectError::Engine(EngineError::NoRun)) if was_cancelled => FleetEnd::Cancelled,
            Err(CollectError::Engine(error)) => {
                return Err(run.place.error(error).caused_by(engine.take_cause()));
            }
            Err(CollectError::File(error)) => return Err(error.into()),
            Ok(end) => end,
        };
        Ok(files.written)
    }
}

/// Error of a collector.
#[derive(Debug)]
enum CollectError {
    Engine(EngineError),
    File(SinkError),
}

impl From<EngineError> for CollectError {
    fn from(error: EngineError) -> CollectError {
        CollectError::Engine(error)
    }
}

impl From<SinkError> for CollectError {
    fn from(error: SinkError) -> CollectError {
        CollectError::File(error)
    }
}

/// Collects results until the run is over. `was_cancelled` becomes true when the run is found cancelled.
// Long because it is one loop over the steps of a plan.
fn collect<S: FnMut() -> bool>(
    run: &Run,
    path: &Path,
    engine: &mut PatientEngine<S>,
    files: &mut CollectedFiles,
    was_cancelled: &mut bool,
) -> Result<FleetEnd, CollectError> {
    let name = name_of(path);
    let settings = &run.settings;
    let mut is_loaded = false;
    let mut plan = CollectPlan::new(settings.lanes, settings.lease, Instant::now());
    loop {
        if engine.is_stopped() {
            return Ok(FleetEnd::Stopped);
        }
        let goes_on = match plan.next(Instant::now()) {
            CollectStep::Fetch { lane, from, most } => {
                let fetched = engine.once(|engine| engine.results(lane, &name, from, most));
                match fetched {
                    Ok(results) => {
                        plan.fetched(results);
                        true
                    }
                    Err(error) => {
                        if matches!(error, EngineError::Away(_)) {
                            plan.fetch_lost();
                        }
                        engine.wait_after(error)?
                    }
                }
            }
            CollectStep::Save { lane, results } => {
                if !is_own_run(engine)? {
                    return Ok(FleetEnd::Stopped);
                }
                files.write(&results)?;
                let names: Vec<(String, u64)> = results
                    .iter()
                    .map(|result| (result.name.clone(), result.record.len() as u64))
                    .collect();
                let removed = engine.call(|engine| engine.collected(lane, &names));
                let removed = removed?;
                if removed.is_some() {
                    plan.saved();
                }
                removed.is_some()
            }
            CollectStep::State => {
                let facts = engine.call(|engine| engine.facts())?;
                facts
                    .map(|facts| {
                        *was_cancelled = facts.state == RunState::Cancelled;
                        is_loaded = facts.state == RunState::Loaded;
                        plan.state_is(facts.state, Instant::now());
                    })
                    .is_some()
            }
            CollectStep::Figures { lane } => {
                let figures = engine.call(|engine| engine.figures(lane))?;
                let state = figures.as_ref().map(|figures| figures.state);
                if is_loaded && state == Some(RunState::Paused) {
                    // A step that set the state was interrupted: nothing would send the requests of the lane.
                    engine.call(|engine| engine.align_lanes())?;
                }
                figures
                    .map(|figures| plan.figures_are(&figures, Instant::now()))
                    .is_some()
            }
            CollectStep::Wait(until) => {
                engine.wait(until.saturating_duration_since(Instant::now()))
            }
            CollectStep::Over(end) => {
                return Ok(end);
            }
        };
        if !goes_on {
            return Ok(FleetEnd::Stopped);
        }
    }
}

/// Looks if results that were fetched are of the collector's run, before they are written to its file: the run may have
/// been removed and created again while the collector was stopped. Returns false if the collector is to stop.
///
/// # Errors
/// [`EngineError::OtherRun`]. Results of a run that was removed are written.
fn is_own_run<S: FnMut() -> bool>(engine: &mut PatientEngine<S>) -> Result<bool, EngineError> {
    match engine.call(|engine| engine.facts()) {
        Err(EngineError::NoRun) => Ok(true),
        looked => Ok(looked?.is_some()),
    }
}

/// Files of a collector.
struct CollectedFiles {
    results: ForeignRecords,
    failures: Option<ForeignRecords>,
    written: Collected,
}

impl CollectedFiles {
    /// Opens the files. Nothing is created or emptied unless all of them can be opened.
    fn open(
        results: &Path,
        failures: Option<&Path>,
        existing: ExistingFile,
    ) -> Result<CollectedFiles, SinkError> {
        let open = |path: &Path| ForeignRecords::open(path, existing, plan::MOST);
        let mut results = open(results)?;
        let failures = match failures.map(open).transpose() {
            Ok(failures) => failures,
            Err(error) => {
                results.withdraw();
                return Err(error);
            }
        };
        results.begin()?;
        let mut files = CollectedFiles {
            results,
            failures,
            written: Collected::default(),
        };
        if let Some(failures) = &mut files.failures {
            failures.begin()?;
        }
        Ok(files)
    }

    /// Writes results, and returns when they are on the disk. Those that a collector wrote before, which was killed before
    /// it could tell so, stand at the end of its files and are not written again: in one of them or in both.
    fn write(&mut self, results: &[WaitingResult]) -> Result<(), SinkError> {
        for result in results {
            let failure = split_failure(&result.record);
            let record = failure.as_deref().unwrap_or(&result.record);
            self.written.results += u64::from(self.results.add(record)?);
            if let (Some(_), Some(failures)) = (&failure, &mut self.failures) {
                self.written.failures += u64::from(failures.add(&result.record)?);
            }
        }
        self.results.sync()?;
        if let Some(failures) = &mut self.failures {
            failures.sync()?;
        }
        Ok(())
    }
}

/// Name of the collector of a file, by which it finds results again that it was given before it ended.
fn name_of(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut hash = Sha256::new();
    hash.update(path.as_os_str().as_encoded_bytes());
    let [a, b, c, d, ..] = hash.finish();
    let node = super::worker::node();
    format!("{node}:{a:02x}{b:02x}{c:02x}{d:02x}")
}

impl fmt::Debug for Collector<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector")
            .field("run", &self.run)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}
