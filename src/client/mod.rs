//! The client: a pool of workers, its defaults, and the ways to hand it requests.

mod bounds;
mod builder;
mod connection;
mod cost;
mod defaults;
mod error;
mod fetch;
#[cfg(feature = "fleet")]
mod fleet;
mod follow;
mod hooks;
mod oauth2;
mod process;
mod session;
mod token;
mod wiring;
mod work;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::attempt::{Clock, Engine, Preview};
use crate::batch::{
    self, BatchBounds, Intake, OutcomeOrder, Outcomes, Refused, WorkersOwner, as_response,
};
use crate::error::Error;
use crate::executor::{self, Handle, WorkerSettings};
use crate::outcome::Outcome;
use crate::redact::Redaction;
use crate::request::Request;
use crate::schedule::{Bounds, EndReason, Id, Schedule};
use crate::sink::{self, RunError, Sink};
use crate::summary::Summary;

use token::SourceRequests;
use work::AttemptWork;

pub use builder::ClientBuilder;
pub use error::BuildError;

/// Pool of worker threads over shared keep-alive connections.
///
/// `Client` is `Send + Sync + Clone` and cheap to clone: all clones share one pool, its connections and its limits.
/// Make a single client and share it. Several batches may run on it at once. Threads start on demand and are named
/// `haul-0`, `haul-1`, ...
///
/// Batches and hosts share the workers by how many each keeps busy: a free worker goes to the batch that holds the
/// fewest, and in it to the host that holds the fewest. While hosts that answer have work, hosts whose last attempt
/// ended without a response, or which have not been tried, hold at most half of the workers together, so that hosts
/// that hang never have all workers for longer than one attempt takes. If there is a single host, it gets every worker.
///
/// When the last clone is dropped, it waits until everything accepted has ended; the iterators hold a clone.
///
/// ```no_run
/// let client = haul::Client::new();
/// for outcome in client.as_completed(["https://example.com/1", "https://example.com/2"]) {
///     match outcome.into_result() {
///         Ok(response) => println!("{} {}", response.status(), response.text()),
///         Err(reason) => println!("{reason}"),
///     }
/// }
/// ```
#[derive(Clone)]
#[doc(alias = "Session")]
#[doc(alias = "ThreadPoolExecutor")]
pub struct Client {
    owner: Arc<WorkersOwner>,
    shape: BatchBounds,
    /// Batch of the requests that are waited for one by one.
    singles: Id,
    max_pending: usize,
}

/// Fate of the requests that a client has when it is [shut down](Client::shutdown).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shutdown {
    /// All accepted requests run to their end.
    Drain,
    /// Requests that have not started are cancelled; running requests run to their end.
    #[doc(alias = "cancel_futures")]
    CancelQueued,
    /// Requests that have not started are cancelled; running requests are aborted.
    Abort,
}

impl Default for Client {
    fn default() -> Self {
        Client::new()
    }
}

impl Client {
    /// Makes a client with every setting at its default; see [`ClientBuilder`].
    pub fn new() -> Client {
        ClientBuilder::default_client()
    }

    /// Starts a client with other settings.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    fn start(
        engine: Engine,
        clock: Clock,
        pool: WorkerSettings,
        schedule: Schedule<Box<crate::executor::Job>>,
        bounds: Bounds,
        max_pending: usize,
    ) -> Client {
        let workers = pool.workers;
        let engine = Arc::new(engine);
        let of_sources = SourceRequests::of(&engine);
        let work = Arc::new(AttemptWork {
            engine: Arc::clone(&engine),
            of_sources: of_sources.clone(),
        });
        let owner = WorkersOwner::new(executor::new(clock, work, pool, schedule), engine);
        let singles = Bounds {
            window: usize::MAX,
            max_parked: usize::MAX,
            bytes: i64::MAX as u64,
            max_delay: None,
            delivered: true,
            ordered: false,
        };
        let singles = owner.executor().open(singles, None);
        if let Some(of_sources) = of_sources {
            of_sources.open(owner.executor(), singles);
        }
        Client {
            owner,
            shape: BatchBounds {
                bounds,
                workers,
                processes: false,
            },
            singles,
            max_pending,
        }
    }

    /// Sends a GET request and waits for its outcome.
    ///
    /// ```no_run
    /// # let client = haul::Client::new();
    /// let outcome = client.get("https://example.com/");
    /// println!("{:?} after {} attempts", outcome.status(), outcome.attempts());
    /// ```
    pub fn get(&self, url: impl Into<String>) -> Outcome {
        self.send(Request::get(url))
    }

    /// Sends a request and waits for its outcome: same schedule, limits and retries as in a batch.
    ///
    /// Failures are in the outcome. The call may be made anywhere, also in a `process` closure on one of this client's
    /// own workers.
    pub fn send(&self, request: impl Into<Request>) -> Outcome {
        batch::send(&self.owner, self.singles, request.into())
    }

    /// Shows what the first attempt of a request would send, without sending it.
    ///
    /// All that a run checks before it connects is checked, including that the file of a
    /// [`body_file`](Request::body_file) can be read.
    ///
    /// No host name is looked up, [`before_attempt`](ClientBuilder::before_attempt) is not called, and the path that a
    /// body would be saved to is not looked at.
    ///
    /// ```
    /// let client = haul::Client::builder().base_url("http://example.com/api/").bearer("sesame").build()?;
    /// let preview = client.preview("items?page=2").unwrap();
    /// assert_eq!(preview.url(), "http://example.com/api/items?page=2");
    /// assert!(preview.headers().any(|header| header == ("authorization", "***")));
    /// # Ok::<(), haul::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// The error that its outcome would have if the request is not fit to be sent.
    #[doc(alias = "dry_run")]
    pub fn preview(&self, request: impl Into<Request>) -> Result<Preview, Error> {
        let engine = self.owner.engine();
        engine.preview(&request.into().under(&engine.defaults.redaction))
    }

    /// Hands in a request and returns a [`Handle`] for it.
    ///
    /// With the handle, a program can wait for its outcome, look at it, or cancel the request.
    ///
    /// # Errors
    /// When the client is shut down, or while as many requests wait as [`max_pending`](ClientBuilder::max_pending)
    /// allows; the request comes back in the error. The call never blocks.
    #[doc(alias = "Future")]
    pub fn submit(&self, request: impl Into<Request>) -> Result<Handle, Refused> {
        batch::submit(&self.owner, self.singles, request.into(), self.max_pending)
    }

    /// Takes no more requests, on any clone.
    ///
    /// [`Shutdown`] says what becomes of the accepted requests; `limit` bounds the wait for them, after which waiting
    /// requests are cancelled and running ones are aborted. Returns the requests that were never started; each also has
    /// its cancelled outcome. A second call does no harm. On one of the client's own workers the call does not wait.
    pub fn shutdown(&self, how: Shutdown, limit: Option<Duration>) -> Vec<Arc<Request>> {
        let executor = self.owner.executor();
        let until = limit.and_then(|limit| executor.now().checked_add(limit));
        let end = (how != Shutdown::Drain).then_some(EndReason::Cancelled);
        let mut never = executor.close(end.as_ref(), how == Shutdown::Abort);
        if !self.owner.join(until) && until.is_some() {
            never.extend(executor.close(Some(&EndReason::Cancelled), true));
            // Aborted requests end within moments; the caller's own code cannot be ended by the client.
            self.owner
                .join(Some(executor.now() + Duration::from_secs(1)));
        }
        never
    }

    /// True if the client takes no more requests: [`shutdown`](Client::shutdown) was called, on any clone.
    ///
    /// The waiting requests that it was to cancel are cancelled by then.
    ///
    /// ```
    /// let client = haul::Client::new();
    /// assert!(!client.is_shut_down());
    /// client.shutdown(haul::Shutdown::Drain, None);
    /// assert!(client.is_shut_down());
    /// ```
    #[doc(alias = "isShutdown")]
    pub fn is_shut_down(&self) -> bool {
        self.owner.executor().is_closing()
    }

    /// Runs a batch and returns its outcomes as they complete.
    ///
    /// The input is read as it is needed, on the thread that calls `next`; it may be infinite, and needs to be neither
    /// `Send` nor `'static`. Each request is on its way before the next is read. An outcome waits for a slow input only
    /// as long as one call of its `next` blocks: for input that blocks for long, see [`channel`](Client::channel).
    ///
    /// ```no_run
    /// # let client = haul::Client::new();
    /// let urls = (1..=1_000_000).map(|i| format!("https://example.com/items/{i}"));
    /// let failed = client.as_completed(urls).filter(|outcome| outcome.is_failed()).count();
    /// ```
    pub fn as_completed<R>(&self, requests: R) -> Outcomes<R::IntoIter>
    where
        R: IntoIterator,
        R::Item: Into<Request>,
    {
        Outcomes::new(
            &self.owner,
            requests.into_iter(),
            OutcomeOrder::Completed,
            self.shape,
            as_response,
        )
    }

    /// Runs a batch and returns its outcomes in the order of the input.
    ///
    /// Requests run as far ahead as the window allows, so the rate of the batch is at most the window divided by the
    /// time the slowest request takes.
    ///
    /// ```no_run
    /// # let client = haul::Client::new();
    /// let urls = ["https://example.com/1", "https://example.com/2"];
    /// for (url, outcome) in urls.iter().zip(client.map(urls)) {
    ///     println!("{url}: {:?}", outcome.status());
    /// }
    /// ```
    pub fn map<R>(&self, requests: R) -> Outcomes<R::IntoIter>
    where
        R: IntoIterator,
        R::Item: Into<Request>,
    {
        Outcomes::new(
            &self.owner,
            requests.into_iter(),
            OutcomeOrder::Input,
            self.shape,
            as_response,
        )
    }

    /// Runs a batch and writes every outcome to `sink`; returns the figures.
    ///
    /// ```no_run
    /// use haul::sink::{Failures, JsonLines};
    ///
    /// # let client = haul::Client::new();
    /// let urls = (1..=1_000).map(|i| format!("https://example.com/items/{i}"));
    /// let mut sinks = (JsonLines::create("run.jsonl")?, Failures::create("failures.jsonl")?);
    /// match client.run(urls, &mut sinks) {
    ///     Ok(summary) => println!("{summary}"),
    ///     Err(error) => println!("{error}, after {} outcomes", error.summary().total()),
    /// }
    /// # Ok::<(), haul::sink::SinkError>(())
    /// ```
    ///
    /// # Errors
    /// When the sink fails: the batch is ended as [`record_to`](Outcomes::record_to) says. The error has the figures so
    /// far.
    pub fn run<R, S>(&self, requests: R, sink: &mut S) -> Result<Summary, RunError>
    where
        R: IntoIterator,
        R::Item: Into<Request>,
        S: Sink + ?Sized,
    {
        sink::run(self.as_completed(requests), sink)
    }

    /// Opens a batch that other threads feed.
    ///
    /// Requests go into the [`Intake`], outcomes come out as they complete. The batch ends when the intake and all its
    /// clones are dropped.
    ///
    /// ```no_run
    /// # let client = haul::Client::new();
    /// let (intake, outcomes) = client.channel();
    /// std::thread::spawn(move || {
    ///     for line in std::io::stdin().lines().map_while(Result::ok) {
    ///         if intake.send(line).is_err() { break }
    ///     }
    /// });
    /// for outcome in outcomes { println!("{} {:?}", outcome.url(), outcome.status()) }
    /// ```
    ///
    /// A batch may feed itself with requests that its outcomes lead to. The thread that takes the outcomes must not
    /// wait for room that only it can make, so a request that finds the window full there comes back from
    /// [`send`](Intake::send), as [`Refusal::WouldDeadlock`](crate::batch::Refusal::WouldDeadlock), and from
    /// [`try_send`](Intake::try_send) on every thread; it is kept for later:
    ///
    /// ```no_run
    /// use std::collections::VecDeque;
    ///
    /// use haul::Request;
    ///
    /// # fn links(_: &haul::Outcome) -> Vec<Request> { Vec::new() }
    /// # let client = haul::Client::new();
    /// let (intake, mut outcomes) = client.channel();
    /// let mut waiting = VecDeque::from([Request::get("https://example.com/")]);
    /// let mut under_way = 0;
    /// loop {
    ///     while let Some(request) = waiting.pop_front() {
    ///         match intake.try_send(request) {
    ///             Ok(()) => under_way += 1,
    ///             Err(refused) => {
    ///                 waiting.push_front(refused.into_request());
    ///                 break;
    ///             }
    ///         }
    ///     }
    ///     if under_way == 0 { break }
    ///     let Some(outcome) = outcomes.next() else { break };
    ///     under_way -= 1;
    ///     waiting.extend(links(&outcome));
    /// }
    /// ```
    pub fn channel(&self) -> (Intake, Outcomes<std::iter::Empty<Request>>) {
        Outcomes::channel(
            &self.owner,
            OutcomeOrder::Completed,
            self.shape,
            as_response,
        )
    }

    /// Opens a batch like [`channel`](Client::channel), with its outcomes in input order.
    ///
    /// The order is that in which the requests were handed in. An outcome that is early waits for those before it;
    /// requests run ahead as far as the window allows.
    pub fn ordered_channel(&self) -> (Intake, Outcomes<std::iter::Empty<Request>>) {
        Outcomes::channel(&self.owner, OutcomeOrder::Input, self.shape, as_response)
    }

    /// Returns the header and query names whose values are masked in logs, errors and records.
    pub fn redaction(&self) -> &Redaction {
        &self.owner.engine().defaults.redaction
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("workers", &self.shape.workers)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
