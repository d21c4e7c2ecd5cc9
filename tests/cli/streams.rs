//! Pipelines: input that pauses, readers that go away, outputs that are full.

use test_support::{Answer, Gate, Scenario, Server};

use super::command::{Folder, haul};

#[test]
fn results_come_out_while_the_input_pauses() {
    let server = Server::always(Answer::text(""));
    for arguments in [&["-"][..], &["--ordered", "-"], &["-j", "1", "-"]] {
        let mut run = haul(arguments).start();
        for i in 0..5 {
            let url = server.url(&format!("/{i}"));
            run.say(&url);
            // The test sends no further line until the result of this one is here.
            assert_eq!(run.next_result()["url"], url);
        }
        run.close_input();
        run.finish().exits(0);
    }
}

#[test]
fn results_written_to_a_file_are_there_while_the_input_pauses() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let out = folder.at("out.jsonl");
    let mut run = haul(["-o", &out, "-"]).start();
    run.say(&server.url("/1"));
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !folder.has("out.jsonl") || folder.read("out.jsonl").is_empty() {
        assert!(std::time::Instant::now() < until, "no result is written");
        std::thread::yield_now();
    }
    assert_eq!(folder.records("out.jsonl").len(), 1);
    run.close_input();
    run.finish().exits(0);
}

#[test]
fn one_slow_request_holds_no_other_result_back() {
    let gate = Gate::closed();
    let server = Scenario::new()
        .on("/slow", Answer::text("").behind(&gate))
        .on("/*", Answer::text(""))
        .start();
    let mut run = haul(["-j", "2", "-"]).start();
    run.say(&server.url("/slow"));
    gate.wait_for(1);
    for i in 0..5 {
        run.say(&server.url(&format!("/{i}")));
        assert_eq!(run.next_result()["url"], server.url(&format!("/{i}")));
    }
    gate.open();
    assert_eq!(run.next_result()["url"], server.url("/slow"));
    run.close_input();
    run.finish().exits(0);
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_a_quiet_end() {
    let server = Server::always(Answer::text(""));
    let mut run = haul(["-"]).start();
    run.say(&server.url("/1"));
    run.next_result();
    run.close_results();
    run.say(&server.url("/2"));
    // The run notices the closed pipe when it writes, though its input is still open.
    let done = run.finish().exits(0);
    assert_eq!(done.stderr, "");
}

#[cfg(target_os = "linux")]
#[test]
fn results_that_cannot_be_written_end_the_run_with_status_3() {
    let server = Server::always(Answer::text(""));
    let url = server.url("/");
    let full = || {
        std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    let done = haul([&url]).stdout(full()).run().exits(3);
    done.says("haul: stdout: cannot be written: No space left");
    let done = haul(["-o", "/dev/full", &url]).done().exits(3);
    done.says("haul: /dev/full: cannot be written: No space left");
    haul(["--dry-run", &url])
        .stdout(full())
        .run()
        .exits(3)
        .says("stdout: cannot be written");
    haul(["--generate", "man"])
        .stdout(full())
        .run()
        .exits(3)
        .says("stdout: cannot be written");
    assert_eq!(server.requests(), 0, "it is found before anything is sent");
}
