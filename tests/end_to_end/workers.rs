//! Threads: their number and names, and waits inside them, which never wait for themselves.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use haul::{Client, Outcome, Response};
use test_support::{Answer, Gate, Scenario, Server, builder, client, quick_retries};

use super::indices;

const PATIENCE: Duration = Duration::from_secs(30);

/// Names of this process's threads that begin with `prefix`.
#[cfg(target_os = "linux")]
fn threads(prefix: &str) -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let mut names: Vec<String> = tasks
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok())
        .map(|name| name.trim_end().to_owned())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    names
}

/// Returns when at most this many threads have names that begin with `prefix`: the system lists a thread for a moment
/// longer than it runs.
#[cfg(target_os = "linux")]
#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "the test waits for the system's list, not for a worker"
)]
fn wait_for_threads(prefix: &str, most: usize) {
    let until = std::time::Instant::now() + PATIENCE;
    while threads(prefix).len() > most {
        assert!(std::time::Instant::now() < until, "{:?}", threads(prefix));
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn threads_start_on_demand_up_to_the_workers() {
    let held = Gate::closed();
    let server = Scenario::new()
        .on("/held", Answer::text("").behind(&held))
        .on("/*", Answer::text(""))
        .start();
    let client = builder(8).thread_name_prefix("demand").build().unwrap();
    assert_eq!(threads("demand-"), [""; 0]);
    client.get(server.url("/1"));
    assert_eq!(threads("demand-"), ["demand-0"]);
    let mut outcomes = client.as_completed((0..21).map(|_| server.url("/held")));
    thread::scope(|scope| {
        scope.spawn(|| {
            held.wait_for(8);
            let names: Vec<_> = (0..8).map(|i| format!("demand-{i}")).collect();
            assert_eq!(threads("demand-"), names);
            held.open();
        });
        assert_eq!(outcomes.by_ref().count(), 21);
    });
    drop((client, outcomes));
    wait_for_threads("demand-", 0);
}

#[test]
#[cfg(target_os = "linux")]
fn sixty_held_requests_use_four_threads() {
    let held = Gate::closed();
    let server = Server::always(Answer::text("").behind(&held));
    let client = builder(4).thread_name_prefix("sixty").build().unwrap();
    let outcomes = client.as_completed((0..60).map(|_| server.url("/")));
    thread::scope(|scope| {
        scope.spawn(|| {
            held.wait_for(4);
            assert_eq!(threads("sixty-").len(), 4);
            held.open();
        });
        assert_eq!(outcomes.count(), 60);
    });
    assert_eq!(server.most_at_once(), 4);
}

#[test]
#[cfg(target_os = "linux")]
fn requests_awaited_one_by_one_use_one_thread() {
    let server = Server::always(Answer::text(""));
    let client = builder(8).thread_name_prefix("one-by-one").build().unwrap();
    for _ in 0..300 {
        client.get(server.url("/"));
    }
    assert_eq!(threads("one-by-one-"), ["one-by-one-0"]);
    assert_eq!(server.connections(), 1);
}

#[test]
fn threads_are_called_haul_unless_told_otherwise() {
    let server = Server::always(Answer::text(""));
    let client = client(1);
    let mut names = client.process([server.url("/")], |_| {
        Ok::<_, haul::Error>(thread::current().name().map(str::to_owned))
    });
    let name = names.next().unwrap().into_result().unwrap();
    assert_eq!(name.as_deref(), Some("haul-0"));
}

#[test]
fn a_closure_sees_the_request_it_works_for() {
    let server = Server::start(|seen| Answer::text(seen.path()));
    let client = builder(4).base_url(server.url("/")).build().unwrap();
    let requests = (0..20).map(|i| {
        let request = haul::Request::get(format!("item/{i}")).id(format!("id-{i}"));
        request.tag(serde_json::json!({ "n": i }))
    });
    let seen = client.process_with(requests, |context, response| {
        let n = context.index();
        assert_eq!(context.id(), Some(format!("id-{n}").as_str()));
        assert_eq!(context.tag(), Some(&serde_json::json!({ "n": n })));
        assert_eq!(context.request().url(), format!("item/{n}"));
        assert!(context.url().starts_with("http://") && context.url().ends_with(&*response.text()));
        assert_eq!(context.attempts(), 1);
        Ok::<_, haul::Error>(n)
    });
    for outcome in seen {
        assert_eq!(
            outcome.success(),
            Some(&outcome.index()),
            "{:?}",
            outcome.error()
        );
    }
}

#[test]
fn v34_a_closure_may_send_and_wait_although_it_runs_on_the_only_worker() {
    let server = Server::start(|seen| Answer::text(seen.path()));
    let client = client(1);
    let inner = client.clone();
    let base = server.url("");
    let outcomes = client.process(
        (0..50).map(|i| server.url(&format!("/{i}"))),
        move |response| {
            let path = response.text();
            let outcome = inner.get(format!("{base}/inner{path}"));
            outcome
                .into_result()
                .map(|response| response.text().into_owned())
        },
    );
    let mut paths: Vec<String> = outcomes.map(|o| o.into_result().unwrap()).collect();
    paths.sort();
    let mut expected: Vec<_> = (0..50).map(|i| format!("/inner/{i}")).collect();
    expected.sort();
    assert_eq!(paths, expected);
    assert!(server.most_at_once() <= 1);
}

#[test]
fn v34_a_closure_may_run_a_whole_batch_while_all_workers_do() {
    let server = Server::always(Answer::text(""));
    let client = client(3);
    let inner = client.clone();
    let base = server.url("");
    let outcomes = client.process(
        (0..9).map(|i| server.url(&format!("/{i}"))),
        move |_: &Response| {
            let urls: Vec<_> = (0..7).map(|i| format!("{base}/inner/{i}")).collect();
            let done = inner
                .as_completed(&urls)
                .filter(Outcome::is_success)
                .count();
            let ordered = inner.map(&urls).filter(Outcome::is_success).count();
            Ok::<_, haul::Error>(done + ordered)
        },
    );
    let counts: Vec<usize> = outcomes.map(|o| o.into_result().unwrap()).collect();
    assert_eq!(counts, [14; 9]);
    assert_eq!(server.requests(), 9 + 9 * 14);
    assert!(server.most_at_once() <= 3);
}

// Closures on large bodies take turns at the cores, and while many of them wait for a turn fewer requests are under
// way.
#[test]
fn closures_on_large_bodies_that_wait_for_each_other_all_come_to_run() {
    let large = "x".repeat(64 * 1024);
    let server = Server::start(move |_| Answer::text(large.as_str()));
    let workers = thread::available_parallelism().map_or(1, usize::from) + 4;
    let client = client(workers);
    let (begun, together) = (AtomicUsize::new(0), Barrier::new(workers));
    let outcomes = client.process(
        (0..20 * workers).map(|i| server.url(&format!("/{i}"))),
        move |_: &Response| {
            if begun.fetch_add(1, Ordering::SeqCst) < 19 * workers {
                let until = Instant::now() + Duration::from_millis(1);
                while Instant::now() < until {}
            } else {
                together.wait();
            }
            Ok::<_, haul::Error>(())
        },
    );
    assert_eq!(outcomes.filter(Outcome::is_success).count(), 20 * workers);
}

#[test]
#[cfg(target_os = "linux")]
fn threads_that_stood_in_for_waiting_ones_go_again() {
    let server = Server::always(Answer::text(""));
    let client = builder(2).thread_name_prefix("stand-in").build().unwrap();
    let inner = client.clone();
    let url = server.url("/");
    let outcomes = client.process((0..200).map(|_| server.url("/")), move |_: &Response| {
        inner.get(url.as_str()).into_result().map(drop)
    });
    assert_eq!(outcomes.filter(Outcome::is_success).count(), 200);
    // Another thread may stand in until it is needed again.
    for _ in 0..20 {
        client.get(server.url("/"));
    }
    wait_for_threads("stand-in-", 4);
}

#[test]
fn a_predicate_may_send_too() {
    let server = Server::start(|seen| Answer::text(seen.path()));
    let asked = Arc::new(Mutex::new(None::<Client>));
    let own = Arc::clone(&asked);
    let url = server.url("/allowed");
    let client = builder(1)
        .reject_if(move |response| {
            if response.text() != "/" {
                return None;
            }
            let client = own.lock().unwrap().clone()?;
            let allowed = client.get(url.as_str()).is_success();
            (!allowed).then(|| haul::Rejection::new(1, "not allowed"))
        })
        .build()
        .unwrap();
    *asked.lock().unwrap() = Some(client.clone());
    assert!(client.get(server.url("/")).is_success());
    assert_eq!(server.paths(), ["/", "/allowed"]);
    // A client that its own settings hold would never be dropped.
    asked.lock().unwrap().take();
}

#[test]
fn a_predicate_and_a_classifying_hook_hold_no_permit() {
    let server = Arc::new(Server::always(Answer::text("")));
    let (seen_by_predicate, seen_by_hook) = (Arc::clone(&server), Arc::clone(&server));
    let policy = quick_retries().classify(move |finding| {
        if finding.url.ends_with("/c") {
            seen_by_hook.wait_for_requests_to("/d", 1);
        }
        None
    });
    let client = builder(2)
        .max_per_host(1)
        .retry(policy)
        .reject_if(move |response| {
            if response.final_url().path() == "/a" {
                seen_by_predicate.wait_for_requests_to("/b", 1);
            }
            None
        })
        .build()
        .unwrap();
    for pair in [["/a", "/b"], ["/c", "/d"]] {
        let outcomes = client.as_completed(pair.map(|path| server.url(path)));
        assert!(outcomes.into_iter().all(|outcome| outcome.is_success()));
    }
    assert_eq!(server.most_at_once(), 1);
}

#[test]
fn v35_the_last_clone_may_be_dropped_on_a_worker() {
    let server = Server::always(Answer::text(""));
    for _ in 0..20 {
        let (dropped, was_dropped) = mpsc::channel();
        let client = client(2);
        let last = Mutex::new(Some(client.clone()));
        let mut outcomes = client.process([server.url("/")], move |_: &Response| {
            let last = last.lock().unwrap().take();
            drop(last);
            dropped.send(()).unwrap();
            Ok::<_, haul::Error>(())
        });
        drop(client);
        assert!(outcomes.next().unwrap().is_success());
        assert_eq!(was_dropped.recv_timeout(PATIENCE), Ok(()));
    }
}

#[test]
fn a_client_that_only_a_closure_holds_goes_on_the_worker_that_drops_the_closure() {
    struct Gone(mpsc::Sender<()>);
    impl Drop for Gone {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let server = Server::always(Answer::text(""));
    for _ in 0..50 {
        let (to, gone) = mpsc::channel();
        let client = client(1);
        let held = (client.clone(), Gone(to));
        let mut outcomes = client.process([server.url("/")], move |_: &Response| {
            let _ = &held;
            Ok::<_, haul::Error>(())
        });
        drop(client);
        assert!(outcomes.next().is_some());
        drop(outcomes);
        assert_eq!(gone.recv_timeout(PATIENCE), Ok(()));
    }
}

#[test]
fn a_client_dropped_while_work_is_queued_waits_for_it() {
    let held = Gate::closed();
    let server = Scenario::new()
        .on(
            "/flaky/*",
            Answer::status(503).times(1).then(Answer::text("")),
        )
        .on("/*", Answer::text("").behind(&held))
        .start();
    let client = builder(2).retry(quick_retries()).build().unwrap();
    let done = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..12)
        .map(|i| {
            let (client, done) = (client.clone(), Arc::clone(&done));
            let url = match i % 2 {
                0 => server.url(&format!("/flaky/{i}")),
                _ => server.url(&format!("/{i}")),
            };
            thread::spawn(move || {
                assert!(client.get(url).is_success());
                // The last of these threads drops the last clone.
                drop(client);
                done.fetch_add(1, Ordering::SeqCst);
            })
        })
        .collect();
    drop(client);
    held.open();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(done.load(Ordering::SeqCst), 12);
}

#[test]
fn outcomes_outlive_the_client_they_came_from() {
    let server = Server::always(Answer::text(""));
    let client = client(3);
    let mut outcomes = client.as_completed((0..100).map(|_| server.url("/")));
    let first = outcomes.next().unwrap();
    drop(client);
    let mut rest: Vec<_> = outcomes.collect();
    rest.push(first);
    assert_eq!(indices(&rest), (0..100).collect::<Vec<_>>());
}

#[test]
fn two_clients_may_call_each_other_from_their_workers() {
    let server = Server::always(Answer::text(""));
    let (one, two) = (client(1), client(1));
    let (inner_one, inner_two) = (one.clone(), two.clone());
    let url = server.url("/");
    let outcomes = one.process((0..20).map(|_| server.url("/")), move |_: &Response| {
        let (inner_one, url) = (inner_one.clone(), url.clone());
        let nested = inner_two.process([url.clone()], move |_: &Response| {
            inner_one.get(url.as_str()).into_result().map(drop)
        });
        Ok::<_, haul::Error>(nested.filter(Outcome::is_success).count())
    });
    assert!(outcomes.map(|o| o.into_result().unwrap()).eq([1; 20]));
}

#[test]
fn numbers_in_names_are_used_again() {
    let server = Server::always(Answer::text(""));
    let client = client(3);
    let mut seen = HashSet::new();
    for _ in 0..20 {
        let names = client.process((0..6).map(|_| server.url("/")), |_| {
            Ok::<_, haul::Error>(thread::current().name().unwrap_or_default().to_owned())
        });
        seen.extend(names.map(|o| o.into_result().unwrap()));
    }
    assert!(seen.len() <= 3, "{seen:?}");
}
