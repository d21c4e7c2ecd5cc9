//! Worker of a run: it leases entries, sends their requests, and settles the outcomes.

mod calls;
pub(in crate::fleet) mod core;
mod feed;
mod gate;
mod limiter;
mod outcomes;
mod part;
mod shared;

use std::fmt;
use std::io;
use std::process;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

pub use limiter::FleetLimiter;

use self::core::{CoreEnd, CoreSettings, WorkerCore};
use self::part::WorkerPart;
use self::shared::SharedCore;
use super::engine::{EngineError, FleetEngine};
use super::error::FleetError;
use super::run::Run;
use crate::batch::{CancelToken, Intake};
use crate::client::Client;
use crate::record::{InputLines, RecordOptions};
use crate::summary::Summary;

/// Bytes of a body that a record keeps by default, since results wait in the server's memory.
const BODY_LIMIT: usize = 16 << 10;

/// Longest delay that a worker waits for. A request that is to wait longer is parked on the server.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// Loop of a thread that carries out calls to an engine.
type CallLoop = dyn Fn(&SharedCore, &mut dyn FleetEngine) + Sync;

/// Time between two looks whether the worker is to end.
const LOOK: Duration = Duration::from_millis(50);

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
}

/// Reason for which a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkerEnd {
    /// Each request of the run has its outcome.
    Complete,
    /// The run was cancelled.
    Cancelled,
    /// The worker was told to stop.
    Stopped,
}

/// Figures of a worker, and the reason why it ended.
#[derive(Clone, Debug)]
pub struct WorkerSummary {
    summary: Summary,
    stale: u64,
    end: WorkerEnd,
}

impl WorkerSummary {
    /// Figures of the outcomes of this worker.
    ///
    /// Requests that were handed back are not done.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Number of outcomes that were thrown away, since others had taken the requests over.
    pub fn stale(&self) -> u64 {
        self.stale
    }

    /// Reason for which the worker ended.
    pub fn end(&self) -> WorkerEnd {
        self.end
    }
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
    /// [`NoRun`](super::FleetErrorKind::NoRun) if the run was removed; [`Away`](super::FleetErrorKind::Away) if the
    /// server does not answer for ten minutes; [`Refused`](super::FleetErrorKind::Refused) if it refuses a step. The
    /// outcomes that were not settled then are lost, and their requests go to other workers.
    pub fn run(self) -> Result<WorkerSummary, FleetError> {
        self.run_until(|| false)
    }

    /// Sends requests until the run is over or `stop` returns true, which is asked some times a second.
    ///
    /// A worker that is stopped starts nothing more, hands back what it has not sent, and ends after the requests under
    /// way, or after the [grace](Worker::grace).
    ///
    /// # Errors
    /// As [`run`](Worker::run).
    // Long because it starts each thread of the worker, with what it needs.
    pub fn run_until(
        self,
        mut stop: impl FnMut() -> bool + Send,
    ) -> Result<WorkerSummary, FleetError> {
        let engine = || self.run.place.engine();
        let mut engines = [engine()?, engine()?, engine()?, engine()?];
        let Worker {
            run,
            client,
            mut lines,
            records,
            grace,
        } = self;
        let core = Arc::new(SharedCore::new(WorkerCore::new(
            core_settings(run, &client),
            Instant::now(),
        )));
        let (intake, outcomes) = client.channel();
        let token = CancelToken::new();
        let outcomes = outcomes
            .max_delay(LONGEST_DELAY.min(run.settings.lease))
            .cancel_token(&token);
        let figures = outcomes.summary();
        let orders_intake = intake.clone();
        let durable = run.settings.stored.durable;
        let begins = move |core: &SharedCore, engine: &mut dyn FleetEngine| {
            calls::begins(core, engine, durable);
        };
        let calls: [&CallLoop; 4] = [&calls::beats, &calls::leases, &begins, &calls::settles];
        let part = WorkerPart {
            client: &client,
            workers: &run.workers,
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
                        follow_orders(core, &orders_intake, token, part, || {
                            stop().then_some(grace)
                        });
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
                outcomes::tell(&core, &outcome, &records);
            }
            None
        });
        if let Some(error) = failed {
            return Err(no_thread(&error));
        }
        let (end, stale) = core.look(|core| (core.is_over().cloned(), core.figures().stale));
        let summary = figures.snapshot();
        let end = match end.unwrap_or(CoreEnd::Drained) {
            CoreEnd::Complete => WorkerEnd::Complete,
            CoreEnd::Cancelled => WorkerEnd::Cancelled,
            CoreEnd::Drained => WorkerEnd::Stopped,
            CoreEnd::NoRun => return Err(run.place.error(EngineError::NoRun)),
            CoreEnd::Refused(why) => return Err(run.place.error(EngineError::Refused(why))),
            CoreEnd::Away => {
                let why = "the server was away for ten minutes; outcomes that were not settled are lost, and their requests go to other workers";
                return Err(run.place.error(EngineError::Away(why.to_owned())));
            }
        };
        Ok(WorkerSummary {
            summary,
            stale,
            end,
        })
    }
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

fn core_settings(run: &Run, client: &Client) -> CoreSettings {
    let settings = &run.settings;
    CoreSettings {
        prefix: format!("{}:{}", node(), process::id()),
        seed: fastrand::u64(..),
        lanes: settings.lanes,
        lease: settings.lease,
        jobs: client.jobs(),
        max_deliveries: settings.stored.max_deliveries,
        resume_writes: settings.stored.resume_writes,
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

/// Carries out the core's orders for the client until the worker is over.
fn follow_orders(
    core: &SharedCore,
    intake: &Intake,
    token: &CancelToken,
    part: &WorkerPart<'_>,
    mut stop: impl FnMut() -> Option<Duration>,
) {
    let (mut is_stopped, mut is_drained, mut is_cut_off) = (false, false, false);
    loop {
        if !is_stopped && let Some(grace) = stop() {
            is_stopped = true;
            core.change(|core, now| core.drain(grace, now));
        }
        let (orders, is_over, workers) = core.change(|core, now| {
            let orders = core.orders(now);
            (orders, core.is_over().is_some(), core.workers())
        });
        part.divide_by(workers);
        for (host, count) in &orders.give_back {
            let given = intake.give_back(host, *count);
            core.change(|core, _| core.given_back(host, *count, given));
        }
        if orders.drain && !is_drained {
            is_drained = true;
            token.drain();
        }
        if (orders.cut_off || is_over) && !is_cut_off {
            is_cut_off = true;
            token.cancel();
        }
        if is_over {
            return;
        }
        thread::park_timeout(LOOK);
    }
}

impl fmt::Debug for Worker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}
