//! Rules about words. Each looks at the whole tree and returns its complaints.

use crate::floors::{floor, floor_of};
use crate::source::{File, Tree};

/// Words that only one part may use.
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

fn is_edge(file: &File) -> bool {
    file.path.starts_with("src/bin/")
}

pub(crate) fn clocks_and_threads(tree: &Tree) -> Vec<String> {
    let forbidden: &[(&[&str], &str)] = &[
        (&["::", "now"], "reads the clock"),
        (&["thread", "::", "spawn"], "starts a thread"),
        (&["thread", "::", "scope"], "starts threads"),
        (&["thread", "::", "Builder"], "starts a thread"),
        (&["rayon", "::"], "runs on threads"),
    ];
    let low = |file: &&File| floor(file) < floor_of("transport");
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

/// Crates that only one part may use, under names that parts of this crate have, too.
const RESERVED_CRATES: &[(&str, &str)] = &[("redis", "src/fleet/redis/")];

pub(crate) fn reserved(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in &tree.files {
        for (name, owner) in RESERVED_CRATES {
            let outside = !file.path.starts_with(owner);
            for at in file.find(&[name, "::"]).into_iter().filter(|_| outside) {
                // `self::redis::` and `fleet::redis::` are the part, `redis::` and `::redis::` the crate.
                let is_part = at > 1 && file.text(at - 1) == "::" && is_word(file.text(at - 2));
                if !is_part {
                    complaints.push(format!(
                        "{}: the crate {name} belongs to {owner} alone",
                        file.at(at)
                    ));
                }
            }
        }
        for (word, owner) in RESERVED {
            for at in file.find(&[word]) {
                // The demo is the one part that is a server.
                let serves = file.path.starts_with("src/bin/haul/demo/") && word.starts_with("Tcp");
                if !file.path.starts_with(owner) && !serves {
                    complaints.push(format!("{}: {word} belongs to {owner} alone", file.at(at)));
                }
            }
        }
    }
    complaints
}

fn is_word(text: &str) -> bool {
    text != "use" && text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
}

/// Files and folders that may have a `thread_local!`: the worker that this thread is, and the connection that ureq's
/// connector is to receive.
const THREAD_LOCALS: &[&str] = &[
    "src/executor/current_worker.rs",
    "src/transport/http1/by_ureq/lease.rs",
];

pub(crate) fn thread_locals(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in &tree.files {
        let may = usize::from(THREAD_LOCALS.contains(&&*file.path));
        for at in file.find(&["thread_local", "!"]).iter().skip(may) {
            let place = file.at(*at);
            complaints.push(format!(
                "{place}: what an attempt or a worker needs is an argument, not a thread_local!"
            ));
        }
    }
    complaints
}

/// Names of the transport that the executor may use, because it cancels running attempts.
const CANCELLING: &[&str] = &["CancelSlot", "AttemptNumber"];

pub(crate) fn http_in_executor(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    let executor = |file: &&File| file.path.starts_with("src/executor/");
    for file in tree.files.iter().filter(executor) {
        for at in file.find(&["http", "::"]) {
            if at == 0 || file.text(at - 1) != "::" {
                let place = file.at(at);
                complaints.push(format!("{place}: http: the executor knows no HTTP"));
            }
        }
        for import in &file.imports {
            let name = import.path.get(1).map_or("", String::as_str);
            let is_transport = import.path.first().is_some_and(|path| path == "transport");
            if is_transport && !CANCELLING.contains(&name) {
                complaints.push(format!(
                    "{}:{}: transport::{name}: the executor knows no HTTP, and of the transport only {}",
                    file.path,
                    import.line,
                    CANCELLING.join(" and ")
                ));
            }
        }
    }
    complaints
}

/// Complaints about tests and benches that compile a file of src a second time.
pub(crate) fn second_copies(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in &tree.outside {
        for (line, text) in (1..).zip(text.lines().map(str::trim)) {
            let includes = text.starts_with("#[path") || text.starts_with("include!(");
            if includes && (text.contains("../src") || text.contains("/src/")) {
                complaints.push(format!(
                    "{path}:{line}: compiles a part of src a second time; use the crate"
                ));
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

/// Returns the first word of a name, in either case style and number, that is not used in this crate.
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
