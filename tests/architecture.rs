//! The rules of the code base that a compiler does not know: which part may use which, who may read the clock, name
//! ureq or print, how long a file may be and which words are not used. Each complaint names file and line.

#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/source.rs"]
mod source;

use std::path::Path;

use source::Tree;

#[track_caller]
fn holds(rule: impl Fn(&Tree) -> Vec<String>) {
    let tree = Tree::read(Path::new(env!("CARGO_MANIFEST_DIR")));
    let complaints = rule(&tree);
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn a_file_uses_only_floors_below_its_own() {
    holds(rules::floors);
}

#[test]
fn the_files_of_a_floor_use_each_other_without_a_cycle() {
    holds(rules::cycles);
}

#[test]
fn the_lower_floors_read_no_clock_and_start_no_thread() {
    holds(rules::clocks_and_threads);
}

#[test]
fn nothing_sleeps() {
    holds(rules::sleeps);
}

#[test]
fn what_one_part_keeps_to_itself_is_named_nowhere_else() {
    holds(rules::reserved);
}

#[test]
fn only_the_edges_print() {
    holds(rules::prints);
}

#[test]
fn no_text_gets_to_the_log_as_it_is() {
    holds(rules::logs);
}

#[test]
fn no_name_is_a_word_that_says_nothing() {
    holds(rules::names);
}

#[test]
fn no_file_is_longer_than_an_idea() {
    holds(rules::lengths);
}

#[test]
fn unsafe_code_and_missing_docs_are_refused() {
    holds(rules::exceptions);
    let manifest = include_str!("../Cargo.toml");
    let lints = manifest.split("\n[").find(|t| t.starts_with("lints.rust]"));
    let lints = lints.expect("Cargo.toml has a table lints.rust");
    for line in ["unsafe_code = \"forbid\"", "missing_docs = \"deny\""] {
        assert!(lints.lines().any(|l| l == line), "Cargo.toml lacks {line}");
    }
}

/// The rules can be broken, and say so.
mod broken {
    use super::*;

    const ROOT: (&str, &str) = ("src/lib.rs", "mod error;\npub use error::Error;\n");

    fn tree(files: &[(&str, &str)]) -> Tree {
        Tree::of(files.iter().copied().chain([ROOT]))
    }

    #[track_caller]
    fn complains(rule: impl Fn(&Tree) -> Vec<String>, path: &str, text: &str, expected: &[&str]) {
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
            rules::floors,
            "src/retry/backoff.rs",
            bad,
            &["src/retry/backoff.rs:3"; 2],
        );
        let qualified = "fn f() -> u8 {\n    crate::summary::count::<u8>()\n}";
        complains(
            rules::floors,
            "src/retry/mod.rs",
            qualified,
            &["src/retry/mod.rs:2"],
        );
        let up = "use super::super::transport::Agent;";
        complains(
            rules::floors,
            "src/retry/backoff.rs",
            up,
            &["src/retry/backoff.rs:1"],
        );
    }

    #[test]
    fn by_going_through_the_facade() {
        let facade = "use http::Uri;\nuse crate::Error;\nuse crate::*;";
        let lines = ["src/summary.rs:2", "src/summary.rs:3"];
        complains(rules::floors, "src/summary.rs", facade, &lines);
    }

    #[test]
    fn by_a_file_that_stands_on_no_floor() {
        complains(rules::floors, "src/extra.rs", "", &["src/extra.rs"]);
    }

    #[test]
    fn but_not_by_tests_comments_or_text() {
        let fine = "/// use crate::transport::X;\n// crate::transport::Y\n/* crate::transport */\n\
             const A: &str = \"crate::transport::Z \\\" crate::transport\";\n\
             const B: &str = r#\"\"crate::transport::Z\"#;\nconst C: char = '\"'; fn f<'a>(x: &'a u8) {}\n\
             #[cfg(test)]\n#[allow(unused)]\nmod tests {\n    use crate::transport::X; fn a(b: [u8; 2]) {}\n}\n\
             #[cfg(test)]\nuse crate::transport::W;\nuse crate::error::Error;\n";
        complains(rules::floors, "src/retry/backoff.rs", fine, &[]);
        let not_test = "#[cfg(not(test))]\nuse crate::transport::X;";
        complains(
            rules::floors,
            "src/retry/mod.rs",
            not_test,
            &["src/retry/mod.rs:2"],
        );
        let inner = ["src/retry/tests.rs", "src/retry/tests/more.rs"];
        for path in inner {
            complains(rules::floors, path, "use crate::transport::X;", &[]);
        }
    }

    #[test]
    fn by_a_cycle() {
        let complaints = rules::cycles(&tree(&[
            ("src/error.rs", "use crate::request::Request;"),
            ("src/request.rs", "\nuse crate::rejection::Set;"),
            ("src/rejection.rs", "fn f(e: crate::error::Error) {}"),
        ]));
        assert_eq!(complaints.len(), 1, "{complaints:#?}");
        for part in ["src/error.rs:1", "src/request.rs:2", "src/rejection.rs:1"] {
            assert!(complaints[0].contains(part), "{complaints:#?}");
        }
    }

    #[test]
    fn but_not_by_a_module_and_its_parts() {
        let complaints = rules::cycles(&tree(&[
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
        let complaints = rules::cycles(&tree(&[
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
        let bad = "fn f() {\n    Instant::now();\n    std::thread::spawn(f);\n    thread::Builder::new();\n}";
        let lines = ["src/error.rs:2", "src/error.rs:3", "src/error.rs:4"];
        complains(rules::clocks_and_threads, "src/error.rs", bad, &lines);
        complains(rules::clocks_and_threads, "src/transport/mod.rs", bad, &[]);
    }

    #[test]
    fn by_sleeping_printing_or_naming_what_is_not_theirs() {
        let sleep = "use std::thread::{self, sleep};";
        complains(
            rules::sleeps,
            "src/transport/mod.rs",
            sleep,
            &["src/transport/mod.rs:1"],
        );
        complains(rules::sleeps, "src/bin/haul/main.rs", sleep, &[]);
        let print = "fn f() {\n    eprintln!();\n}";
        complains(
            rules::prints,
            "src/summary.rs",
            print,
            &["src/summary.rs:2"],
        );
        complains(rules::prints, "src/bin/haul/main.rs", print, &[]);
        let foreign = "use std::net::SocketAddr;\nuse ureq::Agent;\nuse std::net::TcpStream;";
        let lines = ["src/summary.rs:2", "src/summary.rs:3"];
        complains(rules::reserved, "src/summary.rs", foreign, &lines);
        let lines = ["src/transport/mod.rs:2"];
        complains(rules::reserved, "src/transport/mod.rs", foreign, &lines);
        let by_ureq = "src/transport/http1/by_ureq/mod.rs";
        complains(rules::reserved, by_ureq, foreign, &[]);
        let root = Tree::of([("src/lib.rs", "pub use ureq::http;")]);
        assert_eq!(rules::reserved(&root).len(), 1);
    }

    #[test]
    fn by_names() {
        let bad = "struct TaskQueue;\nmod utils;\ntrait MyHandler {}\ntype Item = u8;\nstruct Database;\n";
        let lines = ["src/error.rs:1", "src/error.rs:2", "src/error.rs:3"];
        complains(rules::names, "src/error.rs", bad, &lines);
        complains(
            rules::names,
            "src/retry/common.rs",
            "",
            &["src/retry/common.rs"],
        );
    }

    #[test]
    fn by_length() {
        let long = "\n".repeat(401);
        complains(rules::lengths, "src/error.rs", &long, &["src/error.rs:401"]);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{long}}}\n");
        complains(rules::lengths, "src/error.rs", &tests, &[]);
    }

    #[test]
    fn by_exceptions() {
        let bad = "//! Text.\n#![allow(missing_docs)]\n#[allow(unused, unsafe_code)]\nfn f() {}";
        let lines = ["src/error.rs:2", "src/error.rs:3"];
        complains(rules::exceptions, "src/error.rs", bad, &lines);
    }
}
