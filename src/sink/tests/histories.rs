//! Random histories of one list, which is edited between its runs, with results in every form.
//!
//! The forms are compared with JSON Lines: each run hands on the same requests.

use crate::request::AnnouncedAttempt;
use std::collections::HashMap;

use fastrand::Rng;

use super::*;
use crate::record::{RowFormat, Selection};

/// Names and columns of results that tell as much as JSON Lines. No columns: the default ones.
const ALIKE: &[(&str, &str)] = &[
    ("run.tsv", ""),
    ("own.tsv", "key,outcome,supersedes,error_type,timestamp"),
    (
        "index.tsv",
        "index,outcome,key,error_type,elapsed_ms,attempts",
    ),
    #[cfg(feature = "csv")]
    ("run.csv", ""),
    #[cfg(feature = "gzip")]
    ("run.tsv.gz", ""),
];

/// Names and columns of results that do not tell which requests were sent or interrupted.
const TELLING_LESS: &[(&str, &str)] = &[
    ("key.tsv", "key"),
    ("outcome.tsv", "key,outcome"),
    ("class.tsv", "key,outcome,error_type"),
    ("attempts.tsv", "key,outcome,attempts"),
    ("status.tsv", "key,status,index"),
];

/// Fate of a request that is handed on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Success,
    Rejected,
    Failed,
    Unsent,
    /// The run is killed before the outcome is written.
    UnderWay,
}

const FATES: [Fate; 6] = [
    Fate::Success,
    Fate::Rejected,
    Fate::Failed,
    Fate::Failed,
    Fate::Unsent,
    Fate::UnderWay,
];

/// A run of the list, which every form plays in the same way.
struct Run {
    input: Vec<usize>,
    retry_failed: bool,
    resume_writes: bool,
    /// Number of requests that are handed on before the kill. `None`: the run ends by itself.
    kill_after: Option<usize>,
    seed: u64,
}

/// Makes a request of a kind. The odd kinds must not be repeated.
fn request(kind: usize) -> Request {
    match kind % 2 {
        0 => Request::get(format!("http://h/{kind}")),
        _ => Request::post(format!("http://h/{kind}")),
    }
}

fn edit(input: &mut Vec<usize>, random: &mut Rng) {
    for _ in 0..random.usize(..4) {
        match random.usize(..4) {
            0 if !input.is_empty() => {
                input.remove(random.usize(..input.len()));
            }
            1 => random.shuffle(input),
            _ => input.insert(random.usize(..=input.len()), random.usize(..4)),
        }
    }
}

/// Makes runs of a list with many equal lines.
fn runs(random: &mut Rng, retries: bool) -> Vec<Run> {
    let mut input: Vec<_> = (0..random.usize(1..6)).map(|_| random.usize(..4)).collect();
    let count = random.usize(2..7);
    let runs = (0..count).map(|_| {
        edit(&mut input, random);
        Run {
            input: input.clone(),
            retry_failed: retries && random.bool(),
            resume_writes: retries && random.usize(..6) == 0,
            kill_after: random.bool().then(|| random.usize(..=input.len())),
            seed: random.u64(..),
        }
    });
    runs.collect()
}

fn open(path: &Path, columns: &str) -> crate::sink::Journal {
    let layout = match columns {
        "" => Layout::by_ending(path),
        columns => {
            let format = RowFormat::by_ending(path).unwrap();
            Layout::rows(format).select(Selection::parse(columns).unwrap())
        }
    };
    crate::sink::Journal::open_with(path, layout).unwrap()
}

/// A request that a run handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Handed {
    url: String,
    supersedes: bool,
    interrupted: bool,
    was_sent: bool,
    /// True if its outcome permits that it is sent again.
    failed: bool,
}

/// Plays a run. Returns the requests that were handed on.
fn play(journal: crate::sink::Journal, run: &Run) -> Vec<Handed> {
    let mut random = Rng::with_seed(run.seed);
    let mut journal = journal
        .retry_failed(run.retry_failed)
        .resume_writes(run.resume_writes);
    let requests: Vec<_> = run.input.iter().copied().map(request).collect();
    let todo = journal.remaining(requests);
    Sink::<Response>::begin(&mut journal).unwrap();
    let (mut handed, mut ended) = (Vec::new(), Vec::new());
    for (nth, request) in todo.enumerate() {
        if run.kill_after == Some(nth) {
            break;
        }
        let facts = request.resumed();
        let interrupted = facts.is_some_and(|facts| facts.interrupted);
        let mut fate = FATES[random.usize(..FATES.len())];
        if run.kill_after.is_none() && fate == Fate::UnderWay {
            fate = Fate::Success;
        }
        if let Some(intents) = facts.and_then(|facts| facts.intents.as_ref())
            && !interrupted
            && fate != Fate::Unsent
        {
            intents
                .announce(&request, AnnouncedAttempt::FIRST_WRITE)
                .unwrap();
        }
        handed.push(Handed {
            url: request.url().to_owned(),
            supersedes: facts.is_some_and(|facts| facts.supersedes),
            interrupted,
            was_sent: !interrupted && fate != Fate::Unsent,
            failed: !interrupted && [Fate::Failed, Fate::Rejected].contains(&fate),
        });
        let index = request.index().unwrap_or(nth as u64);
        let response = response(request.url(), 200, "text/plain", b"fine");
        ended.push(match fate {
            _ if interrupted => sample::unsent(index, request, ErrorType::Interrupted),
            Fate::Success => sample::success(index, request, response),
            Fate::Rejected => sample::rejected(index, request, response, Rejection::new(1, "no")),
            Fate::Failed => sample::connect_timeout(index, request),
            Fate::Unsent => sample::unsent(index, request, ErrorType::BreakerOpen),
            Fate::UnderWay => continue,
        });
    }
    random.shuffle(&mut ended);
    for outcome in &ended {
        journal.write(outcome).unwrap();
    }
    match run.kill_after {
        Some(_) => Sink::<Response>::idle(&mut journal).unwrap(),
        None => journal.flush().unwrap(),
    }
    handed
}

fn seeds(count: u64) -> impl Iterator<Item = u64> {
    let given = std::env::var("HAUL_SEED").ok();
    let first = given.and_then(|seed| seed.parse().ok());
    let first = first.unwrap_or_else(|| fastrand::u64(..1 << 48));
    println!("HAUL_SEED={first}");
    first..first + count
}

/// Numbers of the requests that must not be repeated, by their URLs.
#[derive(Default)]
struct WriteCount {
    /// Highest number of equal lines that the input had.
    lines: usize,
    sent: usize,
    /// Number of outcomes that permit that a request is sent again.
    failed: usize,
}

/// Asserts that no request that must not be repeated was sent more often than its lines and its failures allow.
fn check_writes(runs: &[Run], handed: &[Vec<Handed>], shown: &str) {
    let mut counts = HashMap::<String, WriteCount>::new();
    let retries = runs.iter().any(|run| run.retry_failed);
    for (run, handed) in runs.iter().zip(handed) {
        for kind in [1, 3] {
            let count = counts.entry(format!("http://h/{kind}")).or_default();
            let lines = run.input.iter().filter(|other| **other == kind).count();
            count.lines = count.lines.max(lines);
        }
        for handed in handed {
            let Some(count) = counts.get_mut(&handed.url) else {
                continue;
            };
            count.sent += usize::from(handed.was_sent);
            count.failed += usize::from(handed.failed && retries);
        }
    }
    for (url, count) in counts {
        assert!(count.sent <= count.lines + count.failed, "{shown}: {url}");
    }
}

#[test]
fn every_form_hands_on_the_same_requests() {
    let dir = Dir::new("histories");
    for seed in seeds(60) {
        let runs = runs(&mut Rng::with_seed(seed), true);
        let of = |name: &str, columns: &str| {
            let path = dir.file(&format!("{seed}-{name}"));
            let handed = runs.iter().map(|run| play(open(&path, columns), run));
            (handed.collect::<Vec<_>>(), open(&path, columns).found())
        };
        let expected = of("run.jsonl", "");
        for (name, columns) in ALIKE {
            assert_eq!(of(name, columns), expected, "seed {seed} {name}");
        }
        if runs.iter().all(|run| !run.resume_writes) {
            check_writes(&runs, &expected.0, &format!("seed {seed}"));
        }
    }
}

#[test]
fn no_request_that_must_not_be_repeated_is_sent_twice_whatever_the_columns_are() {
    let dir = Dir::new("few-columns");
    for seed in seeds(60) {
        let runs = runs(&mut Rng::with_seed(seed), false);
        for (name, columns) in TELLING_LESS {
            let path = dir.file(&format!("{seed}-{name}"));
            let handed = runs.iter().map(|run| play(open(&path, columns), run));
            check_writes(
                &runs,
                &handed.collect::<Vec<_>>(),
                &format!("seed {seed} {name}"),
            );
        }
    }
}
