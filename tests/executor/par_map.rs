//! CPU work on outcomes: bounded, complete although closures panic, and never a wait for itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use haul::batch::{End, ParMap};
use haul::{Client, Outcome};
use rayon::iter::{ParallelBridge, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};
use test_support::{Gate, PATIENCE, Server, client, server};

fn pool(threads: usize) -> Arc<ThreadPool> {
    let builder = ThreadPoolBuilder::new().num_threads(threads);
    Arc::new(builder.build().unwrap())
}

fn paths(server: &Server, count: usize) -> Vec<String> {
    (0..count).map(|i| server.url(&format!("/{i}"))).collect()
}

/// A door that holds closures until it is opened, and counts the closures that came.
#[derive(Clone, Default)]
struct Door(Arc<(Mutex<(bool, usize)>, Condvar)>);

impl Door {
    fn pass(&self) {
        let mut state = self.0.0.lock().unwrap();
        state.1 += 1;
        self.0.1.notify_all();
        while !state.0 {
            state = self.0.1.wait_timeout(state, PATIENCE).unwrap().0;
        }
    }

    fn came(&self) -> usize {
        self.0.0.lock().unwrap().1
    }

    fn wait_for(&self, count: usize) {
        let until = Instant::now() + PATIENCE;
        let mut state = self.0.0.lock().unwrap();
        while state.1 < count {
            assert!(Instant::now() < until, "{} of {count} came", state.1);
            state = self.0.1.wait_timeout(state, PATIENCE).unwrap().0;
        }
    }

    fn open(&self) {
        self.0.0.lock().unwrap().0 = true;
        self.0.1.notify_all();
    }
}

fn sorted(mut indices: Vec<u64>) -> Vec<u64> {
    indices.sort_unstable();
    indices
}

#[test]
fn every_outcome_goes_through_the_closure_once_on_the_pool_s_threads() {
    let server = server(&Gate::closed());
    let client = client(8);
    for pool in [None, Some(pool(2))] {
        let caller = thread::current().id();
        let index = move |outcome: Outcome| {
            assert!(thread::current().id() != caller && rayon::current_thread_index().is_some());
            outcome.index()
        };
        let outcomes = client.as_completed(paths(&server, 300));
        let mut seen = match &pool {
            None => outcomes.par_map(index),
            Some(pool) => outcomes.par_map_in(pool, index),
        };
        assert_eq!(seen.size_hint(), (300, Some(300)));
        let indices: Result<Vec<u64>, _> = seen.by_ref().collect();
        assert!(sorted(indices.unwrap()).into_iter().eq(0..300));
        assert_eq!(seen.end(), Some(End::Completed));
        assert_eq!(
            (seen.size_hint(), seen.next().is_none()),
            ((0, Some(0)), true)
        );
    }
}

#[test]
fn a_result_does_not_wait_for_earlier_ones() {
    let held = Gate::closed();
    let server = server(&held);
    let client = client(4);
    let door = Door::default();
    let inside = door.clone();
    // The first request in the input is never answered before the end; the second computes until then.
    let urls = ["/held/0", "/slow", "/2", "/3"].map(|path| server.url(path));
    let mut seen = client
        .as_completed(urls)
        .par_map_in(&pool(2), move |outcome| {
            if outcome.url().ends_with("/slow") {
                inside.pass();
            }
            outcome.index()
        });
    let mut next = || seen.next().unwrap().unwrap();
    assert_eq!(sorted(vec![next(), next()]), [2, 3]);
    door.open();
    assert_eq!(next(), 1);
    held.open();
    assert_eq!(next(), 0);
}

#[test]
fn a_panic_is_the_result_of_its_request_alone() {
    let server = server(&Gate::closed());
    let client = Client::builder()
        .workers(4)
        .base_url(server.url("/"))
        .build()
        .unwrap();
    let seen = client
        .as_completed((0..100).map(|i| format!("/{i}")))
        .par_map_in(&pool(2), |outcome| {
            assert!(outcome.index() % 10 != 7, "no sevens");
            outcome.index()
        });
    let (fine, panicked): (Vec<_>, Vec<_>) = seen.partition(Result::is_ok);
    assert_eq!((fine.len(), panicked.len()), (90, 10));
    for panicked in panicked.into_iter().map(Result::unwrap_err) {
        assert_eq!(panicked.index() % 10, 7);
        assert_eq!(panicked.message(), "panicked: no sevens");
        let url = server.url(panicked.request().url());
        assert_eq!(panicked.to_string(), format!("{url}: panicked: no sevens"));
        assert_eq!(panicked.url(), url);
    }
}

#[test]
fn a_slow_consumer_stops_par_map_and_its_batch() {
    let server = server(&Gate::closed());
    let client = Client::builder().workers(4).window(5).build().unwrap();
    let begun = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&begun);
    let threads = 2;
    let mut seen =
        client
            .as_completed(paths(&server, 120))
            .par_map_in(&pool(threads), move |outcome| {
                count.fetch_add(1, Ordering::SeqCst);
                outcome.index()
            });
    for taken in 0..120 {
        for _ in 0..50 {
            thread::yield_now();
        }
        let most = taken + 2 * threads + 2;
        assert!(begun.load(Ordering::SeqCst) <= most);
        assert!(server.requests() <= most + 5);
        assert!(seen.next().is_some());
    }
    assert!(seen.next().is_none());
}

#[test]
fn requests_go_on_while_every_thread_of_the_pool_computes() {
    let server = server(&Gate::closed());
    let client = Client::builder().workers(4).window(64).build().unwrap();
    let door = Door::default();
    let inside = door.clone();
    let pool = pool(1);
    let urls = paths(&server, 200);
    thread::scope(|scope| {
        let seen = client.as_completed(urls).par_map_in(&pool, move |outcome| {
            inside.pass();
            outcome.index()
        });
        let counted = scope.spawn(move || seen.count());
        door.wait_for(1);
        // The requests that fit in the window and in the pool's bound are sent with nothing computed and nothing taken.
        server.wait_for_requests(64 + 2 + 2);
        assert_eq!(door.came(), 1);
        door.open();
        assert_eq!(counted.join().unwrap(), 200);
    });
}

#[test]
fn a_deadline_of_the_batch_passes_while_everything_computes() {
    let server = server(&Gate::closed());
    let client = client(1);
    let door = Door::default();
    let inside = door.clone();
    let paths = (0..50).map(|i| server.url(if i < 4 { "/now" } else { "/held/1" }));
    let outcomes = client
        .as_completed(paths)
        .deadline(Duration::from_millis(1500));
    let mut seen = outcomes.par_map_in(&pool(1), move |outcome| {
        if outcome.is_success() {
            inside.pass();
        }
        outcome.is_success()
    });
    thread::scope(|scope| {
        let counted = scope.spawn(|| {
            seen.by_ref()
                .filter(|seen| !*seen.as_ref().unwrap())
                .count()
        });
        door.wait_for(1);
        server.wait_for_requests(5);
        thread::park_timeout(Duration::from_millis(1600));
        door.open();
        assert!(counted.join().unwrap() >= 46);
    });
    assert_eq!(seen.end(), Some(End::Deadline));
}

#[test]
fn par_map_on_a_thread_of_its_pool_computes_by_itself() {
    let server = server(&Gate::closed());
    let client = client(4);
    let urls = paths(&server, 200);
    // The pool has one thread, so all work that the caller does not do is never done.
    let one = pool(1);
    let count = one.install(|| {
        let outcomes = client.as_completed(urls.clone());
        let seen = outcomes.par_map(|outcome| outcome.index());
        sorted(seen.map(Result::unwrap).collect())
    });
    assert!(count.into_iter().eq(0..200));
    let count = one.install(|| {
        let outcomes = client.as_completed(urls.clone());
        outcomes.par_map_in(&one, |outcome| outcome.index()).count()
    });
    assert_eq!(count, 200);
    // The iteration begins elsewhere and ends on the pool itself, whose only thread has not got round to it.
    let outcomes = client.as_completed(urls);
    let mut seen = outcomes.par_map_in(&one, |outcome| outcome.index());
    assert!(seen.next().is_some());
    assert_eq!(one.install(move || seen.par_bridge().count()), 199);
}

#[test]
fn the_work_of_one_batch_may_run_another() {
    let server = server(&Gate::closed());
    let client = client(2);
    let pool = pool(2);
    let (again, inner_pool) = (client.clone(), Arc::clone(&pool));
    let urls = paths(&server, 5);
    let outcomes = client.as_completed(paths(&server, 20));
    let seen = outcomes.par_map_in(&pool, move |_| {
        let inner = again.as_completed(urls.clone());
        inner
            .par_map_in(&inner_pool, |outcome| outcome.is_success())
            .count()
    });
    assert_eq!(seen.map(Result::unwrap).sum::<usize>(), 100);
}

#[test]
fn par_map_on_a_worker_lets_another_worker_run() {
    let server = server(&Gate::closed());
    let client = client(1);
    let inner = client.clone();
    let urls = paths(&server, 5);
    let outer = client.process(paths(&server, 2), move |_| {
        let outcomes = inner.as_completed(urls.clone());
        Ok::<_, haul::Error>(outcomes.par_map(|outcome| outcome.is_success()).count())
    });
    let counts: Vec<_> = outer
        .map(|outcome| outcome.into_result().unwrap())
        .collect();
    assert_eq!(counts, [5, 5]);
}

#[test]
fn leaving_par_map_half_way_ends_the_batch() {
    let server = server(&Gate::closed());
    let client = client(2);
    let alive = Arc::new(());
    for threads in [1, 3] {
        let pool = pool(threads);
        for taken in [0, 1, 20] {
            let input = (0..).map(|i| server.url(&format!("/{i}")));
            let kept = Arc::clone(&alive);
            let outcomes = client.as_completed(input);
            let mut seen = outcomes.par_map_in(&pool, move |outcome| {
                let _kept = &kept;
                outcome.index()
            });
            assert_eq!(seen.by_ref().take(taken).count(), taken);
            drop(seen);
            assert!(client.get(server.url("/after")).is_success());
        }
    }
    let until = Instant::now() + PATIENCE;
    while Arc::strong_count(&alive) > 1 {
        assert!(Instant::now() < until, "a closure is kept");
        thread::yield_now();
    }
}

#[test]
fn leaving_par_map_does_not_wait_for_a_long_closure() {
    let server = server(&Gate::closed());
    let client = client(2);
    let door = Door::default();
    let inside = door.clone();
    let pool = pool(2);
    let outcomes = client.as_completed(paths(&server, 50));
    let mut seen = outcomes.par_map_in(&pool, move |outcome| {
        if outcome.index() == 3 {
            inside.pass();
        }
    });
    assert!(seen.next().is_some());
    drop(seen);
    drop(client);
    door.open();
}

#[test]
fn outcomes_are_send_if_their_input_is() {
    fn send<T: Send>(_: &T) {}
    let client = client(1);
    let outcomes = client.as_completed(Vec::<String>::new());
    send(&outcomes);
    let seen: ParMap<_, _, u64> = outcomes.par_map(|outcome| outcome.index());
    send(&seen);
    // The iterator can be bridged on the pool that does the work, too.
    let server = server(&Gate::closed());
    let outcomes = client.as_completed(paths(&server, 100));
    let sum: u64 = outcomes
        .par_map(|outcome| outcome.index())
        .par_bridge()
        .map(Result::unwrap)
        .sum();
    assert_eq!(sum, 4950);
}
