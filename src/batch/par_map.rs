//! CPU work on outcomes, on rayon's threads: meanwhile the caller's thread feeds and the workers wait for sockets.

use std::any::Any;
use std::fmt;
use std::iter::FusedIterator;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Select, Sender, bounded};
use rayon::ThreadPool;
use serde_json::Value;

use crate::attempt::panicked;
use crate::executor::Executor;
use crate::outcome::Outcome;
use crate::request::Request;

use super::ending::End;
use super::outcomes::{NextOutcome, Outcomes, SharedTakings};
use super::receiving::ready_until;
use super::requests::Requests;

/// Error for an outcome whose closure of [`Outcomes::par_map`] panicked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{url}: {message}")]
pub struct Panicked {
    index: u64,
    request: Arc<Request>,
    url: String,
    message: String,
}

impl Panicked {
    /// Returns the request's position in the input, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Returns the request whose outcome the closure had.
    pub fn request(&self) -> &Arc<Request> {
        &self.request
    }

    /// Returns the request's URL, userinfo masked.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns `panicked: ` and the message of the panic.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Value that the closure of [`Outcomes::par_map`] returned, with the request of the outcome.
#[derive(Clone, Debug)]
pub struct Mapped<U> {
    value: U,
    origin: MappedRequest,
}

impl<U> Mapped<U> {
    /// Returns the value.
    pub fn value(&self) -> &U {
        &self.value
    }

    /// Returns the value, by value.
    pub fn into_value(self) -> U {
        self.value
    }

    /// Returns the request's position in the input, from 0.
    pub fn index(&self) -> u64 {
        self.origin.index
    }

    /// Returns the request.
    pub fn request(&self) -> &Arc<Request> {
        &self.origin.request
    }

    /// Returns the caller's own name for the request. `None`: it has none.
    pub fn id(&self) -> Option<&str> {
        self.origin.request.request_id()
    }

    /// Returns the value of the request's tag. `None`: it has no tag.
    pub fn tag(&self) -> Option<&Value> {
        self.origin.request.tag_value()
    }

    /// Returns the value of this type that was attached to the request. `None`: there is none.
    pub fn extension<V: Any + Send + Sync>(&self) -> Option<&V> {
        self.origin.request.extension_value()
    }

    /// Returns the request's URL, userinfo masked; a relative one resolved against the client's base URL.
    pub fn url(&self) -> String {
        self.origin.url()
    }
}

/// Request of an outcome that a closure took.
#[derive(Clone, Debug)]
struct MappedRequest {
    index: u64,
    request: Arc<Request>,
    /// URL as it was written, resolved against the base URL. `None`: it is absolute.
    written: Option<Arc<str>>,
}

impl MappedRequest {
    fn of<T>(outcome: &Outcome<T>) -> MappedRequest {
        MappedRequest {
            index: outcome.index(),
            request: Arc::clone(&outcome.request),
            written: outcome.report.rare().written.clone(),
        }
    }

    fn url(&self) -> String {
        let written = self.written.as_deref().unwrap_or(self.request.url());
        self.request.redaction().url(written)
    }
}

/// Iterator of [`Outcomes::par_map`] and [`Outcomes::par_map_in`].
#[must_use = "nothing is sent until it is asked"]
pub struct ParMap<I, T, U> {
    outcomes: Outcomes<I, T>,
    /// Pool that runs the closure. `None`: rayon's current pool.
    pool: Option<Arc<ThreadPool>>,
    work: Arc<ClosureWork<T, U>>,
    to_do: Sender<Outcome<T>>,
    done: Receiver<Result<Mapped<U>, Panicked>>,
    /// Number of outcomes handed to rayon whose results were not taken yet.
    under_way: usize,
    /// Upper bound for `under_way`.
    most: usize,
    /// True if there are no further outcomes. False: there may be some.
    over: bool,
}

/// State that rayon's threads share. None of its channels ever fills: their capacity is the upper bound for the
/// outcomes under way.
struct ClosureWork<T, U> {
    to_do: Receiver<Outcome<T>>,
    done: Sender<Result<Mapped<U>, Panicked>>,
    f: Box<dyn Fn(Outcome<T>) -> U + Send + Sync>,
    /// Record that the batch shares with its intakes, which the closure may use. `None`: the batch has an input.
    takings: Option<Arc<SharedTakings>>,
}

impl<T, U> ClosureWork<T, U> {
    /// Runs the closure on the outcome that has waited longest. Returns false if no outcome waits.
    fn do_one(&self) -> bool {
        let Ok(outcome) = self.to_do.try_recv() else {
            return false;
        };
        let origin = MappedRequest::of(&outcome);
        let result = catch_unwind(AssertUnwindSafe(|| match &self.takings {
            Some(takings) => takings.during(|| (self.f)(outcome)),
            None => (self.f)(outcome),
        }));
        let result = match result {
            Ok(value) => Ok(Mapped { value, origin }),
            Err(panic) => Err(Panicked {
                index: origin.index,
                url: origin.url(),
                request: origin.request,
                message: panicked(&*panic).message().to_owned(),
            }),
        };
        // The send fails if the iterator was dropped, in which case no result is wanted.
        let _ = self.done.send(result);
        true
    }
}

impl<I, T> Outcomes<I, T>
where
    T: Send + 'static,
{
    /// Runs `f` on each outcome on [rayon](https://docs.rs/rayon)'s global pool.
    ///
    /// Each returned value is given when it is there, with the request's index, id, tag and URL ([`Mapped`]). For work
    /// that is worth a core, such as parsing large bodies: the client's workers wait for sockets meanwhile, and the
    /// calling thread feeds them.
    ///
    /// Upper bound for the outcomes that are with `f` or whose results wait to be taken: twice the number of the pool's
    /// threads, plus two. A slow consumer thus stops `f`, and then the batch. A panic in `f` gives one [`Panicked`] in
    /// place of the value; all other results arrive.
    ///
    /// Works on any thread. On a thread of a rayon pool it uses that pool, and runs `f` itself on outcomes that no
    /// other thread has begun, rather than wait. Dropping the iterator half way ends the batch as dropping [`Outcomes`]
    /// does; calls of `f` that have begun run to their end.
    ///
    /// If the work is light, [`Client::process`](crate::Client::process) does it on the worker that received the
    /// response, without a hand-over.
    ///
    /// ```no_run
    /// # let client = haul::Client::new();
    /// let urls = (0..1000).map(|i| format!("https://example.com/large/{i}.json"));
    /// let lengths = client.as_completed(urls).par_map(|outcome| {
    ///     outcome.success().and_then(|response| response.value().ok()?.as_array().map(Vec::len))
    /// });
    /// for length in lengths {
    ///     match length {
    ///         Ok(length) => println!("{}: {:?}", length.url(), length.value()),
    ///         Err(panicked) => println!("{panicked}"),
    ///     }
    /// }
    /// ```
    pub fn par_map<U, F>(self, f: F) -> ParMap<I, T, U>
    where
        F: Fn(Outcome<T>) -> U + Send + Sync + 'static,
        U: Send + 'static,
    {
        ParMap::new(self, None, rayon::current_num_threads(), f)
    }

    /// Runs `f` as [`par_map`](Outcomes::par_map) does, but on the caller's pool.
    ///
    /// The pool is used whichever thread calls this method.
    ///
    /// ```no_run
    /// use std::sync::Arc;
    ///
    /// # let client = haul::Client::new();
    /// let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(2).build()?);
    /// let sizes = client
    ///     .as_completed(["https://example.com/1", "https://example.com/2"])
    ///     .par_map_in(&pool, |outcome| outcome.success().map(|response| response.bytes().len()));
    /// for size in sizes.flatten() { println!("{}: {:?}", size.index(), size.into_value()) }
    /// # Ok::<(), rayon::ThreadPoolBuildError>(())
    /// ```
    pub fn par_map_in<U, F>(self, pool: &Arc<ThreadPool>, f: F) -> ParMap<I, T, U>
    where
        F: Fn(Outcome<T>) -> U + Send + Sync + 'static,
        U: Send + 'static,
    {
        ParMap::new(self, Some(Arc::clone(pool)), pool.current_num_threads(), f)
    }
}

impl<I, T, U> ParMap<I, T, U> {
    fn new(
        outcomes: Outcomes<I, T>,
        pool: Option<Arc<ThreadPool>>,
        threads: usize,
        f: impl Fn(Outcome<T>) -> U + Send + Sync + 'static,
    ) -> ParMap<I, T, U> {
        let most = 2 * threads + 2;
        let (to_do, waiting) = bounded(most);
        let (finished, done) = bounded(most);
        let takings = outcomes.takings().cloned();
        ParMap {
            outcomes,
            pool,
            work: Arc::new(ClosureWork {
                to_do: waiting,
                done: finished,
                f: Box::new(f),
                takings,
            }),
            to_do,
            done,
            under_way: 0,
            most,
            over: false,
        }
    }

    /// Returns the reason why the batch ended. `None`: it has not ended. See [`Outcomes::end`].
    pub fn end(&self) -> Option<End> {
        self.outcomes.end()
    }

    /// Returns true if the calling thread is on the pool that runs the closure. Such a thread must not wait for work
    /// that waits for it.
    fn is_on_pool(&self) -> bool {
        match &self.pool {
            Some(pool) => pool.current_thread_index().is_some(),
            None => rayon::current_thread_index().is_some(),
        }
    }
}

impl<I, T, U> ParMap<I, T, U>
where
    I: Requests<T>,
    T: Send + 'static,
    U: Send + 'static,
{
    fn spawn(&self, outcome: Outcome<T>) {
        // There is room: no more than `most` are under way.
        let _ = self.to_do.send(outcome);
        let work = Arc::clone(&self.work);
        let run = move || {
            // The last thread to hold the closure drops it. That may run the caller's code, and rayon aborts the
            // process for a panic.
            let _ = catch_unwind(AssertUnwindSafe(move || {
                work.do_one();
            }));
        };
        match &self.pool {
            Some(pool) => pool.spawn(run),
            None => rayon::spawn(run),
        }
    }

    /// Waits for a result, while requests go on.
    fn wait(&mut self) {
        while self.done.is_empty() {
            let again = self.outcomes.keep_going();
            Executor::blocking(|| {
                let mut select = Select::new();
                select.recv(&self.done);
                let clock = self.outcomes.batch().executor().clock();
                ready_until(&mut select, clock.sleep_limit(again));
            });
        }
    }
}

impl<I, T, U> Iterator for ParMap<I, T, U>
where
    I: Requests<T>,
    T: Send + 'static,
    U: Send + 'static,
{
    type Item = Result<Mapped<U>, Panicked>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let full = self.under_way == self.most;
            if !self.over && !full {
                // An outcome that no thread has begun may wait for this very thread, which then waits for nothing.
                let executor = self.outcomes.batch().executor();
                let waits_here = self.is_on_pool() && !self.work.to_do.is_empty();
                let until = waits_here.then(|| executor.now());
                match self.outcomes.advance_beside(until, Some(&self.done)) {
                    NextOutcome::Outcome(outcome) => {
                        self.under_way += 1;
                        self.spawn(outcome);
                        continue;
                    }
                    NextOutcome::End => self.over = true,
                    NextOutcome::Late => {}
                }
            }
            if let Ok(result) = self.done.try_recv() {
                self.under_way -= 1;
                return Some(result);
            }
            if self.under_way == 0 && self.over {
                return None;
            }
            let done_here = self.is_on_pool() && self.work.do_one();
            if !done_here && (self.over || full) {
                self.wait();
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.outcomes.size_hint();
        (
            least.saturating_add(self.under_way),
            most.and_then(|most| most.checked_add(self.under_way)),
        )
    }
}

impl<I, T, U> FusedIterator for ParMap<I, T, U>
where
    I: Requests<T>,
    T: Send + 'static,
    U: Send + 'static,
{
}

impl<I, T, U> Drop for ParMap<I, T, U> {
    fn drop(&mut self) {
        // Outcomes that no thread has begun are dropped.
        while self.work.to_do.try_recv().is_ok() {}
    }
}

impl<I, T, U> fmt::Debug for ParMap<I, T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParMap")
            .field("outcomes", &self.outcomes)
            .field("under_way", &self.under_way)
            .finish_non_exhaustive()
    }
}
