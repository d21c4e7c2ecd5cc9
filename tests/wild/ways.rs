//! Runs of every case in every way that can carry it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;

use test_support::corpus::{self, Case};
use test_support::{Authority, Folder};

use crate::run::{Runner, Told, Way};
use crate::server::Server;

/// Number of cases that run at once.
const AT_ONCE: usize = 16;

/// Result of a case, and its differences from the expectation.
pub(crate) struct Came {
    pub(crate) told: Told,
    pub(crate) wrong: Vec<String>,
}

/// Results of all cases of a way, by their number.
pub(crate) fn came(way: Way) -> &'static BTreeMap<usize, Came> {
    static CAME: [OnceLock<BTreeMap<usize, Came>>; Way::ALL.len()] =
        [const { OnceLock::new() }; Way::ALL.len()];
    CAME[way as usize].get_or_init(|| run(way))
}

fn run(way: Way) -> BTreeMap<usize, Came> {
    run_cases(way, corpus::cases())
}

/// Runs the cases that have what they need.
pub(crate) fn run_cases(way: Way, cases: Vec<Case>) -> BTreeMap<usize, Came> {
    let folder = Folder::new();
    let authority = Authority::new();
    let file = folder.write("ca.pem", authority.pem());
    let tls = authority.sign("*.a.test", 2100).serving();
    let server = Server::start(cases.clone(), &tls, way.in_pieces());
    let runner = Runner::new(way, server, &file);
    let (taken, came) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let number = taken.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(number) else {
                        return;
                    };
                    if way.carries(case) && has_features(case) {
                        let (told, wrong) = runner.run(number, case);
                        came.lock().unwrap().insert(number, Came { told, wrong });
                    }
                }
            });
        }
    });
    came.into_inner().unwrap()
}

pub(crate) fn has_features(case: &Case) -> bool {
    match case.option("feature") {
        None => true,
        Some("brotli") => cfg!(feature = "brotli"),
        Some("deflate") => cfg!(feature = "deflate"),
        Some("zstd") => cfg!(feature = "zstd"),
        Some("charset") => cfg!(feature = "charset"),
        Some(other) => panic!("{}: no feature is named {other}", case.place()),
    }
}

#[track_caller]
fn all_hold(way: Way) {
    all_came(way, &corpus::cases(), came(way));
}

/// Fails with a list of the cases that differ from the expectation.
#[track_caller]
pub(crate) fn all_came(way: Way, cases: &[Case], came: &BTreeMap<usize, Came>) {
    let mut failed: Vec<String> = Vec::new();
    for (number, came) in came {
        if !came.wrong.is_empty() {
            failed.push(format!(
                "{}: {}",
                cases[*number].place(),
                came.wrong.join("; ")
            ));
        }
    }
    let (count, all) = (failed.len(), came.len());
    assert!(
        failed.is_empty(),
        "{count} of {all} cases failed, {way:?}:\n{}\n",
        failed.join("\n")
    );
}

#[test]
fn every_case_holds_the_plain_way() {
    all_hold(Way::Plain);
}

#[test]
fn every_case_holds_the_general_way() {
    all_hold(Way::General);
}

#[test]
fn every_case_holds_over_tls() {
    all_hold(Way::Tls);
}

#[test]
fn every_case_holds_over_tls_the_general_way() {
    all_hold(Way::TlsGeneral);
}

#[test]
fn every_case_holds_in_pieces() {
    all_hold(Way::Pieces);
}

#[test]
fn every_case_holds_in_pieces_the_general_way() {
    all_hold(Way::PiecesGeneral);
}

#[test]
fn all_ways_agree() {
    let cases = corpus::cases();
    let mut differ = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        // A reset may take bytes with it that had come before.
        if case.is_reset() {
            continue;
        }
        let told = Way::ALL.map(|way| Some((way, &came(way).get(&number)?.told)));
        let told: Vec<_> = told.into_iter().flatten().collect();
        for pair in told.windows(2) {
            let [(one_way, one), (other_way, other)] = pair else {
                continue;
            };
            if one != other {
                let ways = format!("{one_way:?} and {other_way:?}");
                let told = format!("{one:?} and {other:?}");
                let told: String = told.chars().take(1000).collect();
                differ.push(format!("{}: {ways}: {told}", case.place()));
            }
        }
    }
    let count = differ.len();
    assert!(
        differ.is_empty(),
        "{count} differ:\n{}\n",
        differ.join("\n")
    );
}

#[test]
fn each_rule_has_at_least_four_cases() {
    if std::env::var_os("WILD").is_some() {
        return;
    }
    let cases = corpus::cases();
    let mut counts = BTreeMap::new();
    let mut names = BTreeMap::new();
    for case in &cases {
        *counts.entry(case.rule.clone()).or_insert(0) += 1;
        assert!(!case.by.is_empty(), "{}: it says nobody", case.place());
        let other = names.insert(case.name.clone(), case.place());
        assert_eq!(other, None, "{}: a name is there twice", case.place());
    }
    assert_eq!(counts.len(), 14, "{counts:?}");
    assert!(counts.values().all(|count| *count >= 4), "{counts:?}");
    assert!(cases.len() >= 250, "{} cases", cases.len());
}
