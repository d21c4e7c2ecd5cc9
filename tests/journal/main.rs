//! Batches whose process is killed, again and again, and resumed until the batch is done.

mod alike;

use std::collections::{HashMap, HashSet};
use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use haul::record::{Kind, Record};
use haul::sink::Journal;
use haul::{Client, ErrorType, Request};
use test_support::{Answer, Server};

const REQUESTS: usize = 2_000;

/// Kinds of requests in the batch.
#[derive(Clone, Copy)]
enum Input {
    /// Each request has an id of its own.
    Apart,
    /// Several requests share one id.
    Alike,
}

impl Input {
    fn name(self) -> &'static str {
        match self {
            Input::Apart => "apart",
            Input::Alike => "alike",
        }
    }

    fn requests(name: &str, base: &str) -> Vec<Request> {
        match name {
            "alike" => alike::requests(base).collect(),
            _ => requests(base).collect(),
        }
    }
}

fn scale() -> usize {
    env::var("HAUL_SCALE")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1)
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = env::temp_dir().join(format!("haul-resume-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn results(&self) -> PathBuf {
        self.0.join("run.jsonl")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Builds reads and writes by turns. One in eight fails, so that failures are resumed too.
fn requests(base: &str) -> impl Iterator<Item = Request> {
    (0..REQUESTS).map(move |i| {
        let method = if i % 2 == 0 { "GET" } else { "POST" };
        let path = if i % 8 == 7 { "gone" } else { "there" };
        Request::new(method, format!("{base}/{path}/{i}")).id(i.to_string())
    })
}

fn server() -> Server {
    Server::start(|seen| {
        let status = if seen.path().starts_with("/gone") {
            404
        } else {
            200
        };
        Answer::status(status).after(Duration::from_millis(seen.number as u64 % 4))
    })
}

/// Runs the batch in a process of its own, as a child of the tests below.
#[test]
#[ignore = "runs as the child of another test"]
fn child() {
    let Ok(results) = env::var("HAUL_RESULTS") else {
        return;
    };
    let client = Client::builder().workers(8).build().unwrap();
    let mut journal = Journal::open(results)
        .unwrap()
        .durable(env::var("HAUL_DURABLE").is_ok());
    let base = env::var("HAUL_BASE").unwrap();
    #[cfg(feature = "sqlite")]
    let mut failures = {
        let mut failures = haul::sink::Sqlite::open(env::var("HAUL_DATABASE").unwrap()).unwrap();
        failures.rebuild(&journal, client.redaction()).unwrap();
        failures
    };
    #[cfg(not(feature = "sqlite"))]
    let mut failures: Vec<Journal> = Vec::new();
    let input = Input::requests(&env::var("HAUL_INPUT").unwrap(), &base);
    let todo = journal.remaining(input);
    client
        .run(todo, &mut (&mut failures, &mut journal))
        .unwrap();
}

fn spawn(server: &Server, results: &Path, input: Input, durable: bool) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "child", "--ignored", "--quiet"]);
    command
        .env("HAUL_RESULTS", results)
        .env("HAUL_DATABASE", results.with_extension("db"))
        .env("HAUL_INPUT", input.name())
        .env("HAUL_BASE", server.url(""));
    if durable {
        command.env("HAUL_DURABLE", "1");
    }
    command
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// Waits until the server has seen `seen` requests, or the child has ended.
fn wait_for(server: &Server, seen: usize, child: &mut Child) -> bool {
    let patience = Instant::now() + Duration::from_secs(120);
    while server.requests() < seen {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return false;
        }
        assert!(Instant::now() < patience, "the batch stands still");
        pause(Duration::from_micros(200));
    }
    true
}

/// Runs the batch until it ends by itself, killing it `kills` times before.
fn kill_and_resume(server: &Server, results: &Path, input: Input, kills: usize, durable: bool) {
    let mut random = seeded();
    let most = REQUESTS / kills;
    for _ in 0..kills {
        let mut child = spawn(server, results, input, durable);
        let next = server.requests() + 1 + random(most);
        if wait_for(server, next, &mut child) {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
    let status = spawn(server, results, input, durable).wait().unwrap();
    assert!(status.success(), "{status}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "another process cannot be waited for otherwise"
)]
fn pause(time: Duration) {
    thread::sleep(time);
}

/// Returns a generator of numbers below a bound, from a seed that is printed.
fn seeded() -> impl FnMut(usize) -> usize {
    let seed = env::var("HAUL_SEED").ok().and_then(|n| n.parse().ok());
    let mut state: u64 = seed.unwrap_or_else(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.unwrap().as_nanos() as u64 | 1
    });
    println!("HAUL_SEED={state}");
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    }
}

/// Asserts that every id is there exactly once, that no write reached the server twice, and that interrupted writes
/// were seen at most once.
fn check(server: &Server, results: &Path) {
    let text = fs::read_to_string(results).unwrap();
    let mut seen = HashMap::<String, usize>::new();
    for request in server.seen() {
        *seen.entry(request.target).or_default() += 1;
    }
    let (mut ids, mut places) = (HashSet::new(), HashSet::new());
    let mut interrupted = 0;
    for line in text.lines() {
        let record = Record::parse(line).unwrap();
        let id = record.id.clone().unwrap().into_owned();
        let times = seen.get(&format!("/{}", record.url.splitn(4, '/').nth(3).unwrap()));
        let times = times.copied().unwrap_or_default();
        assert_eq!(record.index.to_string(), id);
        assert!(places.insert(record.index));
        assert!(ids.insert(id), "{line}");
        if record.method == "POST" {
            assert!(times <= 1, "sent {times} times: {line}");
        }
        if record.error_type == Some(ErrorType::Interrupted) {
            assert_eq!(record.method, "POST");
            assert!(record.prior_attempt_ambiguous);
            interrupted += 1;
        } else {
            assert!(times >= 1, "never sent: {line}");
            let gone = record.url.contains("/gone/");
            let expected = if gone { Kind::Failed } else { Kind::Success };
            assert_eq!(record.outcome, expected, "{line}");
        }
    }
    assert_eq!(ids.len(), REQUESTS);
    assert!(interrupted < REQUESTS / 4, "{interrupted} were interrupted");
    let intents = results.with_extension("jsonl.journal");
    assert!(
        !intents.exists(),
        "intents are left: {}",
        fs::read_to_string(intents).unwrap()
    );
    #[cfg(feature = "sqlite")]
    check_rows(&text, &results.with_extension("db"));
    println!(
        "{interrupted} interrupted, the server saw {} requests",
        server.requests()
    );
}

/// Asserts that every failure on record has its row, of the same moment, once, and that no row is without a record.
#[cfg(feature = "sqlite")]
fn check_rows(records: &str, database: &Path) {
    let database = rusqlite::Connection::open(database).unwrap();
    let query = "SELECT count(*) FROM failures WHERE idx = ?1 AND error_type = ?2 AND (?3 IS NULL OR timestamp = ?3)";
    let mut rows = database.prepare(query).unwrap();
    let mut failed = 0_i64;
    for line in records.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        if record["outcome"] == "failed" {
            let (index, class) = (record["index"].as_u64(), record["error_type"].as_str());
            let asked = (index.unwrap() as i64, class, record["timestamp"].as_str());
            let count: i64 = rows.query_row(asked, |row| row.get(0)).unwrap();
            assert_eq!(count, 1, "{line}");
            failed += 1;
        }
    }
    assert!(failed >= REQUESTS as i64 / 8, "{failed}");
    let all = database.query_row("SELECT count(*) FROM failures", [], |row| row.get(0));
    assert_eq!(all, Ok(failed), "rows, records");
}

#[test]
fn a_batch_killed_again_and_again_writes_each_outcome_once() {
    let (server, folder) = (server(), Folder::new("killed"));
    kill_and_resume(
        &server,
        &folder.results(),
        Input::Apart,
        20 * scale(),
        false,
    );
    check(&server, &folder.results());
}

#[test]
fn a_durable_batch_killed_again_and_again_writes_each_outcome_once() {
    let (server, folder) = (server(), Folder::new("durable"));
    kill_and_resume(&server, &folder.results(), Input::Apart, 5 * scale(), true);
    check(&server, &folder.results());
}

#[test]
fn a_kill_in_the_middle_of_the_repair_does_no_harm() {
    let (server, folder) = (server(), Folder::new("repair"));
    let results = folder.results();
    let mut random = seeded();
    for _ in 0..10 * scale() {
        let mut child = spawn(&server, &results, Input::Apart, false);
        let next = server.requests() + 1 + random(100);
        if wait_for(&server, next, &mut child) {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        // The file is torn as a kill tears it; then the process is killed at some moment of its start, repair and first
        // requests.
        let mut file = fs::OpenOptions::new().append(true).open(&results).unwrap();
        let torn = br#"{"v":1,"id":"torn","index":99"#;
        let ends_whole = fs::read(&results)
            .unwrap()
            .last()
            .is_none_or(|b| *b == b'\n');
        if ends_whole {
            file.write_all(&torn[..1 + random(torn.len())]).unwrap();
        }
        for _ in 0..3 {
            let mut child = spawn(&server, &results, Input::Apart, false);
            pause(Duration::from_micros(random(20_000) as u64));
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
    assert!(
        spawn(&server, &results, Input::Apart, false)
            .wait()
            .unwrap()
            .success()
    );
    check(&server, &results);
}

#[test]
fn a_long_file_is_read_whole() {
    let folder = Folder::new("long");
    let lines = 20_000 * scale() as u64;
    let mut file = std::io::BufWriter::new(fs::File::create(folder.results()).unwrap());
    for i in 0..lines {
        // The keys are distinct, as digests are.
        let key = u128::from(i).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        writeln!(file, "{{\"v\":1,\"index\":{i},\"key\":\"{key:032x}\",\"outcome\":\"success\",\"url\":\"http://h/{i}\",\"method\":\"GET\",\"status\":200,\"attempts\":1,\"timestamp\":\"2026-08-22T10:15:30.123Z\",\"elapsed_ms\":1.25}}").unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();
    let start = Instant::now();
    let journal = Journal::open(folder.results()).unwrap();
    println!("{lines} lines read in {:?}", start.elapsed());
    assert_eq!(journal.found(), lines);
    let todo: Vec<Request> = journal
        .remaining((0..3).map(|i| format!("http://other/{i}")))
        .collect();
    assert_eq!(todo.len(), 3);
}
