//! Small texts that break a rule about comments, documentation or examples: each rule can be broken, and its complaint
//! names the place.

use crate::broken::complains;
use crate::source::Tree;
use crate::{comments, examples, summaries};

#[test]
fn by_a_comment_that_makes_a_reader_guess() {
    let text = "//! Text.\n//! What follows.\n\n/// Whether it is.\nfn f() {}\n    /// The same once more.\n/// Its size.\n/// Whoever calls.\n\
         /// Bound for `workers`.\n/// What stands in a second line.\n// Where it is.\n// Its second line.\nlet a = 1;\n    //How many.\n";
    let complaints = comments::beginnings("src/a.rs", text);
    let places: Vec<_> = complaints.iter().map(|c| c.split(": ").next()).collect();
    let expected = ["src/a.rs:4", "src/a.rs:6", "src/a.rs:11", "src/a.rs:14"];
    assert_eq!(places, expected.map(Some), "{complaints:#?}");
    assert!(complaints[0].contains("\"Whether\""), "{complaints:#?}");
}

#[test]
fn by_a_long_summary() {
    let long = "A bound for the workers of a client. It has two sentences, which are one paragraph of more than 100 characters.";
    let text = format!(
        "//! {long}\n\n/// {long}\n#[derive(\n    Debug,\n)]\npub struct A {{\n    /// {long}\n    pub a: u8,\n    /// {long}\n    b: u8,\n}}\n\n\
         /// Kinds.\n///\n/// {long}\npub enum B {{\n    /// {long}\n    C,\n}}\n\n/// {long}\npub(crate) fn f() {{}}\n\n/// {long}\n// Long because it is.\npub fn g() {{}}\n\n\
         named! {{\n    /// {long}\n    D {{}}\n}}\n"
    );
    let path = "src/settings/a.rs";
    let lines = [3, 8, 18, 25, 30].map(|line| format!("{path}:{line}"));
    let lines = lines.each_ref().map(String::as_str);
    complains(summaries::summaries, path, &text, &lines);
    complains(summaries::summaries, "src/bin/haul/a.rs", &text, &[]);
    let modules = Tree::of([
        ("src/lib.rs", "pub mod settings;\nmod retry;"),
        ("src/settings/mod.rs", &format!("//! {long}\n")),
        ("src/retry/mod.rs", &format!("//! {long}\n")),
    ]);
    let complaints = summaries::summaries(&modules);
    assert_eq!(complaints.len(), 1, "{complaints:#?}");
    assert!(
        complaints[0].starts_with("src/settings/mod.rs:1: "),
        "{complaints:#?}"
    );
}

#[test]
fn by_an_example_that_is_long_or_in_no_index() {
    let file = |path: &str, lines: usize| (path.to_owned(), "\n".repeat(lines));
    let files = [
        file("examples/a.rs", 81),
        file("examples/b/main.rs", 80),
        file("examples/server/mod.rs", 200),
    ];
    let index = "# Examples\n\n| [`a`](a.rs) | one |\n| [`c`](c.rs) | two |\n";
    let complaints = examples::examples(&files, index);
    let places: Vec<_> = complaints.iter().map(|c| c.split(": ").next()).collect();
    let expected = [
        "examples/a.rs:81",
        "examples/b/main.rs",
        "examples/README.md",
    ];
    assert_eq!(places, expected.map(Some), "{complaints:#?}");
}

#[test]
fn by_naming_an_example_that_is_not_there() {
    let files = [("examples/a.rs".to_owned(), String::new())];
    let text =
        "[`a`](examples/a.rs), `--example a`, examples/b.rs.\n--example c -- x\n--example NAME\n";
    let complaints = examples::named("README.md", text, &files);
    let places: Vec<_> = complaints.iter().map(|c| c.split(": ").next()).collect();
    assert_eq!(
        places,
        ["README.md:1", "README.md:2"].map(Some),
        "{complaints:#?}"
    );
}
