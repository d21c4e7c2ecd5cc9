//! Small source trees that break a rule: each rule can be broken, and its complaint names the place.

#[path = "broken/cycles.rs"]
mod cycles;
#[path = "broken/lengths.rs"]
mod lengths;

use crate::source::Tree;
use crate::{floors, vectors, words};

const ROOT: (&str, &str) = ("src/lib.rs", "mod error;\npub use error::Error;\n");

pub(crate) fn tree(files: &[(&str, &str)]) -> Tree {
    Tree::of(files.iter().copied().chain([ROOT]))
}

#[track_caller]
pub(crate) fn complains(
    rule: impl Fn(&Tree) -> Vec<String>,
    path: &str,
    text: &str,
    expected: &[&str],
) {
    let others = [
        ("src/error.rs", ""),
        ("src/summary.rs", ""),
        (
            "src/retry/mod.rs",
            "mod backoff; pub(crate) use backoff::wait;",
        ),
        ("src/retry/backoff.rs", ""),
        ("src/transport/mod.rs", ""),
    ];
    let others = others.into_iter().filter(|(other, _)| *other != path);
    let files: Vec<_> = others.chain([(path, text)]).collect();
    let complaints = rule(&tree(&files));
    let got: Vec<_> = complaints.iter().map(|c| c.split(": ").next()).collect();
    let expected: Vec<_> = expected.iter().map(|line| Some(*line)).collect();
    assert_eq!(got, expected, "{complaints:#?}");
}

#[test]
fn by_using_a_crate_that_another_part_has_for_itself() {
    let bad = "use redis::Cmd;\nfn f() {\n    ::redis::cmd()\n}\nuse self::redis::Engine;\nuse ::redis::Value;\n";
    let places = ["src/summary.rs:1", "src/summary.rs:3", "src/summary.rs:6"];
    complains(words::reserved, "src/summary.rs", bad, &places);
}

#[test]
fn by_using_a_floor_above() {
    let bad = "use crate::error::Error;\n\nuse crate::{error::{self, Error as E}, transport::{self, Agent}};\n";
    complains(
        floors::floors,
        "src/retry/backoff.rs",
        bad,
        &["src/retry/backoff.rs:3"; 2],
    );
    let qualified = "fn f() -> u8 {\n    crate::summary::count::<u8>()\n}";
    complains(
        floors::floors,
        "src/retry/mod.rs",
        qualified,
        &["src/retry/mod.rs:2"],
    );
    let up = "use super::super::transport::Agent;";
    complains(
        floors::floors,
        "src/retry/backoff.rs",
        up,
        &["src/retry/backoff.rs:1"],
    );
}

#[test]
fn by_going_through_the_facade() {
    let facade = "use http::Uri;\nuse crate::Error;\nuse crate::*;";
    let lines = ["src/summary.rs:2", "src/summary.rs:3"];
    complains(floors::floors, "src/summary.rs", facade, &lines);
}

#[test]
fn by_going_through_the_facade_from_the_top() {
    let client = "use crate::Outcome;";
    complains(
        floors::floors,
        "src/client/mod.rs",
        client,
        &["src/client/mod.rs:1"],
    );
}

#[test]
fn by_a_folder_that_uses_a_floor_above() {
    let complaints = floors::floors(&tree(&[
        ("src/settings/mod.rs", "mod retry;"),
        (
            "src/settings/retry.rs",
            "use http::Method;\nuse crate::request::Request;",
        ),
        ("src/request/mod.rs", ""),
    ]));
    assert_eq!(complaints.len(), 1, "{complaints:#?}");
    for part in ["src/settings/retry.rs:2", "on floor 1b", "this file's (1)"] {
        assert!(complaints[0].contains(part), "{complaints:#?}");
    }
}

#[test]
fn by_a_file_that_stands_on_no_floor() {
    complains(floors::floors, "src/extra.rs", "", &["src/extra.rs"]);
}

#[test]
fn but_not_by_tests_comments_or_text() {
    let fine = "/// use crate::transport::X;\n// crate::transport::Y\n/* crate::transport */\n\
         const A: &str = \"crate::transport::Z \\\" crate::transport\";\n\
         const B: &str = r#\"\"crate::transport::Z\"#;\nconst C: char = '\"'; fn f<'a>(x: &'a u8) {}\n\
         #[cfg(test)]\n#[allow(unused)]\nmod tests {\n    use crate::transport::X; fn a(b: [u8; 2]) {}\n}\n\
         #[cfg(test)]\nuse crate::transport::W;\nuse crate::error::Error;\n";
    complains(floors::floors, "src/retry/backoff.rs", fine, &[]);
    let not_test = "#[cfg(not(test))]\nuse crate::transport::X;";
    complains(
        floors::floors,
        "src/retry/mod.rs",
        not_test,
        &["src/retry/mod.rs:2"],
    );
    let inner = ["src/retry/tests.rs", "src/retry/tests/more.rs"];
    for path in inner {
        complains(floors::floors, path, "use crate::transport::X;", &[]);
    }
}

#[test]
fn by_a_description_with_other_floors() {
    let right = include_str!("../../ARCHITECTURE.md");
    for (from, to, part) in [
        (
            "`settings/` |",
            "`settings/` `request/` |",
            "request is on floor 1 ",
        ),
        (
            "`retry/` `schedule/`",
            "`schedule/`",
            "retry is on floor 2 ",
        ),
        ("| 1b |", "| 1c |", "no floor 1b"),
    ] {
        assert!(right.contains(from), "{from}");
        let complaints = floors::table(&right.replace(from, to));
        assert_eq!(complaints.len(), 1, "{complaints:#?}");
        assert!(complaints[0].contains(part), "{complaints:#?}");
    }
}

#[test]
fn by_reading_the_clock_or_starting_a_thread_below() {
    let bad =
        "fn f() {\n    Instant::now();\n    std::thread::spawn(f);\n    thread::Builder::new();\n}";
    let lines = ["src/error.rs:2", "src/error.rs:3", "src/error.rs:4"];
    complains(words::clocks_and_threads, "src/error.rs", bad, &lines);
    complains(words::clocks_and_threads, "src/transport/mod.rs", bad, &[]);
}

#[test]
fn by_sleeping_printing_or_naming_what_is_not_theirs() {
    let sleep = "use std::thread::{self, sleep};";
    complains(
        words::sleeps,
        "src/transport/mod.rs",
        sleep,
        &["src/transport/mod.rs:1"],
    );
    complains(words::sleeps, "src/bin/haul/main.rs", sleep, &[]);
    let print = "fn f() {\n    eprintln!();\n}";
    complains(
        words::prints,
        "src/summary.rs",
        print,
        &["src/summary.rs:2"],
    );
    complains(words::prints, "src/bin/haul/main.rs", print, &[]);
    let foreign = "use std::net::SocketAddr;\nuse ureq::Agent;\nuse std::net::TcpStream;";
    let lines = ["src/summary.rs:2", "src/summary.rs:3"];
    complains(words::reserved, "src/summary.rs", foreign, &lines);
    let lines = ["src/transport/mod.rs:2"];
    complains(words::reserved, "src/transport/mod.rs", foreign, &lines);
    let by_ureq = "src/transport/http1/by_ureq/mod.rs";
    complains(words::reserved, by_ureq, foreign, &[]);
    let root = Tree::of([("src/lib.rs", "pub use ureq::http;")]);
    assert_eq!(words::reserved(&root).len(), 1);
}

#[test]
fn by_names() {
    let bad =
        "struct TaskQueue;\nmod utils;\ntrait MyHandler {}\ntype Item = u8;\nstruct Database;\n";
    let lines = ["src/error.rs:1", "src/error.rs:2", "src/error.rs:3"];
    complains(words::names, "src/error.rs", bad, &lines);
    complains(
        words::names,
        "src/retry/common.rs",
        "",
        &["src/retry/common.rs"],
    );
}

#[test]
fn by_a_thread_local() {
    let bad = "use std::cell::Cell;\nthread_local! {\n    static A: Cell<u8> = const { Cell::new(0) };\n}";
    for path in ["src/error.rs", "src/transport/mod.rs"] {
        let place = format!("{path}:2");
        complains(words::thread_locals, path, bad, &[place.as_str()]);
    }
    for path in [
        "src/executor/current_worker.rs",
        "src/transport/http1/by_ureq/lease.rs",
    ] {
        complains(words::thread_locals, path, bad, &[]);
    }
}

#[test]
fn by_http_in_the_executor() {
    let bad = "use http::HeaderMap;\nuse crate::transport::{CancelSlot, Reply};\nuse crate::transport;\n\
         fn f(ticket: crate::transport::AttemptNumber, m: &http::Method) {}";
    let path = "src/executor/job.rs";
    let lines = [
        "src/executor/job.rs:1",
        "src/executor/job.rs:4",
        "src/executor/job.rs:2",
        "src/executor/job.rs:3",
    ];
    complains(words::http_in_executor, path, bad, &lines);
    complains(words::http_in_executor, "src/batch/feed.rs", bad, &[]);
}

#[test]
fn by_compiling_a_part_of_src_twice() {
    let bad = "#[path = \"support/server.rs\"]\nmod server;\n#[path = \"../src/host.rs\"]\nmod host;\n\
         mod parts {\n    include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/src/url/mod.rs\"));\n}";
    for path in ["benches/memory.rs", "tests/journal.rs"] {
        let lines = [format!("{path}:3"), format!("{path}:6")];
        complains(
            words::second_copies,
            path,
            bad,
            &lines.each_ref().map(String::as_str),
        );
    }
    complains(words::second_copies, "src/error.rs", bad, &[]);
}

/// Complaints about one table with the rows 1, 2, 4 and V1, and a file with this text.
fn unmatched_vectors(table: &str, tests: &str) -> Vec<String> {
    let rows = [
        "# Table",
        "",
        "| # | in |",
        "|---|---|",
        "| 1 | a |",
        "| 2 | |",
        "| 4 | 3 |",
    ];
    let table = format!("{}\n| V1 | `1` |\n{table}", rows.join("\n"));
    let pair = |path: &str, text: &str| [(path.to_owned(), text.to_owned())];
    vectors::unmatched(
        &pair("tests/vectors/a.md", &table),
        &pair("src/a.rs", tests),
    )
}

#[test]
fn but_not_by_vectors_that_have_tests() {
    let tests = "#[test]\nfn vectors_1_to_2_and_4_hold_for_3() {}\n#[test]\n#[ignore = \"3\"]\nfn v1_2() {}\n\
         fn vector_3_helper() {}\n#[test]\nfn vectors_of_bytes() {}\n#[test]\nfn a_303() {}\n";
    assert_eq!(unmatched_vectors("", tests), [""; 0]);
}

#[test]
fn by_a_vector_without_a_test() {
    let tests = "#[test]\nfn vectors_1_and_4_hold() {}\nfn vector_2_helper() {}\n";
    let expected = [
        "tests/vectors/a.md:6: no test has row 2 in its name",
        "tests/vectors/a.md:8: no test has row V1 in its name",
    ];
    assert_eq!(unmatched_vectors("", tests), expected);
}

#[test]
fn by_a_test_of_a_vector_that_no_table_has() {
    let tests = "#[test]\nfn v1_v2_hold() {}\n\n#[test]\nfn vectors_1_to_4_hold() {}\n";
    let complaints = unmatched_vectors("", tests);
    let places: Vec<_> = complaints.iter().map(|c| c.split(", ").next()).collect();
    let expected = [
        "src/a.rs:2: v1_v2_hold refers to row V2",
        "src/a.rs:5: vectors_1_to_4_hold refers to row 3",
    ];
    assert_eq!(places, expected.map(Some));
}

#[test]
fn by_two_vectors_with_one_number() {
    let tests = "#[test]\nfn vectors_1_2_4_hold() {}\n#[test]\nfn v1_holds() {}\n";
    assert_eq!(
        unmatched_vectors("| 2 | again |", tests),
        ["tests/vectors/a.md:9: row 2 stands at tests/vectors/a.md:6 too"]
    );
}

#[test]
fn by_exceptions() {
    let bad = "//! Text.\n#![allow(missing_docs)]\n#[allow(unused, unsafe_code)]\nfn f() {}";
    let lines = ["src/error.rs:2", "src/error.rs:3"];
    complains(words::exceptions, "src/error.rs", bad, &lines);
}
