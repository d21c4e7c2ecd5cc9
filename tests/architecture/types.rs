//! Rule about names of types: each stands for one type, so that a reader who meets a name knows its meaning.

use std::collections::BTreeMap;

use crate::broken::tree;
use crate::source::{File, Tree};

/// Names of modules that take the place of another module in builds without a feature, or on other systems. The types
/// of both modules have the same names on purpose.
const ALTERNATIVES: &[&str] = &["absent", "portable"];

const KINDS: &[&str] = &["struct", "enum", "union", "trait", "type"];

/// Names that are defined more than once, each with all its places.
pub(crate) fn names(tree: &Tree) -> Vec<String> {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in tree.files.iter().filter(|file| !is_alternative(file)) {
        for at in definitions(file) {
            places.entry(file.text(at)).or_default().push(file.at(at));
        }
    }
    let several = places.iter().filter(|(_, places)| places.len() > 1);
    let complaint = |(name, places): (&&str, &Vec<String>)| {
        let (first, others) = (&places[0], places[1..].join(", "));
        format!("{others}: {name} is the name of another type already, at {first}")
    };
    several.map(complaint).collect()
}

fn is_alternative(file: &File) -> bool {
    let last = file.module.last();
    last.is_some_and(|last| ALTERNATIVES.contains(&last.as_str()))
}

/// Positions of the names that a file defines, without those of types that belong to an `impl` or a trait and without
/// those that only another build has.
fn definitions(file: &File) -> Vec<usize> {
    let mut found = Vec::new();
    let mut depth = 0;
    for at in 0..file.tokens.len() {
        match file.text(at) {
            "{" => depth += 1,
            "}" => depth -= 1,
            "type" if depth > 0 => {}
            kind if KINDS.contains(&kind) && is_name(file, at + 1) && !is_otherwise(file, at) => {
                found.push(at + 1);
            }
            _ => {}
        }
    }
    found
}

fn is_name(file: &File, at: usize) -> bool {
    at < file.tokens.len() && file.text(at).starts_with(|c: char| c.is_ascii_uppercase())
}

/// Returns true if `#[cfg(not(..))]` stands before the item whose keyword is at `at`.
fn is_otherwise(file: &File, at: usize) -> bool {
    let start = (0..at)
        .rev()
        .find(|at| [";", "}"].contains(&file.text(*at)));
    let start = start.map_or(0, |start| start + 1);
    let before: Vec<_> = (start..at).map(|at| file.text(at)).collect();
    before
        .windows(4)
        .any(|four| four == ["cfg", "(", "not", "("])
}

#[test]
fn a_second_type_of_one_name_is_found() {
    let second = "pub struct Wait;\nfn f() { struct Other; }\nimpl T for Wait { type Item = u8; }";
    let files = [
        (
            "src/retry/backoff.rs",
            "enum Wait { Short, Long }\nimpl T for Wait { type Item = u8; }",
        ),
        ("src/summary.rs", second),
    ];
    let complaints = names(&tree(&files));
    assert_eq!(
        complaints,
        ["src/summary.rs:1: Wait is the name of another type already, at src/retry/backoff.rs:1"]
    );
}

#[test]
fn the_type_of_another_build_may_have_the_name() {
    let other_build =
        "#[cfg(feature = \"a\")]\nstruct Hash;\n#[cfg(not(feature = \"a\"))]\nstruct Hash;";
    let files = [
        ("src/summary.rs", other_build),
        ("src/retry/mod.rs", "mod present; mod absent;"),
        ("src/retry/present.rs", "pub struct Jar;"),
        ("src/retry/absent.rs", "pub enum Jar {}"),
    ];
    let complaints = names(&tree(&files));
    assert!(complaints.is_empty(), "{complaints:#?}");
}
