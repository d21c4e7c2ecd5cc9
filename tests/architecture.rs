//! Rules of the code base that a compiler does not know: which part may use which, which parts may read the clock, name
//! ureq or print, how long a file or a function may be, which words are not used and how comments begin. Each complaint names file and
//! line.

#[path = "architecture/broken.rs"]
mod broken;
#[path = "architecture/broken_texts.rs"]
mod broken_texts;
#[path = "architecture/comments.rs"]
mod comments;
#[path = "architecture/examples.rs"]
mod examples;
#[path = "architecture/floors.rs"]
mod floors;
#[path = "architecture/lengths.rs"]
mod lengths;
#[path = "architecture/source.rs"]
mod source;
#[path = "architecture/summaries.rs"]
mod summaries;
#[path = "architecture/types.rs"]
mod types;
#[path = "architecture/vectors.rs"]
mod vectors;
#[path = "architecture/words.rs"]
mod words;

use std::path::Path;
use std::sync::LazyLock;

use source::Tree;

static TREE: LazyLock<Tree> = LazyLock::new(|| Tree::read(Path::new(env!("CARGO_MANIFEST_DIR"))));

#[track_caller]
fn holds(rule: impl Fn(&Tree) -> Vec<String>) {
    let complaints = rule(&TREE);
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Asserts a rule for each Rust file of the package, given its path and text, tests included.
#[track_caller]
fn hold_everywhere<C: IntoIterator<Item = String>>(rule: impl Fn(&str, &str) -> C) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = ["src", "tests", "benches", "examples"].map(|folder| source::files(root, folder));
    let files = files.iter().flatten();
    let complaints = files.flat_map(|(path, text)| rule(path, text));
    let complaints: Vec<_> = complaints.collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn a_comment_begins_by_saying_what_it_is_about() {
    hold_everywhere(comments::beginnings);
}

#[test]
fn the_summary_of_a_public_item_is_short() {
    holds(summaries::summaries);
}

#[test]
fn an_example_is_short_and_in_the_index() {
    let files = source::files(Path::new(env!("CARGO_MANIFEST_DIR")), "examples");
    let complaints = examples::examples(&files, include_str!("../examples/README.md"));
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn every_example_that_a_text_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = source::files(root, "examples");
    let mut texts = ["src", "tests", "benches", "examples"]
        .map(|folder| source::files(root, folder))
        .concat();
    texts.retain(|(path, _)| !path.starts_with("tests/architecture/"));
    for paper in [
        "README.md",
        "CONTRIBUTING.md",
        "ARCHITECTURE.md",
        "examples/README.md",
        "benches/RESULTS.md",
    ] {
        let text = std::fs::read_to_string(root.join(paper)).expect("a paper of the project");
        texts.push((paper.to_owned(), text));
    }
    let complaints = texts
        .iter()
        .flat_map(|(path, text)| examples::named(path, text, &files));
    let complaints: Vec<_> = complaints.collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn a_file_uses_only_floors_below_its_own() {
    holds(floors::floors);
}

#[test]
fn the_description_has_the_same_floors() {
    let complaints = floors::table(include_str!("../ARCHITECTURE.md"));
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn neither_files_nor_folders_use_each_other_in_a_cycle() {
    holds(floors::cycles);
}

#[test]
fn the_lower_floors_read_no_clock_and_start_no_thread() {
    holds(words::clocks_and_threads);
}

#[test]
fn nothing_sleeps() {
    holds(words::sleeps);
}

#[test]
fn the_names_of_a_reserved_part_stand_nowhere_else() {
    holds(words::reserved);
}

#[test]
fn only_the_edges_print() {
    holds(words::prints);
}

#[test]
fn no_text_gets_to_the_log_as_it_is() {
    holds(words::logs);
}

#[test]
fn no_name_is_an_empty_word() {
    holds(words::names);
}

#[test]
fn a_type_name_is_defined_once() {
    holds(types::names);
}

#[test]
fn no_file_is_longer_than_an_idea() {
    hold_everywhere(lengths::file);
}

#[test]
fn a_long_function_gives_its_reason() {
    holds(lengths::functions);
}

#[test]
fn no_function_of_attempt_and_transport_has_many_parameters() {
    holds(lengths::parameters);
}

#[test]
fn two_files_at_most_have_a_thread_local() {
    holds(words::thread_locals);
}

#[test]
fn the_executor_knows_no_http() {
    holds(words::http_in_executor);
}

#[test]
fn tests_and_benches_compile_no_part_of_src_again() {
    holds(words::second_copies);
}

#[test]
fn each_vector_is_named_by_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["src", "tests"].map(|folder| source::files(root, folder));
    let complaints = vectors::unmatched(&vectors::tables(root), &sources.concat());
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn unsafe_code_and_missing_docs_are_refused() {
    holds(words::exceptions);
    let manifest = include_str!("../Cargo.toml");
    let lints = manifest.split("\n[").find(|t| t.starts_with("lints.rust]"));
    let lints = lints.expect("Cargo.toml has a table lints.rust");
    for line in ["unsafe_code = \"forbid\"", "missing_docs = \"deny\""] {
        assert!(lints.lines().any(|l| l == line), "Cargo.toml lacks {line}");
    }
}
