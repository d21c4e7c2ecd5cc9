//! Small source trees that break a rule: each rule can be broken, and its complaint names the place.

use crate::source::Tree;
use crate::{floors, lengths, vectors, words};

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

#[track_caller]
fn has_cycle(files: &[(&str, &str)], places: &[&str]) {
    let complaints = floors::cycles(&tree(files));
    assert_eq!(complaints.len(), 1, "{complaints:#?}");
    for place in places {
        assert!(complaints[0].contains(place), "{complaints:#?}");
    }
}

#[test]
fn by_a_cycle_of_files() {
    let files = [
        ("src/error.rs", "use crate::request::Request;"),
        ("src/request.rs", "\nuse crate::rejection::Set;"),
        ("src/rejection.rs", "fn f(e: crate::error::Error) {}"),
    ];
    let places = ["src/error.rs:1", "src/request.rs:2", "src/rejection.rs:1"];
    has_cycle(&files, &places);
}

#[test]
fn by_a_cycle_of_folders_whose_files_are_in_none() {
    let files = [
        ("src/retry/mod.rs", "mod a; mod b; pub(crate) use b::B;"),
        ("src/retry/a.rs", "\nuse crate::schedule::Call;"),
        ("src/retry/b.rs", ""),
        (
            "src/schedule/mod.rs",
            "mod c; mod d; pub(crate) use c::Call;",
        ),
        ("src/schedule/c.rs", ""),
        ("src/schedule/d.rs", "\n\nuse crate::retry::B;"),
    ];
    has_cycle(&files, &["src/retry/a.rs:2", "src/schedule/d.rs:3"]);
}

#[test]
fn by_a_cycle_of_a_folder_and_a_file_beside_it() {
    let files = [
        ("src/transport/mod.rs", "mod pool; mod tls;"),
        ("src/transport/pool.rs", "use super::tls::Session;"),
        ("src/transport/tls/mod.rs", "mod trust;"),
        (
            "src/transport/tls/trust.rs",
            "fn f() {\n super::super::pool::f() }",
        ),
    ];
    let places = ["src/transport/pool.rs:1", "src/transport/tls/trust.rs:2"];
    has_cycle(&files, &places);
}

#[test]
fn by_a_cycle_in_the_command() {
    let files = [
        ("src/bin/haul/main.rs", "mod run; mod output;"),
        ("src/bin/haul/run.rs", "use crate::output::Output;"),
        ("src/bin/haul/output.rs", "\nuse super::run;"),
    ];
    let places = ["src/bin/haul/run.rs:1", "src/bin/haul/output.rs:2"];
    has_cycle(&files, &places);
}

#[test]
fn but_not_by_a_module_and_its_parts() {
    let complaints = floors::cycles(&tree(&[
        ("src/retry/mod.rs", "mod a; use a::f;"),
        (
            "src/retry/a.rs",
            "mod part;\nuse super::Whole; fn f() { part::g() }",
        ),
        ("src/retry/a/part.rs", "use super::f;"),
    ]));
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn but_not_by_handing_on() {
    let complaints = floors::cycles(&tree(&[
        (
            "src/retry/mod.rs",
            "mod a; mod b;\npub(crate) use a::A;\nuse b::B;",
        ),
        ("src/retry/a.rs", ""),
        ("src/retry/b.rs", "use super::A;"),
    ]));
    assert!(complaints.is_empty(), "{complaints:#?}");
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
fn by_length() {
    let long = "\n".repeat(401);
    complains(lengths::files, "src/error.rs", &long, &["src/error.rs:401"]);
    let tests = format!("#[cfg(test)]\nmod tests {{\n{long}}}\n");
    complains(lengths::files, "src/error.rs", &tests, &[]);
}

fn function(head: &str, lines: usize) -> String {
    format!("\n{head}\nfn f() {{{}}}", "\n".repeat(lines - 1))
}

#[test]
fn by_a_long_function_without_a_reason() {
    let path = "src/error.rs";
    complains(lengths::functions, path, &function("", 80), &[]);
    for head in ["", "/// Text.", "// It is long.", "// Long because ", "}"] {
        let text = function(head, 81);
        complains(lengths::functions, path, &text, &["src/error.rs:3"]);
    }
    let above_another = format!(
        "// Long because it is a table.\nfn g() {{}}{}",
        function("", 81)
    );
    complains(
        lengths::functions,
        path,
        &above_another,
        &["src/error.rs:4"],
    );
    let method = function("impl<T> X<T> where T: Fn(u8) -> [u8; 2] {", 81) + "}";
    complains(lengths::functions, path, &method, &["src/error.rs:3"]);
}

#[test]
fn but_not_by_a_long_function_with_a_reason_or_in_tests() {
    let path = "src/error.rs";
    for head in [
        "// Long because it is a table.",
        "// Long because it is a table.\n#[inline]",
        "/// Text.\n// Long because it is a table: one row for each\n// field.",
    ] {
        complains(lengths::functions, path, &function(head, 200), &[]);
    }
    let tests = format!("#[cfg(test)]\nmod tests {{{}}}", function("", 200));
    complains(lengths::functions, path, &tests, &[]);
}

#[test]
fn by_many_parameters() {
    let many = "impl X {\n    fn f<F: Fn(u8, u8) -> (u8, u8), const N: usize>(\n        &mut self, a: F, \
         b: [u8; 2], c: Option<HashMap<u8, u8>>, d: &dyn Fn(u8, u8) -> u8, e: (u8, u8), f: u8,\n    ) -> u8;\n}\n\
         fn g(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) {}";
    for path in ["src/transport/mod.rs", "src/attempt/judge.rs"] {
        let places = [format!("{path}:2"), format!("{path}:6")];
        complains(
            lengths::parameters,
            path,
            many,
            &places.each_ref().map(String::as_str),
        );
    }
    complains(lengths::parameters, "src/summary.rs", many, &[]);
    let few = "fn f(&self, a: fn(u8, u8), b: (u8, u8), c: HashMap<u8, u8>, d: u8, e: u8,) {\n    \
         g(1, 2, 3, 4, 5, 6)\n}\nfn g() {}\ntype F = fn(u8, u8, u8, u8, u8, u8);";
    complains(lengths::parameters, "src/transport/mod.rs", few, &[]);
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
