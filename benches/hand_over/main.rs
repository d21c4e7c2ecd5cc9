//! Cost of handing over: from `submit` or an iterator to the outcome, on a transport that answers at once; the time to
//! start and to stop ten thousand workers; and the cost that all of this adds to requests over sockets.
//!
//! `cargo bench --features internals --bench hand_over -- [--rounds N] [--count N] [--workers N] [--only added]`
//!
//! `--only added` measures the cost that is added to requests over sockets and nothing else.
//!
//! Without cargo's `--bench`, as `cargo test --benches` runs it, the bench makes a few requests to check that it works.

use std::collections::VecDeque;
use std::iter;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use haul::batch::as_completed;
use haul::internals::empty_answer;
use haul::unversioned::{Call, ExchangeResult, Transport};
use haul::{Client, Handle};

mod bare;
#[path = "../support/mod.rs"]
mod support;

use support::AnyError;

const AT_ONCE: &str = "http://example.com/";
const HELD: &str = "http://example.com/held";
/// Number of handles that are out at once.
const HANDLES: usize = 1_000;

/// Makes a number of requests.
type Measure = fn(&Bench, usize);

fn main() -> Result<(), AnyError> {
    if support::is_server() {
        return bare::serve();
    }
    let plan = Plan::from_args(std::env::args().skip(1))?;
    // This comparison runs first: ten thousand threads leave an allocator behind that is slower than a new one.
    for at_once in [8, 64] {
        bare::compare(plan.rounds * 5, plan.count / 50, at_once)?;
    }
    if plan.only_added {
        return Ok(());
    }
    let measures: [(&str, Measure); 4] = [
        ("submit, then wait", Bench::submit_and_wait),
        ("submit, then as_completed", Bench::submit_and_as_completed),
        ("as_completed", Bench::as_completed),
        ("map", Bench::map),
    ];
    for (name, measure) in measures {
        let bench = Bench::new(8);
        measure(&bench, plan.count / 10);
        let rates: Vec<f64> = (0..plan.rounds)
            .map(|_| {
                let started = Instant::now();
                measure(&bench, plan.count);
                plan.count as f64 / started.elapsed().as_secs_f64()
            })
            .collect();
        show(name, "requests/s", rates);
    }
    let bench = Bench::new(8);
    let trips = plan.count / 10;
    let started = Instant::now();
    (0..trips).for_each(|_| drop(bench.submit(AT_ONCE).wait()));
    let trip = started.elapsed().as_secs_f64() / trips as f64;
    show("one at a time", "us", vec![trip * 1e6]);

    let (mut starts, mut stops) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let (start, stop) = Bench::new(plan.workers).start_and_stop();
        starts.push(start.as_secs_f64() * 1e3);
        stops.push(stop.as_secs_f64() * 1e3);
    }
    show(&format!("start {} workers", plan.workers), "ms", starts);
    show(&format!("stop {} workers", plan.workers), "ms", stops);
    Ok(())
}

fn show(name: &str, unit: &str, mut figures: Vec<f64>) {
    figures.sort_by(f64::total_cmp);
    let (least, most) = (figures[0], figures[figures.len() - 1]);
    let median = figures[figures.len() / 2];
    println!("{name:28} {median:12.1} {unit:10} ({least:.1}..{most:.1})");
}

struct Plan {
    rounds: usize,
    count: usize,
    workers: usize,
    /// True: no figures but those of requests over sockets.
    only_added: bool,
}

impl Plan {
    fn from_args(args: impl Iterator<Item = String>) -> Result<Plan, AnyError> {
        let args: Vec<String> = args.collect();
        if !args.iter().any(|arg| arg == "--bench") {
            // The other arguments are meant for other tests.
            return Ok(Plan {
                rounds: 1,
                count: 2_000,
                workers: 50,
                only_added: false,
            });
        }
        let mut plan = Plan {
            rounds: 5,
            count: 1_000_000,
            workers: 10_000,
            only_added: false,
        };
        let mut args = args.into_iter().filter(|arg| arg != "--bench");
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| format!("{name}: no value"))?;
            if (name.as_str(), value.as_str()) == ("--only", "added") {
                plan.only_added = true;
                continue;
            }
            let number: usize = value.parse().map_err(|e| format!("{name} {value}: {e}"))?;
            match (name.as_str(), number) {
                (_, 0) => return Err(format!("{name}: at least 1").into()),
                ("--rounds", rounds) => plan.rounds = rounds,
                ("--count", count) => plan.count = count,
                ("--workers", workers) => plan.workers = workers,
                _ => return Err(format!("{name}: not known").into()),
            }
        }
        Ok(plan)
    }
}

struct Bench {
    client: Client,
    workers: usize,
    gate: Arc<Gate>,
}

impl Bench {
    fn new(workers: usize) -> Bench {
        let gate = Arc::new(Gate::default());
        let transport = AnswersAtOnce(Arc::clone(&gate));
        let builder = Client::builder().workers(workers);
        let client = builder.transport(transport).build();
        Bench {
            client: client.expect("its settings are in order"),
            workers,
            gate,
        }
    }

    fn submit(&self, url: &str) -> Handle {
        self.client.submit(url).expect("it is open and has room")
    }

    /// Keeps up to `HANDLES` handles out, and waits for the oldest.
    fn submit_and_wait(&self, count: usize) {
        let mut out = VecDeque::with_capacity(HANDLES);
        for _ in 0..count {
            if out.len() == HANDLES {
                take(out.pop_front());
            }
            out.push_back(self.submit(AT_ONCE));
        }
        out.into_iter().for_each(|handle| take(Some(handle)));
    }

    /// Submits `HANDLES` requests and takes them as they end, then submits as many again.
    fn submit_and_as_completed(&self, count: usize) {
        for at in (0..count).step_by(HANDLES) {
            let handles: Vec<_> = (at..count.min(at + HANDLES))
                .map(|_| self.submit(AT_ONCE))
                .collect();
            as_completed(handles).for_each(|handle| take(Some(handle)));
        }
    }

    fn as_completed(&self, count: usize) {
        let outcomes = self.client.as_completed(iter::repeat_n(AT_ONCE, count));
        assert_eq!(
            outcomes.filter(|outcome| outcome.is_success()).count(),
            count
        );
    }

    fn map(&self, count: usize) {
        let outcomes = self.client.map(iter::repeat_n(AT_ONCE, count));
        assert_eq!(
            outcomes.filter(|outcome| outcome.is_success()).count(),
            count
        );
    }

    /// Returns the time until each worker runs a request, and the time until the idle workers have gone.
    fn start_and_stop(self) -> (Duration, Duration) {
        // A success marks the host as reachable; otherwise only a few requests would be sent to it at first.
        assert!(self.submit(AT_ONCE).wait().is_success());
        let started = Instant::now();
        let handles: Vec<Handle> = (0..self.workers).map(|_| self.submit(HELD)).collect();
        self.gate.wait_for(self.workers);
        let start = started.elapsed();
        self.gate.open();
        for handle in handles {
            assert!(handle.wait().is_success());
        }
        let started = Instant::now();
        drop(self);
        (start, started.elapsed())
    }
}

fn take(handle: Option<Handle>) {
    let outcome = handle.expect("it was put there").wait();
    assert!(outcome.is_success());
}

/// Answers at once, except requests that wait at the gate.
struct AnswersAtOnce(Arc<Gate>);

impl Transport for AnswersAtOnce {
    fn exchange(&self, call: &Call<'_>) -> ExchangeResult {
        call.connected();
        if call.path_and_query() != "/" {
            self.0.pass();
        }
        empty_answer()
    }
}

#[derive(Default)]
struct Gate {
    state: Mutex<(usize, bool)>,
    changed: Condvar,
    opened: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().expect("nobody panics at the gate");
        state.0 += 1;
        self.changed.notify_one();
        drop(self.opened.wait_while(state, |state| !state.1));
    }

    fn wait_for(&self, count: usize) {
        let state = self.state.lock().expect("nobody panics at the gate");
        drop(self.changed.wait_while(state, |state| state.0 < count));
    }

    fn open(&self) {
        self.state.lock().expect("nobody panics at the gate").1 = true;
        self.opened.notify_all();
    }
}
