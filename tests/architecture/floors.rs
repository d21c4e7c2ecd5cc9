//! Rules about imports: the floors, and no cycle at any folder.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{File, Tree};

/// Floors from the lowest up: name, and the parts that stand on it, by the first part of their path.
const FLOORS: &[(&str, &[&str])] = &[
    // Vocabulary that everything may use.
    (
        "0",
        &[
            "cookies",
            "digest",
            "error",
            "host",
            "key",
            "redact",
            "rejection",
            "response",
            "slab",
            "sse",
            "timing",
            "url",
        ],
    ),
    // Settings that a user can change, as plain values. They name no request.
    ("1", &["settings"]),
    // Input and output: requests and outcomes.
    ("1b", &["outcome", "request"]),
    // Decisions: what to do after an attempt, and what runs when.
    ("2", &["retry", "schedule"]),
    // Sockets, names, HTTP.
    ("3", &["transport"]),
    // Steps of one attempt.
    ("4", &["attempt"]),
    // Workers, locks, channels.
    ("5", &["executor"]),
    // Outcomes handed out, ordered, counted.
    ("6", &["batch", "summary"]),
    // Wire formats and files.
    ("7", &["record", "report", "sink", "spill"]),
    // Wires the floors together.
    (
        "8",
        &[
            "client",
            "fleet",
            "guide",
            "internals",
            "lib",
            "testing",
            "unversioned",
        ],
    ),
    // Arguments, streams, signals, exit codes.
    ("9", &["bin"]),
];

/// Floors whose row in the table of ARCHITECTURE.md lacks a name, or has one too many.
pub(crate) fn table(description: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (floor, parts) in FLOORS {
        let start = format!("| {floor} | ");
        let row = (1..)
            .zip(description.lines())
            .find(|(_, line)| line.starts_with(&start));
        let Some((line, row)) = row else {
            complaints.push(format!("ARCHITECTURE.md: the table has no floor {floor}"));
            continue;
        };
        let cell = row[start.len()..].split('|').next().unwrap_or_default();
        // For `bin/haul/` and `lib.rs` the first word counts.
        let names = cell.split('`').skip(1).step_by(2);
        let names: BTreeSet<&str> = names.filter_map(|n| n.split(['/', '.']).next()).collect();
        let parts: BTreeSet<&str> = parts.iter().copied().collect();
        for name in parts.symmetric_difference(&names) {
            complaints.push(format!(
                "ARCHITECTURE.md:{line}: {name} is on floor {floor} here or in FLOORS, but not in both"
            ));
        }
    }
    complaints
}

/// Index in [`FLOORS`] of the floor that a file stands on. `None`: the file stands on no floor.
pub(crate) fn floor(file: &File) -> Option<usize> {
    let first = file.path.trim_start_matches("src/").split('/').next()?;
    floor_of(first.trim_end_matches(".rs"))
}

/// Index in [`FLOORS`] of the floor of a file or folder directly in src. `None`: it is on no floor.
pub(crate) fn floor_of(name: &str) -> Option<usize> {
    FLOORS.iter().position(|(_, parts)| parts.contains(&name))
}

/// Complaints about imports of a floor above, and of the facade, which nothing inside src imports.
pub(crate) fn floors(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in &tree.files {
        let Some(own) = floor(file) else {
            let path = &file.path;
            complaints.push(format!("{path}: stands on no floor; give it one in FLOORS"));
            continue;
        };
        for import in file.imports.iter().filter(|_| !file.module.is_empty()) {
            let place = format!("{}:{}", file.path, import.line);
            let spelled = format!("crate::{}", import.path.join("::"));
            let (home, _) = tree.home(&import.path);
            if home.module.is_empty() {
                complaints.push(format!(
                    "{place}: {spelled} goes through the facade; name the file it is defined in"
                ));
            } else if let Some(other) = floor(home).filter(|other| *other > own) {
                let (other, own) = (FLOORS[other].0, FLOORS[own].0);
                complaints.push(format!(
                    "{place}: {spelled} is in {}, on floor {other}, above this file's ({own})",
                    home.path
                ));
            }
        }
    }
    complaints
}

/// Imports between the parts that stand directly in one folder: from each to the others it uses, with the first place.
type Arrows = BTreeMap<String, BTreeMap<String, String>>;

/// Cycles among the parts that stand directly in a folder, at every folder: a file is a part, and so is a folder with
/// all its files.
///
/// A file may use the root file of its own folder, and those of the folders around that: they and their parts count as
/// one.
pub(crate) fn cycles(tree: &Tree) -> Vec<String> {
    let mut folders: BTreeMap<&[String], Arrows> = BTreeMap::new();
    for file in &tree.files {
        for import in &file.imports {
            let (home, _) = tree.home(&import.path);
            let shared = file.module.iter().zip(&home.module);
            let depth = shared.take_while(|(one, other)| one == other).count();
            let (folder, own) = file.module.split_at(depth);
            let Some((own, other)) = own.first().zip(home.module.get(depth)) else {
                continue;
            };
            let arrows = folders.entry(folder).or_default();
            let place = format!("{}:{} uses {}", file.path, import.line, home.path);
            let arrows = arrows.entry(own.clone()).or_default();
            arrows.entry(other.clone()).or_insert(place);
        }
    }
    let mut complaints = Vec::new();
    for arrows in folders.values() {
        for start in arrows.keys() {
            // Each cycle is reported once, from the first of its parts.
            if let Some(round) = way_back(arrows, &mut vec![start], &mut BTreeSet::new()) {
                let next = round.iter().cycle().skip(1);
                let hops = round
                    .iter()
                    .zip(next)
                    .map(|(from, to)| &*arrows[*from][*to]);
                let hops: Vec<&str> = hops.collect();
                complaints.push(format!("{}: a cycle", hops.join(", ")));
            }
        }
    }
    complaints
}

/// Path from the last part of `way` to its first, over parts that come after that one in the alphabet. `None`: there is
/// no such path.
fn way_back<'a>(
    arrows: &'a Arrows,
    way: &mut Vec<&'a str>,
    tried: &mut BTreeSet<&'a str>,
) -> Option<Vec<&'a str>> {
    let (start, last) = (*way.first()?, *way.last()?);
    for next in arrows.get(last)?.keys() {
        if next == start {
            return Some(way.clone());
        }
        if next.as_str() > start && tried.insert(next) {
            way.push(next);
            if let Some(round) = way_back(arrows, way, tried) {
                return Some(round);
            }
            way.pop();
        }
    }
    None
}
