//! Worker of a run: it leases entries, sends their requests, and settles the outcomes.

mod calls;
pub(in crate::fleet) mod core;
mod feed;
mod gate;
mod limiter;
mod observers;
mod orders;
mod outcomes;
mod part;
mod shared;
mod silence;
mod summary;

use std::fmt;
use std::io;
use std::process;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

pub use limiter::FleetLimiter;
pub use summary::WorkerSummary;

use self::core::{CoreEnd, CoreSettings, WorkerCore};
use self::observers::Observers;
use self::orders::follow_orders;
use self::outcomes::AfterOutcome;
use self::part::WorkerPart;
use self::shared::SharedCore;
use super::end::FleetEnd;
use super::engine::{EngineError, FleetEngine};
use super::error::FleetError;
use super::run::Run;
use super::settings::RunSettings;
use crate::batch::CancelToken;
use crate::client::Client;
use crate::record::{InputLines, RecordOptions};
use crate::redact::escape::log_line;
use crate::summary::Summary;

/// Bytes of a body that a record keeps by default, since results wait in the server's memory.
const BODY_LIMIT: usize = 16 << 10;

/// Longest delay that a worker waits for. A request that is to wait longer is parked on the server.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// End of an error message: the fate of outcomes that the server did not take.
const LOST: &str =
    "outcomes that were not settled are lost, and their requests go to other workers";

/// Time that a beat may take however many lanes there are.
const SHORT_BEAT: Duration = Duration::from_millis(500);

/// Loop of a thread that carries out calls to an engine.
type CallLoop = dyn Fn(&SharedCore, &mut dyn FleetEngine) + Sync;

/// Worker of a run.
///
/// It leases requests, sends them with a client, and settles their outcomes, until the run is over. Each process has one
/// or several; [the guide](crate::guide::many_machines_redis) says what holds when one dies.
///
/// ```no_run
/// use haul::Client;
/// use haul::fleet::{Fleet, Worker};
///
/// let run = Fleet::connect("redis://127.0.0.1:6379/0")?.run("r1")?;
/// let limiter = run.limiter()?;
/// let client = Client::builder().workers(64).limiter(limiter).build()?;
/// let ended = Worker::new(&run, client).run()?;
/// println!("{}", ended.summary());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a worker does nothing before `run` is called"]
pub struct Worker<'r> {
    run: &'r Run,
    client: Client,
    lines: InputLines,
    records: RecordOptions,
    grace: Duration,
    observers: Observers<'r>,
}

impl<'r> Worker<'r> {
    /// Makes a worker that sends with this client.
    ///
    /// The client should have the [limiter](Run::limiter) of the run, else its rates are its own.
    pub fn new(run: &'r Run, client: Client) -> Worker<'r> {
        let records = RecordOptions::new().body_limit(BODY_LIMIT);
        let records = match &run.settings.stored.base_url {
            Some(base) => records.base_url(base),
            None => records,
        };
        Worker {
            run,
            client,
            lines: InputLines::new(),
            records,
            grace: Duration::from_secs(10),
            observers: Observers::default(),
        }
    }

    /// Sets how lines of the queue are read. Default: as [`InputLines::new`] reads them.
    ///
    /// The queue has only what each line sets itself, so the defaults must be those with which the input was read.
    pub fn lines(mut self, lines: InputLines) -> Worker<'r> {
        self.lines = lines;
        self
    }

    /// Sets which bodies and headers the records keep. Default: bodies of up to 16 KiB, and no headers.
    pub fn records(mut self, options: RecordOptions) -> Worker<'r> {
        self.records = options;
        self
    }

    /// Sets the time that requests under way have when the worker is told to stop. Default: 10 seconds.
    pub fn grace(mut self, grace: Duration) -> Worker<'r> {
        self.grace = grace;
        self
    }

    /// Sends requests until the run is over.
    ///
    /// # Errors
    /// [`Usage`](super::FleetErrorKind::Usage) if the run [saves files](super::RunSettings::saves_files) and this worker
    /// has no directory for them;
    /// [`NoRun`](super::FleetErrorKind::NoRun) if the run was removed, and
    /// [`Cancelled`](super::FleetErrorKind::Cancelled) if it was also created again;
    /// [`Away`](super::FleetErrorKind::Away) if the server does not answer for ten minutes, or answers for as long that it
    /// is not ready; [`Refused`](super::FleetErrorKind::Refused) if it refuses a step. The outcomes that were not settled
    /// then are lost, and their requests go to other workers.
    /// [`Unwritten`](super::FleetErrorKind::Unwritten) if this machine cannot save bodies: its disk is full or read-only, or
    /// the directory is gone. What was not sent goes to other workers, and so does a request whose body could not be saved,
    /// if it may be repeated.
    pub fn run(self) -> Result<WorkerSummary, FleetError> {
        self.run_until(|| false)
    }

    /// Sends requests until the run is over or `stop` returns true, which is asked some times a second.
    ///
    /// A worker that is stopped starts nothing more, hands back what it has not sent, and ends after the requests under
    /// way, or after the [grace](Worker::grace). Outcomes that the server does not take until then are
    /// [counted](WorkerSummary::unsettled), and told by a warning.
    ///
    /// # Errors
    /// As [`run`](Worker::run).
    // Long because it starts each thread of the worker, with what it needs.
    pub fn run_until(
        self,
        mut stop: impl FnMut() -> bool + Send,
    ) -> Result<WorkerSummary, FleetError> {
        if self.run.settings.stored.saves_files && !self.lines.saves_files() {
            return Err(FleetError::usage(format!(
                "{}: its lines name the files of their bodies, and this worker has no directory for them (--output-dir)",
                self.run.name()
            )));
        }
        let engine = || self.run.place.engine();
        let beats = self
            .run
            .place
            .quick_engine(longest_beat(&self.run.settings));
        let mut engines = [beats?, engine()?, engine()?, engine()?];
        let Worker {
            run,
            client,
            mut lines,
            records,
            grace,
            mut observers,
        } = self;
        lines = lines.always_numbered();
        let files = lines.file_register();
        let core = Arc::new(SharedCore::new(WorkerCore::new(
            core_settings(run, &client, grace),
            Instant::now(),
        )));
        let (intake, outcomes) = client.channel();
        let token = CancelToken::new();
        let outcomes = outcomes
            .max_delay(LONGEST_DELAY.min(run.settings.lease))
            .cancel_token(&token);
        let figures = outcomes.summary();
        figures.count_only_final();
        let outcomes = observers.begin(outcomes);
        let orders_intake = intake.clone();
        let durable = run.settings.stored.durable;
        let begins = move |core: &SharedCore, engine: &mut dyn FleetEngine| {
            calls::begins(core, engine, durable);
        };
        let calls: [&CallLoop; 4] = [&calls::beats, &calls::leases, &begins, &calls::settles];
        let part = WorkerPart {
            client: &client,
            link: &run.link,
        };
        let ending = || EndOnPanic {
            core: &core,
            token: &token,
        };
        let ending = &ending;
        let failed = thread::scope(|scope| {
            let mut names = ["beat", "lease", "begin", "settle"].into_iter();
            let started = engines
                .iter_mut()
                .zip(calls)
                .try_for_each(|(engine, serve)| {
                    let name = names.next().unwrap_or_default();
                    let core = &core;
                    named(name)
                        .spawn_scoped(scope, move || {
                            let _ending = ending();
                            serve(core, &mut **engine);
                        })
                        .map(drop)
                });
            let started = started.and_then(|()| {
                let (core, client) = (&core, &client);
                named("feed")
                    .spawn_scoped(scope, move || {
                        let _ending = ending();
                        feed::feed(core, client, &intake, &mut lines);
                    })
                    .map(drop)
            });
            let started = started.and_then(|()| {
                let (core, token, part) = (&core, &token, &part);
                let stop = &mut stop;
                named("orders")
                    .spawn_scoped(scope, move || {
                        let _ending = ending();
                        let stop = || stop().then_some(grace);
                        follow_orders(core, &orders_intake, token, part, stop);
                    })
                    .map(drop)
            });
            if let Err(error) = started {
                core.change(|core, now| core.drain(Duration::ZERO, now));
                token.cancel();
                return Some(error);
            }
            let _ending = ending();
            for outcome in outcomes {
                match outcomes::tell(&core, &outcome, &records, &files) {
                    AfterOutcome::Ended => observers.see(&outcome),
                    AfterOutcome::CutOff => {
                        figures.record_interrupted(&outcome, outcomes::CUT_OFF);
                        observers.see(&outcome);
                    }
                    AfterOutcome::GoesOn => {}
                }
            }
            None
        });
        if let Some(error) = failed {
            return Err(no_thread(&error));
        }
        core.look(|core| ended(run, core, figures.snapshot()))
    }
}

/// Returns the figures of a worker that ended, or the error for which it ended. Warns of outcomes that were not settled.
fn ended(run: &Run, core: &WorkerCore, summary: Summary) -> Result<WorkerSummary, FleetError> {
    let (stale, unsettled) = (core.figures().stale, core.unsettled());
    let end = core.is_over().cloned().unwrap_or(CoreEnd::Drained);
    if unsettled > 0 {
        let fate = match end {
            CoreEnd::Cancelled | CoreEnd::NoRun | CoreEnd::OtherRun => "they are in no results",
            _ => "their requests are sent again by other workers, or end as interrupted",
        };
        let name = run.name();
        log_line!(
            Warn,
            "{name}: outcomes that the server did not take before the worker ended: {unsettled} ({fate})"
        );
    }
    let end = match end {
        CoreEnd::Complete => FleetEnd::Complete,
        CoreEnd::Cancelled => FleetEnd::Cancelled,
        CoreEnd::Drained => FleetEnd::Stopped,
        CoreEnd::NoRun => return Err(run.place.error(EngineError::NoRun)),
        CoreEnd::OtherRun => return Err(run.place.error(EngineError::OtherRun)),
        CoreEnd::Unsaved(why) => return Err(FleetError::unsaved(run.name(), &why)),
        CoreEnd::Refused(why) => return Err(run.place.error(EngineError::Refused(why))),
        CoreEnd::Away(why) => {
            let why = format!("{why} (asked again for ten minutes; {LOST})");
            return Err(run.place.error(EngineError::Away(why)));
        }
        CoreEnd::Full => {
            let why = "for ten minutes the server had no room for outcomes (haul fleet collect makes room)";
            let why = format!("{}: {why}; {LOST}", run.name());
            return Err(run.place.error(EngineError::Away(why)));
        }
    };
    Ok(WorkerSummary {
        summary,
        stale,
        unsettled,
        end,
    })
}

/// Ends the worker if the thread that holds this panics: the others would go on without it, and hold its requests.
struct EndOnPanic<'w> {
    core: &'w SharedCore,
    token: &'w CancelToken,
}

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.core
                .change(|core, now| core.drain(Duration::ZERO, now));
            self.token.cancel();
        }
    }
}

fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(format!("haul-{name}"))
}

fn no_thread(error: &io::Error) -> FleetError {
    FleetError::usage(format!("no thread for the worker: {error}"))
}

/// Longest time of a call that tells a lane that the worker lives. One that is not answered is followed by others before
/// the lease is over. Lanes of a cluster lie on several nodes: one that is silent must not use up the time of the others.
fn longest_beat(settings: &RunSettings) -> Duration {
    let share = settings.lease / 3;
    (share / settings.lanes.max(1)).max(SHORT_BEAT.min(share))
}

fn core_settings(run: &Run, client: &Client, grace: Duration) -> CoreSettings {
    let settings = &run.settings;
    CoreSettings {
        prefix: format!("{}:{}", node(), process::id()),
        seed: fastrand::u64(..),
        lanes: settings.lanes,
        lease: settings.lease,
        jobs: client.jobs(),
        max_deliveries: settings.stored.max_deliveries,
        resume_writes: settings.stored.resume_writes,
        grace,
        divides_places: client.divides_places(),
    }
}

/// Name of this machine.
pub(super) fn node() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    let fits = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    let name: String = name.chars().filter(fits).take(64).collect();
    match name.is_empty() {
        true => "node".to_owned(),
        false => name,
    }
}

impl fmt::Debug for Worker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}
