//! Threads of the workers: their number and names, the hook they run first, and their end with the client.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use haul::{Client, ErrorType, Layer, Outcome};
use test_support::{Answer, Gate, Server};

/// Names of this process's threads that begin with `prefix`.
#[cfg(target_os = "linux")]
fn threads(prefix: &str) -> Vec<String> {
    let threads = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let mut names: Vec<String> = threads
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok())
        .map(|name| name.trim_end().to_owned())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    names
}

#[test]
#[cfg(target_os = "linux")]
fn v28_three_requests_each_awaited_use_one_thread() {
    let server = Server::always(Answer::text(""));
    let builder = Client::builder().workers(8).thread_name_prefix("three");
    let client = builder.build().unwrap();
    for _ in 0..3 {
        client.submit(server.url("/")).unwrap().wait();
    }
    assert_eq!(threads("three-"), ["three-0"]);
}

#[test]
#[cfg(target_os = "linux")]
fn v29_threads_start_with_the_work() {
    let held = Gate::closed();
    let server = Server::always(Answer::text("").behind(&held));
    let builder = Client::builder().workers(8).thread_name_prefix("start");
    let client = builder.build().unwrap();
    assert_eq!(threads("start-").len(), 0);
    held.admit(1);
    client.submit(server.url("/")).unwrap().wait();
    assert_eq!(threads("start-").len(), 1);
    let handles: Vec<_> = (0..21)
        .map(|_| client.submit(server.url("/")).unwrap())
        .collect();
    held.wait_for(1 + 8);
    assert_eq!(threads("start-").len(), 8);
    held.open();
    assert_eq!(haul::batch::as_completed(handles).count(), 21);
    assert_eq!(threads("start-").len(), 8, "they are kept");
    drop(client);
    assert_eq!(threads("start-").len(), 0);
}

#[test]
#[cfg(target_os = "linux")]
fn v29_sixty_blocked_requests_use_four_threads() {
    let held = Gate::closed();
    let server = Server::always(Answer::text("").behind(&held));
    let builder = Client::builder().workers(4).thread_name_prefix("sixty");
    let client = builder.build().unwrap();
    held.admit(1);
    client.get(server.url("/known"));
    let handles: Vec<_> = (0..60)
        .map(|_| client.submit(server.url("/")).unwrap())
        .collect();
    held.wait_for(1 + 4);
    assert_eq!(threads("sixty-").len(), 4);
    held.open();
    assert_eq!(haul::batch::as_completed(handles).count(), 60);
    assert_eq!(threads("sixty-").len(), 4);
    assert_eq!(server.most_at_once(), 4);
}

#[test]
fn each_thread_has_the_stack_it_was_given() {
    /// Size that is more than a thread has by default.
    const LARGE: usize = 6 << 20;
    #[inline(never)]
    fn deep() -> usize {
        std::hint::black_box([1_u8; LARGE]).len()
    }
    let server = Server::always(Answer::text(""));
    let builder = Client::builder().workers(2).stack_size(4 * LARGE);
    let client = builder.build().unwrap();
    let used = client.process([server.url("/")], |_| Ok::<_, haul::Error>(deep()));
    assert!(used.map(|o| o.into_result().unwrap()).eq([LARGE]));
}

#[test]
fn v30_the_default_number_of_workers_is_that_of_python() {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let expected = (cores + 4).min(32);
    let held = Gate::closed();
    let server = Server::always(Answer::text("").behind(&held));
    let client = Client::new();
    held.admit(1);
    client.get(server.url("/known"));
    let handles: Vec<_> = (0..2 * expected)
        .map(|_| client.submit(server.url("/")).unwrap())
        .collect();
    held.wait_for(1 + expected);
    held.open();
    assert_eq!(haul::batch::as_completed(handles).count(), 2 * expected);
    assert_eq!(server.most_at_once(), expected);
}

#[test]
#[cfg(target_os = "linux")]
fn v37_the_names_of_threads_end_with_a_number() {
    let held = Gate::closed();
    let server = Server::always(Answer::text("").behind(&held));
    let builder = Client::builder()
        .workers(3)
        .thread_name_prefix("a-rather-long-one");
    let client = builder.build().unwrap();
    held.admit(1);
    client.get(server.url("/known"));
    let names = client.process((0..3).map(|_| server.url("/")), |_| {
        Ok::<_, haul::Error>(thread::current().name().unwrap().to_owned())
    });
    let names: Vec<_> = thread::scope(|scope| {
        scope.spawn(|| {
            held.wait_for(4);
            assert_eq!(threads("a-rather-long"), ["a-rather-long-o"; 3]);
            held.open();
        });
        names.map(|o| o.into_result().unwrap()).collect()
    });
    assert!(
        names
            .iter()
            .all(|name| (0..3).any(|n| *name == format!("a-rather-long-one-{n}"))),
        "{names:?}"
    );
}

#[test]
fn on_worker_start_runs_once_on_each_thread_before_its_first_request() {
    thread_local! {
        static READY: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    }
    let server = Server::always(Answer::text(""));
    let client = Client::builder()
        .workers(4)
        .on_worker_start(|| {
            READY.set(READY.get() + 1);
            Ok::<_, std::io::Error>(())
        })
        .build()
        .unwrap();
    let seen = client.process((0..200).map(|_| server.url("/")), |_| {
        Ok::<_, haul::Error>(READY.get())
    });
    assert!(seen.map(|o| o.into_result().unwrap()).eq([1; 200]));
    assert_eq!(READY.get(), 0);
}

#[track_caller]
fn no_worker<T>(outcome: &Outcome<T>, reason: &str) {
    let error = outcome.error().unwrap_or_else(|| panic!("{outcome:?}"));
    assert_eq!(
        (error.layer(), error.error_type()),
        (Layer::Local, ErrorType::Io)
    );
    let message = format!("no worker thread: on_worker_start: {reason}");
    assert_eq!(error.message(), message);
}

// The first request waits for a thread for 1.5 s. If each request did, the last one would be let through after 45 s.
#[test]
#[cfg(target_pointer_width = "64")]
fn requests_do_not_each_wait_for_a_thread_that_cannot_start() {
    let client = Client::builder().workers(1).stack_size(1 << 46);
    let client = client.build().unwrap();
    let begin = Instant::now();
    let outcomes = client.as_completed((0..30).map(|i| format!("http://127.0.0.1:9/{i}")));
    for outcome in outcomes {
        let error = outcome.error().unwrap_or_else(|| panic!("{outcome:?}"));
        assert_eq!(error.error_type(), ErrorType::Io, "{error}");
    }
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[test]
fn v36_every_request_fails_if_no_worker_can_start() {
    for panics in [false, true] {
        let client = Client::builder()
            .workers(4)
            .on_worker_start(move || {
                assert!(!panics, "no licence");
                Err("no licence")
            })
            .build()
            .unwrap();
        let reason = if panics {
            "panicked: no licence"
        } else {
            "no licence"
        };
        let handles: Vec<_> = (0..20)
            .map(|_| client.submit("http://127.0.0.1:9/").unwrap())
            .collect();
        for handle in haul::batch::as_completed(handles) {
            no_worker(&handle.wait(), reason);
        }
        no_worker(&client.get("http://127.0.0.1:9/"), reason);
        let urls = || vec!["http://127.0.0.1:9/"; 3000];
        for outcomes in [client.as_completed(urls()), client.map(urls())] {
            let mut count = 0;
            for outcome in outcomes {
                no_worker(&outcome, reason);
                count += 1;
            }
            assert_eq!(count, 3000);
        }
        let (intake, outcomes) = client.channel();
        let feeder = thread::spawn(move || {
            (0..3000).for_each(|_| intake.send("http://127.0.0.1:9/").unwrap());
        });
        assert_eq!(outcomes.count(), 3000);
        feeder.join().unwrap();
        let late = client.submit("http://127.0.0.1:9/").unwrap();
        assert!(late.is_done());
        client.shutdown(haul::Shutdown::Drain, None);
    }
}

#[test]
fn v36_a_second_worker_that_cannot_start_ends_pending_requests() {
    let held = Gate::closed();
    let server = Server::always(Answer::text("").behind(&held));
    let started = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&started);
    let client = Client::builder()
        .workers(3)
        .on_worker_start(move || match counted.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(()),
            _ => Err("only one"),
        })
        .build()
        .unwrap();
    let running = client.submit(server.url("/")).unwrap();
    let pending = client.submit(server.url("/")).unwrap();
    // A request runs on the first worker; the other request failed with the second worker.
    let first = haul::batch::as_completed([running.clone(), pending.clone()])
        .next()
        .unwrap();
    no_worker(&first.wait(), "only one");
    held.open();
    let both = [running, pending];
    assert_eq!(both.iter().filter(|h| h.wait().is_success()).count(), 1);
    no_worker(&client.get(server.url("/")), "only one");
    assert_eq!(started.load(Ordering::SeqCst), 2, "nobody tries again");
}

/// Variable with the way in which the process is to exit and the server's URL.
const URL: &str = "HAUL_TEST_URL";

fn exits(how: &str) {
    let held = Gate::closed();
    let server = Server::always(Answer::text("").behind(&held));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "threads::the_process_that_exits",
            "--test-threads=1",
        ])
        .env(URL, format!("{how} {}", server.url("/")))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // A process that leaks its client may exit before its first request is there.
    if how == "dropped" {
        held.wait_for(1);
        held.open();
    }
    let until = Instant::now() + Duration::from_secs(30);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > until {
            child.kill().unwrap();
            panic!("it hangs");
        }
        thread::yield_now();
    };
    held.open();
    assert!(status.success());
    let expected = if how == "dropped" { 5 } else { 2 };
    let sent = server.requests();
    assert!(sent <= expected && (how == "leaked" || sent == 5), "{sent}");
}

#[test]
fn v42_a_dropped_client_ends_its_work_before_the_process_exits() {
    exits("dropped");
}

#[test]
fn v42_a_leaked_client_does_not_keep_the_process() {
    exits("leaked");
}

/// Runs in the process of the tests above. Without the variable, in an ordinary test run, it does nothing.
#[test]
fn the_process_that_exits() {
    let Ok(told) = std::env::var(URL) else { return };
    let (how, url) = told.split_once(' ').unwrap();
    let client = Client::builder().workers(2).build().unwrap();
    let handles: Vec<_> = (0..5).map(|_| client.submit(url).unwrap()).collect();
    if how == "dropped" {
        drop(client);
        assert!(handles.iter().all(|handle| handle.wait().is_success()));
    } else {
        std::mem::forget(client);
        // The process exits only when a request is under way.
        while !handles.iter().any(haul::Handle::is_running) {
            thread::yield_now();
        }
    }
}
