//! A round: a client, eight threads, and the calls they make on it.

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use haul::batch::ReturnWhen;
use haul::{Client, Handle, Outcome, Request, RetryPolicy, Shutdown, Timeouts};
use test_support::{PATIENCE, Server};

/// Name prefix of the workers' threads. No other thread of the test process has it.
const WORKERS: &str = "round-worker";
const THREADS: u64 = 8;

/// Totals over all rounds, so that a test that does nothing is noticed.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    succeeded: u64,
    failed: u64,
    cancelled: u64,
    refused: u64,
    cancels: u64,
    timeouts: u64,
    left: u64,
    shutdowns: u64,
}

impl Totals {
    pub(crate) fn cover_everything(&self) {
        let all = [
            self.succeeded,
            self.failed,
            self.cancelled,
            self.refused,
            self.cancels,
            self.timeouts,
            self.left,
            self.shutdowns,
        ];
        assert!(all.iter().all(|count| *count >= 20), "{self:?}");
    }
}

pub(crate) struct Round<'a> {
    server: &'a Server,
    seed: u64,
    client: Client,
    /// All submitted requests, of every thread, each with the number of callbacks that told its end.
    submitted: Mutex<Vec<(Handle, Arc<AtomicUsize>)>>,
    refused: AtomicU64,
    cancels: AtomicU64,
    timeouts: AtomicU64,
    left: AtomicU64,
    shutdowns: AtomicU64,
}

/// Number of workers that are alive, of any client.
fn workers() -> usize {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return 0;
    };
    threads
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok())
        .filter(|name| name.starts_with(WORKERS))
        .count()
}

pub(crate) fn eventually(otherwise: &str, so: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < until, "{otherwise}");
        thread::park_timeout(Duration::from_micros(50));
    }
}

fn add(count: &AtomicU64, more: u64) {
    count.fetch_add(more, Ordering::Relaxed);
}

impl Round<'_> {
    pub(crate) fn new(server: &Server, seed: u64) -> Round<'_> {
        let mut rng = Rng::with_seed(seed);
        let retry = RetryPolicy::default()
            .max_attempts(rng.u32(1..3))
            .backoff(Duration::from_micros(200), Duration::from_millis(2));
        let mut builder = Client::builder()
            .workers(rng.usize(1..5))
            .window(rng.usize(1..12))
            .thread_name_prefix(WORKERS)
            .timeouts(Timeouts::new().attempt(Duration::from_millis(8)))
            .retry(retry);
        if rng.u8(0..3) == 0 {
            builder = builder.max_per_host(1);
        }
        if rng.u8(0..4) == 0 {
            builder = builder.max_pending(rng.usize(1..6));
        }
        Round {
            server,
            seed,
            client: builder.build().expect("settings within bounds"),
            submitted: Mutex::default(),
            refused: AtomicU64::default(),
            cancels: AtomicU64::default(),
            timeouts: AtomicU64::default(),
            left: AtomicU64::default(),
            shutdowns: AtomicU64::default(),
        }
    }

    /// Plays the round, and checks that all promises were kept.
    pub(crate) fn play(self, totals: &mut Totals) {
        thread::scope(|scope| {
            for number in 0..THREADS {
                let round = &self;
                let client = self.client.clone();
                scope.spawn(move || round.act(client, number));
            }
        });
        let Round {
            client, submitted, ..
        } = self;
        // A callback may hold another clone and drop it on a worker, where nothing waits for the workers' end.
        drop(client);
        let submitted = submitted
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let mut told_once = Vec::new();
        for (handle, told) in submitted {
            let outcome = handle.wait();
            eventually("an end was not told", || told.load(Ordering::SeqCst) > 0);
            told_once.push(told);
            totals.succeeded += u64::from(outcome.is_success());
            totals.cancelled += u64::from(outcome.is_cancelled());
            totals.failed += u64::from(outcome.is_failed() && !outcome.is_cancelled());
        }
        eventually("a worker outlived its client", || workers() == 0);
        for told in told_once {
            assert_eq!(told.load(Ordering::SeqCst), 1, "an end was told twice");
        }
        totals.refused += self.refused.into_inner();
        totals.cancels += self.cancels.into_inner();
        totals.timeouts += self.timeouts.into_inner();
        totals.left += self.left.into_inner();
        totals.shutdowns += self.shutdowns.into_inner();
    }

    fn act(&self, client: Client, number: u64) {
        let mut rng = Rng::with_seed(self.seed * THREADS + number);
        for _ in 0..rng.u32(1..3) {
            match rng.u32(0..40) {
                0..14 => self.submit(&client, &mut rng),
                14..19 => self.cancel(&mut rng),
                19..28 => self.wait(&mut rng),
                28..30 => self.wait_for_several(&mut rng),
                30..34 => self.iterate(&client, &mut rng),
                34..36 => self.channel(&client, &mut rng),
                36 => self.process(&client, &mut rng),
                37 => drop(client.send(self.request(&mut rng))),
                38 => drop(client.clone()),
                _ => self.shut_down(&client, &mut rng),
            }
        }
    }

    fn request(&self, rng: &mut Rng) -> Request {
        let path = match rng.u8(0..128) {
            0..104 => "/fast/1",
            104..120 => "/slow/1",
            120..123 => "/busy/1",
            123..127 => "/gone/1",
            _ => "/late/1",
        };
        match rng.u8(0..8) {
            0 => Request::get("not fit to be sent"),
            _ => Request::get(self.server.url(path)),
        }
    }

    fn submit(&self, client: &Client, rng: &mut Rng) {
        for _ in 0..rng.u32(1..4) {
            let Ok(handle) = client.submit(self.request(rng)) else {
                add(&self.refused, 1);
                continue;
            };
            let told = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&told);
            handle.on_done(move |_| {
                count.fetch_add(1, Ordering::SeqCst);
            });
            if rng.u8(0..8) == 0 {
                // A callback that waits for another request, on a worker that has others to do.
                let (client, request) = (client.clone(), self.request(rng));
                handle.on_done(move |_| drop(client.send(request)));
            }
            let mut submitted = self.submitted.lock().unwrap();
            submitted.push((handle, told));
        }
    }

    /// Returns any handle of the round. `None`: none was submitted yet.
    fn any(&self, rng: &mut Rng) -> Option<Handle> {
        let submitted = self.submitted.lock().unwrap();
        let at = rng.usize(0..submitted.len().max(1));
        submitted.get(at).map(|(handle, _)| handle.clone())
    }

    fn cancel(&self, rng: &mut Rng) {
        if let Some(handle) = self.any(rng) {
            let had_ended = handle.is_done();
            let won = handle.cancel();
            // A request that ended as cancelled stays so; a request that ended otherwise cannot be cancelled any more.
            assert!(!(had_ended && won) || handle.is_cancelled());
            add(&self.cancels, u64::from(won));
        }
    }

    fn wait(&self, rng: &mut Rng) {
        let Some(handle) = self.any(rng) else {
            return;
        };
        if rng.bool() {
            let outcome = handle.wait();
            assert!(Arc::ptr_eq(&outcome, &handle.wait()), "one outcome");
        } else {
            let limit = Duration::from_micros(rng.u64(0..2_000));
            add(
                &self.timeouts,
                u64::from(handle.wait_timeout(limit).is_err()),
            );
        }
    }

    fn wait_for_several(&self, rng: &mut Rng) {
        let handles: Vec<_> = (0..rng.usize(0..6)).filter_map(|_| self.any(rng)).collect();
        let limit = rng.bool().then(|| Duration::from_micros(rng.u64(0..2_000)));
        match rng.u8(0..4) {
            0 => {
                // This iteration is left half way.
                let completed = haul::batch::as_completed(handles);
                completed
                    .take(1)
                    .for_each(|handle| assert!(handle.is_done()));
            }
            1 => drop(haul::batch::wait(
                &handles,
                ReturnWhen::FirstCompleted,
                limit,
            )),
            2 => drop(haul::batch::wait(&handles, ReturnWhen::FirstFailed, limit)),
            _ => {
                let waited = haul::batch::wait(&handles, ReturnWhen::AllCompleted, limit);
                assert!(limit.is_some() || waited.not_done.is_empty());
            }
        }
    }

    fn iterate(&self, client: &Client, rng: &mut Rng) {
        let count = rng.usize(0..8);
        let requests: Vec<_> = (0..count).map(|_| self.request(rng)).collect();
        let outcomes = match rng.bool() {
            true => client.as_completed(requests),
            false => client.map(requests),
        };
        match rng.u8(0..6) {
            0..3 => self.once_each(outcomes, count),
            3 => {
                let taken = outcomes.take(rng.usize(0..4)).count();
                add(&self.left, u64::from(taken < count));
            }
            4 => {
                let given = outcomes.timeout(Duration::from_micros(rng.u64(0..4_000)));
                // Requests that were not read when the time was over are never read.
                let mut read = count;
                let given = given.filter_map(|given| given.map_err(|late| read = late.total).ok());
                let given: Vec<_> = given.collect();
                self.once_each(given.into_iter(), read);
            }
            _ => {
                let taken = rng.usize(0..8);
                let seen = outcomes.par_map(|outcome| outcome.index()).take(taken);
                let seen: HashSet<_> = seen.map(Result::unwrap).collect();
                assert!(seen.len() <= count);
            }
        }
    }

    /// Checks that each outcome comes once. A client that is shut down meanwhile reads no further input.
    fn once_each<T>(&self, outcomes: impl Iterator<Item = Outcome<T>>, count: usize) {
        let mut seen = HashSet::new();
        for outcome in outcomes {
            assert!(seen.insert(outcome.index()), "{outcome:?} came twice");
        }
        let shut_down = self.shutdowns.load(Ordering::SeqCst) > 0;
        assert!(
            seen.len() == count || shut_down,
            "{} of {count}",
            seen.len()
        );
    }

    fn channel(&self, client: &Client, rng: &mut Rng) {
        let (intake, outcomes) = client.channel();
        let requests: Vec<_> = (0..rng.usize(0..8)).map(|_| self.request(rng)).collect();
        let take = if rng.bool() {
            usize::MAX
        } else {
            rng.usize(0..4)
        };
        thread::scope(|scope| {
            let sent = scope.spawn(move || {
                let sent = requests.into_iter().map(|request| intake.send(request));
                sent.take_while(Result::is_ok).count()
            });
            let taken = outcomes.take(take).count();
            let sent = sent.join().unwrap();
            assert!(taken == sent || taken == take, "{taken} of {sent}");
        });
    }

    fn process(&self, client: &Client, rng: &mut Rng) {
        let count = rng.usize(0..6);
        let requests: Vec<_> = (0..count).map(|_| self.request(rng)).collect();
        let (inner, again) = (client.clone(), self.request(rng));
        let panics = rng.u8(0..3) == 0;
        let outcomes = client.process(requests, move |_| {
            if panics {
                // The panic hook is not called, so that stderr has no message for each.
                resume_unwind(Box::new("as the seed has it"));
            }
            Ok::<_, haul::Error>(inner.send(again.clone()).is_success())
        });
        self.once_each(outcomes, count);
    }

    fn shut_down(&self, client: &Client, rng: &mut Rng) {
        if rng.bool() {
            return;
        }
        let how = match rng.u8(0..3) {
            0 => Shutdown::Drain,
            1 => Shutdown::CancelQueued,
            _ => Shutdown::Abort,
        };
        let limit = rng.bool().then(|| Duration::from_micros(rng.u64(0..2_000)));
        // Counted before the shutdown: a thread that finds its input unread looks at this count.
        self.shutdowns.fetch_add(1, Ordering::SeqCst);
        drop(client.shutdown(how, limit));
        let late = client.submit(self.server.url("/fast/1"));
        assert!(late.is_err(), "it is shut down");
    }
}
