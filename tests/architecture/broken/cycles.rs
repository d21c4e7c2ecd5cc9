//! Files and folders that use each other in a cycle.

use super::tree;
use crate::floors;

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
