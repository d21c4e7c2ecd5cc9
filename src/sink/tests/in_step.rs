//! Results and failure log hold each outcome exactly once, even if a write fails, when a later run could go on to its
//! end. Random histories; each prints its seed.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::faulty::{Faults, Faulty};
use super::*;
use crate::redact::Redaction;
use crate::request::{AnnouncedAttempt, JournalFacts};
use crate::sink::growing;
use crate::sink::lines::LineWriter;

const REQUESTS: u64 = 60;

fn scale() -> u64 {
    let scale = std::env::var("HAUL_SCALE")
        .ok()
        .and_then(|n| n.parse().ok());
    scale.unwrap_or(1)
}

/// The requests of the batch, by turns reads and writes; several have the same content.
fn requests() -> impl Iterator<Item = Request> {
    (0..REQUESTS).map(|n| {
        let method = if n % 2 == 0 { "GET" } else { "POST" };
        let url = format!("http://h/{}/{}", n % 5, n - n % 3);
        Request::new(method, url).header("x", "y".repeat(1 << (n % 11)))
    })
}

/// Makes the outcome of a request from its URL, so that it is the same in every run.
fn outcome_of(index: u64, request: Request, moment: u64) -> Outcome {
    let url = request.url().to_owned();
    let answer = |status| {
        response(
            &url,
            status,
            "text/plain; charset=utf-8",
            b"\xe4\xbd\x99 and more",
        )
    };
    let mut outcome = match &url[..10] {
        "http://h/0" | "http://h/1" => sample::success(index, request, answer(200)),
        "http://h/2" => sample::bad_status(index, request, answer(404)),
        "http://h/3" => sample::rejected(index, request, answer(200), Rejection::new(1, "no")),
        _ => sample::connect_timeout(index, request),
    };
    outcome.report.started = (sample::start() + Duration::from_millis(moment)).into();
    outcome
}

/// The server: how often it carried out each write, and the current moment.
#[derive(Default)]
struct World {
    written: HashMap<String, u64>,
    moment: u64,
}

/// Files that a batch is written to.
struct Place {
    results: PathBuf,
    log: PathBuf,
}

impl Place {
    #[cfg(feature = "sqlite")]
    fn is_database(&self) -> bool {
        self.log.extension().is_some_and(|end| end == "db")
    }
}

/// Makes one run, which a fault may end early. Returns true if it came to its end.
fn run(place: &Place, faults: &Arc<Faults>, world: &mut World, random: &mut fastrand::Rng) -> bool {
    #[cfg(feature = "sqlite")]
    for path in [&place.log, &place.results] {
        if path.extension().is_some_and(|end| end == "db") {
            faults.with_database(path);
        }
    }
    let finished = run_until_killed(place, faults, world, random);
    faults.restore_databases();
    finished
}

fn run_until_killed(
    place: &Place,
    faults: &Arc<Faults>,
    world: &mut World,
    random: &mut fastrand::Rng,
) -> bool {
    let opened = Faulty::opened(faults);
    let Ok(journal) =
        crate::sink::Journal::open_as(&place.results, Layout::records(), opened, None)
    else {
        return false;
    };
    let journal = journal.durable(random.bool());
    #[cfg(feature = "sqlite")]
    if random.bool() {
        // The tables alone have 8 pages.
        let pages = random
            .choice(&[0, 9, 12, 20, 40])
            .copied()
            .unwrap_or_default();
        journal.limit_pages(pages * u32::from(faults.any()));
    }
    #[cfg(feature = "sqlite")]
    if place.is_database() {
        // Bound on the pages of the database, some of which it has already. 0: none.
        let pages = random.choice(&[0, 9, 12, 20]).copied().unwrap_or_default();
        let log = crate::sink::Sqlite::of_pages(&place.log, pages * u32::from(faults.any()));
        let mut log = log.and_rejected(true);
        let todo = journal.remaining(requests());
        return match log.rebuild(&journal, &Redaction::default()).is_ok() {
            true => write_in_turn((log, journal), todo, faults, world, random),
            false => false,
        };
    }
    let log = growing::options().create(true).open(&place.log).unwrap();
    let lines = LineWriter::under_layer(&place.log, Faulty::new(log, faults));
    let mut log = Failures::of(lines).and_rejected(true);
    if log
        .follow(&place.log, &journal, &Redaction::default())
        .is_err()
    {
        return false;
    }
    let todo = journal.remaining(requests());
    write_in_turn((log, journal), todo, faults, world, random)
}

/// Gives the outcomes to the log first, or to the journal.
fn write_in_turn<L: Sink>(
    (log, journal): (L, crate::sink::Journal),
    todo: impl Iterator<Item = Request>,
    faults: &Faults,
    world: &mut World,
    random: &mut fastrand::Rng,
) -> bool {
    let faults = (faults, random.u64(0..3 * REQUESTS));
    match random.bool() {
        true => write_all(&mut (log, journal), todo, faults, world, random),
        false => write_all(&mut (journal, log), todo, faults, world, random),
    }
}

fn write_all(
    sinks: &mut impl Sink,
    todo: impl Iterator<Item = Request>,
    (faults, killed_at): (&Faults, u64),
    world: &mut World,
    random: &mut fastrand::Rng,
) -> bool {
    let mut refused = sinks.begin().is_err();
    for (index, request) in (0..).zip(todo) {
        if refused {
            break;
        }
        if index == killed_at {
            faults.kill();
            return false;
        }
        let mut outcome = attempt(index, request, world);
        world.moment += 1;
        if random.u8(..40) == 0 {
            // The run's end took the request back before it was done; it may have been sent all the same.
            outcome.report.cut_short = true;
        }
        refused |= sinks.write(&outcome).is_err();
        if !refused && random.u8(..4) == 0 {
            refused |= sinks.idle().is_err();
        }
    }
    if random.u8(..4) == 0 {
        faults.kill();
        return false;
    }
    let finished = sinks.finish(&Summary::new()).is_ok();
    finished && !refused
}

fn attempt(index: u64, request: Request, world: &mut World) -> Outcome {
    let resumed = request.resumed();
    if resumed.is_some_and(|r| r.interrupted) {
        return sample::unsent(index, request, ErrorType::Interrupted);
    }
    let intents = resumed.and_then(|r: &JournalFacts| r.intents.clone());
    if intents.is_some_and(|intents| {
        intents
            .announce(&request, AnnouncedAttempt::FIRST_WRITE)
            .is_err()
    }) {
        return sample::unsent(index, request, ErrorType::Io);
    }
    let position = resumed_position(&request).unwrap_or(index);
    if !request.method().is_idempotent() {
        *world.written.entry(position.to_string()).or_default() += 1;
    }
    let mut outcome = outcome_of(index, request, world.moment);
    outcome.report.bytes_sent = 100;
    outcome
}

fn resumed_position(request: &Request) -> Option<u64> {
    request.index()
}

fn records(path: &Path) -> Vec<Record<'static>> {
    #[cfg(feature = "sqlite")]
    if path.extension().is_some_and(|end| end == "db") {
        return crate::sink::sqlite::records_of(path);
    }
    let text = super::packed::text_of(path);
    assert!(
        text.is_empty() || text.ends_with('\n'),
        "the last line is torn"
    );
    text.lines()
        .map(|line| Record::parse(line).unwrap())
        .collect()
}

/// Fields of a failure that results and log have in common.
type Failure = (u64, String, Option<String>, String);

fn failure(record: &Record<'_>) -> Failure {
    let at = record.timestamp.map(crate::sink::known::stamp);
    let class = crate::sink::known::class_of(record).to_owned();
    (record.index, record.key.to_string(), at, class)
}

/// Reads the failures of the log. A torn last line is not counted.
fn logged(place: &Place) -> Vec<Failure> {
    #[cfg(feature = "sqlite")]
    if place.is_database() {
        return crate::sink::Sqlite::failures_of(&place.log);
    }
    let text = fs::read_to_string(&place.log).unwrap();
    let log = text.lines().filter_map(|line| Record::parse(line).ok());
    log.map(|record| failure(&record)).collect()
}

/// Each line of a log of lines has a request, and the text of the response if there was one.
fn check_lines(place: &Place, seed: u64) {
    #[cfg(feature = "sqlite")]
    if place.is_database() {
        return;
    }
    for record in records(&place.log) {
        drop(record.to_request().unwrap());
        let answered = record.response_text.is_some();
        assert_eq!(answered, record.status.is_some(), "seed {seed}: {record:?}");
    }
}

/// Removes from the results some of the failures that the log has too, as a cut by hand or a machine's crash may. The
/// first record stays.
fn lose(place: &Place, random: &mut fastrand::Rng) {
    if place.results.extension().is_some_and(|end| end != "jsonl") {
        return;
    }
    let text = fs::read_to_string(&place.results).unwrap_or_default();
    let logged: HashSet<Failure> = match place.log.exists() {
        true => logged(place).into_iter().collect(),
        false => HashSet::new(),
    };
    let mut first_sent = true;
    let mut is_kept = |line: &&str| {
        let Ok(record) = Record::parse(line.trim_end()) else {
            return true;
        };
        if std::mem::take(&mut first_sent) {
            first_sent = record.timestamp.is_none();
            return true;
        }
        let only_in_results = !logged.contains(&failure(&record));
        only_in_results || random.bool()
    };
    let kept: String = text.split_inclusive('\n').filter(&mut is_kept).collect();
    fs::write(&place.results, kept).unwrap();
}

fn check(place: &Place, world: &World, seed: u64) {
    let results = records(&place.results);
    let places: HashSet<u64> = results.iter().map(|record| record.index).collect();
    assert_eq!((results.len(), places.len()), (60, 60), "seed {seed}");
    let success = |record: &&Record<'_>| record.outcome != crate::record::Kind::Success;
    let mut expected: Vec<Failure> = results.iter().filter(success).map(failure).collect();
    check_lines(place, seed);
    let mut logged = logged(place);
    expected.sort();
    logged.sort();
    let differs = expected
        .iter()
        .zip(&logged)
        .find(|(one, other)| one != other);
    let lengths = (logged.len(), expected.len());
    assert!(
        lengths.0 == lengths.1 && differs.is_none(),
        "seed {seed}: {lengths:?} {differs:?}"
    );
    for record in results.iter().filter(|record| record.method == "POST") {
        let times = world.written.get(&record.index.to_string());
        let interrupted = record.error_type == Some(ErrorType::Interrupted);
        let expected = if interrupted { 0..=1 } else { 1..=1 };
        let times = times.copied().unwrap_or_default();
        assert!(
            expected.contains(&times),
            "seed {seed}: sent {times} times: {record:?}"
        );
    }
    let intents = crate::sink::Journal::journal_path(&place.results);
    assert!(!intents.exists(), "seed {seed}: intents are left");
}

fn history(seed: u64, (results, log): (&str, &str)) {
    let dir = Dir::new(&format!("in-step-{seed}-{results}-{log}"));
    let place = Place {
        results: dir.file(results),
        log: dir.file(log),
    };
    let mut random = fastrand::Rng::with_seed(seed);
    let mut world = World::default();
    for _ in 0..random.u64(1..5) {
        let faults = Arc::new(Faults::random(random.u64(..)));
        run(&place, &faults, &mut world, &mut random);
        if random.bool() {
            lose(&place, &mut random);
        }
    }
    let none = Arc::new(Faults::default());
    // A random kill may still come.
    let finished = (0..50).any(|_| {
        run(
            &place,
            &Arc::new(Faults::default()),
            &mut world,
            &mut random,
        )
    });
    assert!(finished, "seed {seed}: no run comes to its end");
    run(&place, &none, &mut world, &mut fastrand::Rng::with_seed(1));
    check(&place, &world, seed);
}

fn histories(count: u64, files: (&str, &str)) {
    let first = std::env::var("HAUL_SEED").ok().and_then(|n| n.parse().ok());
    let first = first.unwrap_or_else(|| fastrand::u64(..1 << 48));
    for seed in first..first + count * scale() {
        history(seed, files);
    }
}

#[test]
fn results_and_failure_log_hold_each_outcome_once_whatever_fails() {
    histories(40, ("run.jsonl", "failures.jsonl"));
}

#[cfg(feature = "sqlite")]
#[test]
fn results_and_database_hold_each_outcome_once_whatever_fails() {
    histories(10, ("run.jsonl", "failures.db"));
}

#[cfg(feature = "sqlite")]
#[test]
fn results_in_a_database_and_failure_log_hold_each_outcome_once_whatever_fails() {
    histories(20, ("run.db", "failures.jsonl"));
}

#[cfg(feature = "sqlite")]
#[test]
fn results_and_failures_in_databases_hold_each_outcome_once_whatever_fails() {
    histories(10, ("run.db", "failures.db"));
}

#[cfg(feature = "gzip")]
#[test]
fn results_in_gzip_and_failure_log_hold_each_outcome_once_whatever_fails() {
    histories(20, ("run.jsonl.gz", "failures.jsonl"));
}

#[cfg(feature = "zstd")]
#[test]
fn results_in_zstd_and_failure_log_hold_each_outcome_once_whatever_fails() {
    histories(20, ("run.jsonl.zst", "failures.jsonl"));
}
