//! Rates, time limits and retries.

use std::time::{Duration, Instant};

use test_support::{Answer, Gate, Scenario, Server, refused};

use super::command::{Folder, haul};

fn list(server: &Server, count: usize) -> String {
    (0..count)
        .map(|i| server.url(&format!("/{i}")) + "\n")
        .collect()
}

#[test]
fn jobs_limits_the_requests_under_way_at_once() {
    for arguments in [
        ["-j", "3"],
        ["-P", "3"],
        ["--parallel-max", "3"],
        ["--jobs-per-host", "3"],
    ] {
        let gate = Gate::closed();
        let server = Server::always(Answer::text("").behind(&gate));
        let mut run = haul(arguments.iter().chain(&["-"])).start();
        list(&server, 9).lines().for_each(|line| run.say(line));
        run.close_input();
        gate.wait_for(2);
        gate.open();
        assert_eq!(run.finish().exits(0).results().len(), 9);
        let most = server.most_at_once();
        assert!((2..=3).contains(&most), "{arguments:?}: {most} at once");
    }
}

#[test]
fn jobs_per_host_auto_lowers_the_limit_of_a_host_that_refuses() {
    let server = Server::always(Answer::status(429));
    let folder = Folder::new();
    let file = folder.path().join("summary.json");
    let path = file.to_str().unwrap();
    haul([
        "--jobs-per-host",
        "auto",
        "--retry",
        "0",
        "--summary-json",
        path,
        "-",
    ])
    .input(list(&server, 12))
    .done()
    .exits(1);
    let summary = std::fs::read_to_string(&file).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    assert_eq!(summary["hosts"][0]["limit"], 1, "{summary}");
}

#[test]
fn a_rate_spreads_the_requests_over_time() {
    for option in ["--rate", "--rate-per-host"] {
        let server = Server::always(Answer::text(""));
        let started = Instant::now();
        haul([option, "50/s", "-"])
            .input(list(&server, 30))
            .done()
            .exits(0);
        // A burst is allowed; the rest has to wait.
        let took = started.elapsed();
        assert!(took >= Duration::from_millis(200), "{option}: {took:?}");
        let slow = haul([option, "1/h", "--max-run-time", "300ms", "-"])
            .input(list(&server, 30))
            .done();
        assert_eq!(slow.status, Some(4), "{}", slow.stderr);
    }
}

/// Asserts that under these options `count` of fifty requests get through, and then none for a while.
#[track_caller]
fn lets_through(count: usize, options: &[&str], variables: &[(&str, &str)]) {
    let server = Server::always(Answer::text(""));
    let mut run = haul(options.iter().copied().chain(["-"]));
    for (name, value) in variables {
        run = run.env(name, value);
    }
    let mut run = run.start();
    list(&server, 50).lines().for_each(|line| run.say(line));
    server.wait_for_requests(count);
    std::thread::park_timeout(Duration::from_millis(100));
    run.kill();
    assert_eq!(server.requests(), count, "{options:?} {variables:?}");
}

#[test]
fn a_fraction_is_a_rate() {
    for rate in ["0.5", "0.5/s", "1.5/m", ".1", "30/h", "1e-3"] {
        lets_through(1, &["--rate", rate], &[]);
        lets_through(1, &["--rate-per-host", rate], &[]);
    }
}

#[test]
fn rates_of_several_windows_hold_together() {
    for options in [
        &["--rate", "1000/s", "--rate", "4/m"][..],
        &["--rate", "4/m", "--rate", "1000/s"],
        &["--rate", "4/m,1000/s"],
        &["--rate-per-host", "4/h", "--rate-per-host", "1000"],
        &["--rate", "1000/s", "--rate-per-host", "2000/s,4/m"],
        &["--rate", "1000/s", "--rate", "4/m", "--burst", "20"],
        &["--rate", "1000/s", "--rate", "4.9/m"],
    ] {
        lets_through(4, options, &[]);
    }
    lets_through(4, &[], &[("HAUL_RATE", "1000/s, 4/m")]);
    lets_through(4, &[], &[("HAUL_RATE_PER_HOST", "4/h,1000/s")]);
    // A typed option stands in place of its environment variable.
    let variables = [("HAUL_RATE", "1000/s,4/m"), ("HAUL_BURST", "3")];
    lets_through(3, &["--rate", "9/h"], &variables);
}

#[test]
fn a_burst_goes_out_at_once_within_the_shortest_window() {
    for rates in [
        &["--rate", "1/m"][..],
        &["--rate-per-host", "1/m"],
        &["--rate", "1/m", "--rate", "90/h"],
    ] {
        lets_through(7, &[rates, &["--burst", "7"]].concat(), &[]);
    }
}

#[test]
fn a_rate_that_is_none_is_a_usage_error_that_names_its_option() {
    for option in ["--rate", "--rate-per-host"] {
        for (rate, said) in [
            ("0", "above zero"),
            ("-1", "above zero"),
            ("-0.5/m", "above zero"),
            ("nan", "above zero"),
            ("inf", "at most 4294967295/s"),
            ("1e12/m", "at most 4294967295/m"),
            ("5/d", "above zero"),
            ("5/s,", "above zero"),
            ("10/s,20", "two rates for one window, N/s"),
            ("10/m,10/min", "two rates for one window, N/m"),
        ] {
            let done = haul([option, rate, "http://h/"]).done().exits(2);
            done.says(option).says(said);
        }
        let twice = [option, "9", option, "300/m", option, "8/s", "http://h/"];
        haul(twice).done().exits(2).says(option).says("N/s");
    }
    let variable = haul(["http://h/"]).env("HAUL_RATE", "1/s,2/s").done();
    variable.exits(2).says("HAUL_RATE").says("N/s");
    haul(["--burst", "3", "http://h/"])
        .done()
        .exits(2)
        .says("--burst: it needs --rate");
    haul(["--rate", "1", "--burst", "0", "http://h/"])
        .done()
        .exits(2)
        .says("--burst");
}

#[test]
fn an_accepted_status_is_asked_again_where_it_is_to_be_retried() {
    let server = Scenario::new()
        .on(
            "/soon",
            Answer::status(202).times(2).then(Answer::text("ready")),
        )
        .on("/never", Answer::status(202).body("waits"))
        .start();
    let quick = ["--retry-on", "202", "--retry-delay", "1ms"];
    let results = |path: &str, more: &[&str]| {
        let url = server.url(path);
        let options = quick.iter().chain(more).copied();
        let done = haul(options.chain([&*url])).done();
        (done.status, done.results().remove(0))
    };
    let (status, result) = results("/soon", &[]);
    assert_eq!((status, &result["body"]), (Some(0), &"ready".into()));
    assert_eq!(
        (&result["attempts"], result.get("stop_reason")),
        (&3.into(), None)
    );
    let (status, result) = results("/never", &[]);
    assert_eq!((status, &result["status"]), (Some(0), &202.into()));
    assert_eq!(
        (
            &result["outcome"],
            &result["body"],
            &result["stop_reason"],
            &result["attempts"]
        ),
        (
            &"success".into(),
            &"waits".into(),
            &"attempts_exhausted".into(),
            &3.into()
        )
    );
    let (status, result) = results("/never", &["-d", "x"]);
    assert_eq!(
        (status, &result["stop_reason"]),
        (Some(0), &"method_not_idempotent".into())
    );
    let (status, result) = results("/never", &["--expect-json"]);
    assert_eq!((status, &result["error_type"]), (Some(1), &"decode".into()));
}

#[test]
fn a_body_that_goes_to_a_file_is_that_of_the_last_answer() {
    let server = Scenario::new()
        .on(
            "/soon",
            Answer::status(202)
                .body("waits")
                .times(2)
                .then(Answer::text("ready")),
        )
        .on("/never", Answer::status(202).body("waits"))
        .start();
    for (path, body) in [("/soon", "ready"), ("/never", "waits")] {
        let folder = Folder::new();
        let into = folder.at("bodies");
        let url = server.url(path);
        let options = ["--retry-on", "202", "--retry-delay", "1ms", "--output-dir"];
        let done = haul(options.into_iter().chain([&*into, &*url]))
            .done()
            .exits(0);
        let result = done.results().remove(0);
        let file = result["output_file"].as_str().unwrap().to_owned();
        assert_eq!(std::fs::read_to_string(file).unwrap(), body);
        assert_eq!(
            std::fs::read_dir(&into).unwrap().count(),
            1,
            "no part of another"
        );
        assert_eq!(result["size_bytes"], body.len());
    }
}

#[test]
fn max_time_limits_an_attempt() {
    let server = Server::always(Answer::never());
    for arguments in [["-m", "50ms"], ["--max-time", "0.05"]] {
        let url = server.url("/");
        let done = haul(arguments.iter().copied().chain(["--retry", "0", &*url]))
            .done()
            .exits(1);
        let result = &done.results()[0];
        assert_eq!(
            (&result["error_type"], &result["attempts"]),
            (&"timeout".into(), &1.into())
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn connect_timeout_limits_connecting() {
    let hole = test_support::BlackHole::dig();
    let arguments = ["--connect-timeout", "50ms", "--retry", "0", &hole.url("/")];
    let done = haul(arguments).done().exits(1);
    let result = &done.results()[0];
    assert_eq!(
        (&result["error_type"], &result["phase"]),
        (&"timeout".into(), &"connect".into())
    );
}

#[test]
fn a_run_ends_when_its_time_is_over() {
    let server = Server::always(Answer::never());
    let arguments = ["--max-run-time", "200ms", "-j", "2", "-"];
    let done = haul(arguments).input(list(&server, 9)).done().exits(4);
    assert!(
        done.results().is_empty(),
        "what was cut off runs again: {}",
        done.stdout
    );
    done.says("Stopped after")
        .says("stopped early: the run took too long (--max-run-time)");
}

#[test]
fn retry_options_decide_the_number_of_attempts() {
    let server = Server::always(Answer::status(503));
    let attempts = |arguments: &[&str], path: &str| {
        let url = server.url(path);
        let quick = ["--retry-delay", "1ms", "--retry-max-delay", "2ms"];
        let done = haul(quick.iter().chain(arguments).copied().chain([&*url]))
            .done()
            .exits(1);
        (
            done.results()[0]["attempts"].as_u64().unwrap(),
            server.requests_to(path) as u64,
        )
    };
    assert_eq!(attempts(&[], "/usual"), (3, 3));
    assert_eq!(attempts(&["--retry", "0"], "/never"), (1, 1));
    assert_eq!(attempts(&["--retry", "4"], "/often"), (5, 5));
    assert_eq!(attempts(&["-d", "x"], "/write"), (1, 1));
    assert_eq!(
        attempts(&["-d", "x", "--retry-all-methods"], "/harmless"),
        (3, 3)
    );
    assert_eq!(attempts(&["--retry-on", "500"], "/other"), (1, 1));
    assert_eq!(
        attempts(
            &[
                "--retry",
                "9",
                "--retry-delay",
                "10s",
                "--retry-max-delay",
                "10s",
                "--retry-max-time",
                "1ms"
            ],
            "/late"
        ),
        (1, 1)
    );
}

#[test]
fn a_refused_connection_is_tried_again_whatever_the_method() {
    let url = format!("http://{}/", refused());
    let done = haul(["-d", "x", "--retry-delay", "1ms", &url])
        .done()
        .exits(1);
    let result = &done.results()[0];
    assert_eq!(
        (&result["error_type"], &result["attempts"]),
        (&"connect".into(), &3.into())
    );
}

#[test]
fn a_host_that_keeps_failing_is_left_alone() {
    let server = Server::always(Answer::status(500));
    let arguments = ["--breaker", "-j", "1", "--retry", "0", "-"];
    let done = haul(arguments).input(list(&server, 60)).done().exits(1);
    let open = done
        .results()
        .iter()
        .filter(|result| result["error_type"] == "breaker_open")
        .count();
    assert!(
        open > 0 && server.requests() < 60,
        "{open} of {}",
        server.requests()
    );
    assert_eq!(done.results().len(), 60);
}
