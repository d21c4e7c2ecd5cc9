//! The rules. Each looks at the whole tree and returns its complaints.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{File, Tree};

/// What stands on which floor, by the first part of its path.
const FLOORS: &[(u8, &[&str])] = &[
    // Vocabulary.
    (
        0,
        &[
            "cookies",
            "digest",
            "error",
            "host",
            "outcome",
            "redact",
            "rejection",
            "request",
            "response",
            "settings",
            "slab",
            "timing",
            "url",
        ],
    ),
    // Policy: decides what runs when.
    (1, &["retry", "schedule"]),
    // Transport: sockets, names, HTTP.
    (2, &["transport"]),
    // Executor: workers, locks, channels.
    (3, &["executor"]),
    // Collection: outcomes handed out, ordered, counted.
    (4, &["batch", "summary"]),
    // Records: wire formats and files.
    (5, &["record", "sink"]),
    // Facade: wires the floors together.
    (6, &["lib", "client", "internals", "unversioned"]),
    // Edges: arguments, streams, signals, exit codes.
    (7, &["bin"]),
];

/// Words that belong to one part alone.
const RESERVED: &[(&str, &str)] = &[
    ("ureq", "src/transport/http1/by_ureq/"),
    ("TcpStream", "src/transport/"),
    ("TcpListener", "src/transport/"),
    ("UdpSocket", "src/transport/"),
    ("ToSocketAddrs", "src/transport/"),
    ("indicatif", "src/batch/"),
    ("rusqlite", "src/sink/"),
];

const EMPTY_WORDS: &[&str] = &[
    "task", "item", "thing", "data", "handler", "manager", "util", "helper", "common",
];

const LONGEST: usize = 400;

fn floor(file: &File) -> Option<u8> {
    let first = file.path.trim_start_matches("src/").split('/').next()?;
    let first = first.trim_end_matches(".rs");
    let (floor, _) = FLOORS.iter().find(|(_, parts)| parts.contains(&first))?;
    Some(*floor)
}

fn is_edge(file: &File) -> bool {
    file.path.starts_with("src/bin/")
}

pub(crate) fn floors(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in &tree.files {
        let Some(own) = floor(file) else {
            let path = &file.path;
            complaints.push(format!("{path}: stands on no floor; give it one in FLOORS"));
            continue;
        };
        for import in &file.imports {
            let place = format!("{}:{}", file.path, import.line);
            let spelled = format!("crate::{}", import.path.join("::"));
            let (home, _) = tree.home(&import.path);
            if home.module.is_empty() {
                if own < 6 {
                    complaints.push(format!(
                        "{place}: {spelled} goes through the facade; name the file it is defined in"
                    ));
                }
            } else if floor(home).is_some_and(|floor| floor > own) {
                complaints.push(format!(
                    "{place}: {spelled} is in {}, on a floor above this file's ({own})",
                    home.path
                ));
            }
        }
    }
    complaints
}

pub(crate) fn cycles(tree: &Tree) -> Vec<String> {
    // From each file to those of its floor that it uses, with the line of the first use.
    let mut uses: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for file in &tree.files {
        let used = uses.entry(&file.path).or_default();
        for import in file.imports.iter().filter(|import| !import.handed_on) {
            let (home, _) = tree.home(&import.path);
            // A module and its parts are one: pool/shard.rs may use pool.rs, and the files of a folder its mod.rs.
            // Parts stand beside each other, and there a cycle is one.
            let is_part = file.module.starts_with(&home.module);
            if home.path != file.path && floor(home) == floor(file) && !is_part {
                used.entry(&home.path).or_insert(import.line);
            }
        }
    }
    let mut complaints = Vec::new();
    for start in uses.keys() {
        // A cycle is told once, from the first of its files.
        if let Some(round) = way_back(&uses, &mut vec![start], &mut BTreeSet::new()) {
            let hops = (0..round.len()).map(|i| {
                let (from, to) = (round[i], round[(i + 1) % round.len()]);
                format!("{from}:{} uses {to}", uses[from][to])
            });
            complaints.push(format!("cycle: {}", hops.collect::<Vec<_>>().join(", ")));
        }
    }
    complaints
}

/// A way from the last file of `way` to its first, over files that come after that one in the alphabet.
fn way_back<'a>(
    uses: &BTreeMap<&'a str, BTreeMap<&'a str, usize>>,
    way: &mut Vec<&'a str>,
    tried: &mut BTreeSet<&'a str>,
) -> Option<Vec<&'a str>> {
    let (start, here) = (*way.first()?, *way.last()?);
    for next in uses[here].keys() {
        if *next == start {
            return Some(way.clone());
        }
        if *next > start && tried.insert(next) {
            way.push(next);
            if let Some(round) = way_back(uses, way, tried) {
                return Some(round);
            }
            way.pop();
        }
    }
    None
}

pub(crate) fn clocks_and_threads(tree: &Tree) -> Vec<String> {
    let forbidden: &[(&[&str], &str)] = &[
        (&["::", "now"], "reads the clock"),
        (&["thread", "::", "spawn"], "starts a thread"),
        (&["thread", "::", "scope"], "starts threads"),
        (&["thread", "::", "Builder"], "starts a thread"),
        (&["rayon", "::"], "runs on threads"),
    ];
    let low = |file: &&File| floor(file).is_some_and(|floor| floor < 2);
    let mut complaints = Vec::new();
    for file in tree.files.iter().filter(low) {
        for (sequence, what) in forbidden {
            for at in file.find(sequence) {
                let place = file.at(at);
                complaints.push(format!(
                    "{place}: {what}; on this floor time is an argument"
                ));
            }
        }
    }
    complaints
}

pub(crate) fn sleeps(tree: &Tree) -> Vec<String> {
    let inside = tree.files.iter().filter(|file| !is_edge(file));
    let places = inside.flat_map(|file| file.find(&["sleep"]).into_iter().map(|at| file.at(at)));
    places
        .map(|place| format!("{place}: no worker sleeps: what waits is an entry in the schedule"))
        .collect()
}

pub(crate) fn reserved(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in &tree.files {
        for (word, owner) in RESERVED {
            for at in file.find(&[word]) {
                if !file.path.starts_with(owner) {
                    complaints.push(format!("{}: {word} belongs to {owner} alone", file.at(at)));
                }
            }
        }
    }
    complaints
}

pub(crate) fn prints(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in tree.files.iter().filter(|file| !is_edge(file)) {
        for name in ["println", "eprintln", "print", "eprint", "dbg"] {
            for at in file.find(&[name, "!"]) {
                let place = file.at(at);
                complaints.push(format!("{place}: {name}! is for the edges; a library logs"));
            }
        }
    }
    complaints
}

pub(crate) fn logs(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in tree
        .files
        .iter()
        .filter(|file| !is_edge(file) && file.path != "src/redact/escape.rs")
    {
        for level in ["error", "warn", "info", "debug", "trace", "log"] {
            for at in file.find(&["log", "::", level, "!"]) {
                let place = file.at(at);
                complaints.push(format!(
                    "{place}: log::{level}! does not escape; use log_line!"
                ));
            }
        }
    }
    complaints
}

pub(crate) fn names(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in &tree.files {
        for word in file.module.iter().filter_map(|part| empty_word(part)) {
            complaints.push(format!("{}: {word} says nothing", file.path));
        }
        for at in 1..file.tokens.len() {
            let (kind, name) = (file.text(at - 1), file.text(at));
            let names = ["struct", "enum", "union", "trait", "type", "mod"].contains(&kind);
            // `type Item` is Iterator's word.
            if names && (kind, name) != ("type", "Item") {
                let word = empty_word(name);
                complaints
                    .extend(word.map(|w| format!("{}: {name}: {w} says nothing", file.at(at))));
            }
        }
    }
    complaints
}

/// The first word of a name, in either case style and number, that is not used here.
fn empty_word(name: &str) -> Option<&'static str> {
    let mut spaced = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            spaced.push('_');
        }
        spaced.extend(c.to_lowercase());
    }
    EMPTY_WORDS.iter().copied().find(|empty| {
        spaced
            .split('_')
            .any(|word| word == *empty || word.strip_suffix('s') == Some(empty))
    })
}

pub(crate) fn lengths(tree: &Tree) -> Vec<String> {
    let long = tree.files.iter().filter(|file| file.lines > LONGEST);
    long.map(|file| {
        format!(
            "{}:{}: more than {LONGEST} lines are two ideas",
            file.path, file.lines
        )
    })
    .collect()
}

pub(crate) fn exceptions(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in &tree.files {
        for start in file.find(&["allow", "("]) {
            let inside = (start..).take_while(|at| ![")", ""].contains(&file.text(*at)));
            for at in inside.filter(|at| ["missing_docs", "unsafe_code"].contains(&file.text(*at)))
            {
                let place = file.at(at);
                complaints.push(format!("{place}: {} has no exceptions", file.text(at)));
            }
        }
    }
    complaints
}
