//! Signals INT and TERM.

use rustix::process::Signal;
use test_support::{Answer, Gate, Scenario, Server};

use super::command::{Folder, haul};

struct Held {
    server: Server,
    gate: Gate,
    folder: Folder,
}

/// Ten requests, two at a time, none of which is answered yet.
fn held() -> Held {
    let gate = Gate::closed();
    let server = Server::always(Answer::text("").behind(&gate));
    let folder = Folder::new();
    let urls: String = (0..10)
        .map(|i| server.url(&format!("/{i}")) + "\n")
        .collect();
    folder.file("urls.txt", urls);
    Held {
        server,
        gate,
        folder,
    }
}

#[test]
fn the_first_signal_lets_running_requests_finish() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let Held {
            server,
            gate,
            folder,
        } = held();
        let (list, out) = (folder.at("urls.txt"), folder.at("out.jsonl"));
        let run = haul(["-j", "2", "-o", &out, &list]).start();
        gate.wait_for(2);
        run.signal(signal);
        // When the queue is cancelled, running requests may finish.
        run.wait_until_said("interrupted: running requests may take another 10s");
        gate.open();
        let done = run.finish().exits(status);
        done.says("Stopped after").says(&format!(
            "haul: to go on: haul --resume -j 2 -o {out} {list}"
        ));
        let finished = folder.records("out.jsonl").len();
        assert!(
            finished < 10 && finished == server.requests(),
            "{finished} of {}",
            server.requests()
        );
        haul(["--resume", "-j", "2", "-o", &out, &list])
            .done()
            .exits(0);
        assert_eq!(folder.records("out.jsonl").len(), 10);
        assert_eq!(server.requests(), 10, "none was sent twice");
    }
}

#[test]
fn the_second_ends_what_runs() {
    let Held {
        server: _server,
        gate,
        folder,
    } = held();
    let (list, out) = (folder.at("urls.txt"), folder.at("out.jsonl"));
    let run = haul(["-j", "2", "--grace", "1h", "-o", &out, &list]).start();
    gate.wait_for(2);
    run.signal(Signal::INT);
    run.wait_until_said("interrupted");
    run.signal(Signal::TERM);
    run.finish().exits(130).says("to go on");
    assert_eq!(folder.records("out.jsonl").len(), 0);
}

#[test]
fn the_grace_of_a_signal_limits_running_requests() {
    let Held {
        server: _server,
        gate,
        folder,
    } = held();
    let run = haul(["-j", "2", "--grace", "50ms", &folder.at("urls.txt")]).start();
    gate.wait_for(2);
    run.signal(Signal::TERM);
    run.finish().exits(143);
}

#[test]
fn a_run_ends_by_a_signal_though_its_input_stays_open() {
    for order in ["--ordered", "-q"] {
        let server = Server::always(Answer::text(""));
        let mut run = haul([order, "-"]).start();
        run.say(&server.url("/1"));
        run.next_result();
        run.signal(Signal::INT);
        run.finish().exits(130);
    }
}

#[test]
fn a_run_ends_by_a_signal_though_its_results_are_not_read() {
    // The body is larger than a pipe's buffer.
    let server = Scenario::new()
        .when("/*", |_| Answer::text("x".repeat(100_000)))
        .start();
    let urls: Vec<String> = (0..40).map(|i| server.url(&format!("/{i}"))).collect();
    let mut run = haul(
        ["-q", "-j", "4"]
            .into_iter()
            .chain(urls.iter().map(String::as_str)),
    )
    .start();
    server.wait_for_requests(10);
    while !run.is_over() {
        run.signal(Signal::INT);
        std::thread::yield_now();
    }
    assert_eq!(run.status(), Some(130));
}
