//! Reading of a results file and its intents, also of torn and wrong ones.

mod foreign;
mod keys;
mod last_line;
mod scanned;

use crate::request::AnnouncedAttempt;
use std::fs;
use std::path::PathBuf;

use super::*;
use crate::error::ErrorType;

#[cfg(feature = "sqlite")]
impl Journal {
    /// Sets the number of pages that a database may have. 0: any number.
    pub(in crate::sink) fn limit_pages(&self, most: u32) {
        if let Some(table) = self.out().table() {
            table.limit_pages(most);
        }
    }
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("haul-journal-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// Makes the results file with this text.
    fn results(&self, text: &str) -> PathBuf {
        let path = self.0.join("run.jsonl");
        fs::write(&path, text).unwrap();
        path
    }

    fn intents(&self, requests: &[Request]) {
        let line = |request| format!("{{\"v\":1,\"key\":\"{}\"}}\n", Key::of(request));
        let lines: String = requests.iter().map(line).collect();
        fs::write(self.0.join("run.jsonl.journal"), lines).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn get(n: u32) -> Request {
    Request::get(format!("http://h/{n}"))
}

fn post(n: u32) -> Request {
    Request::post(format!("http://h/{n}"))
}

/// The record of a request that was sent.
fn line(request: &Request, outcome: &str) -> String {
    let key = Key::of(request);
    format!(
        "{{\"v\":1,\"index\":0,\"key\":\"{key}\",\"outcome\":\"{outcome}\",\"url\":\"http://h/\",\"method\":\"GET\",\"attempts\":1,\"timestamp\":\"2026-08-22T10:15:30.123Z\"}}\n"
    )
}

/// Lists the remaining requests: URL, position in the input, `+` if the request replaces an earlier outcome, `!` if it
/// was cut off.
fn left(journal: &Journal, input: Vec<Request>) -> Vec<String> {
    let shown = |request: Request| {
        let resumed = request.resumed();
        let (supersedes, interrupted) =
            resumed.map_or((false, false), |r| (r.supersedes, r.interrupted));
        let position = request.index().unwrap_or(9);
        let marks = [(supersedes, "+"), (interrupted, "!")];
        let marks: String = marks.iter().filter(|m| m.0).map(|m| m.1).collect();
        format!(
            "{}@{position}{marks}",
            request.url().trim_start_matches("http://h")
        )
    };
    journal.remaining(input).map(shown).collect()
}

#[test]
fn a_request_with_an_outcome_is_left_out_wherever_it_stands() {
    let folder = Folder::new("left-out");
    let path = folder.results(&(line(&get(2), "success") + &line(&get(0), "failed")));
    let journal = Journal::open(path).unwrap();
    assert_eq!(journal.found(), 2);
    assert_eq!(
        left(&journal, vec![get(0), get(1), get(2), get(3)]),
        ["/1@1", "/3@3"]
    );
}

#[test]
fn requests_of_one_key_are_matched_by_how_many_there_are() {
    let folder = Folder::new("by-count");
    let path = folder.results(&line(&get(0), "success").repeat(2));
    let journal = Journal::open(path).unwrap();
    assert_eq!(left(&journal, vec![get(0), get(0), get(0)]), ["/0@2"]);
}

#[test]
fn retry_failed_sends_requests_again_until_they_succeed() {
    let folder = Folder::new("again");
    let text = line(&get(0), "failed") + &line(&get(1), "success") + &line(&get(2), "rejected");
    let path = folder.results(&text);
    let journal = Journal::open(&path).unwrap().retry_failed(true);
    let input = || vec![get(0), get(1), get(2)];
    assert_eq!(left(&journal, input()), ["/0@0+", "/2@2+"]);
    drop(journal);
    let better = line(&get(0), "success").replace("}\n", ",\"supersedes\":true}\n");
    let path = folder.results(&(text + &better));
    let journal = Journal::open(path).unwrap().retry_failed(true);
    assert_eq!(left(&journal, input()), ["/2@2+"]);
}

#[test]
fn an_intent_without_an_outcome_was_cut_off() {
    let folder = Folder::new("cut-off");
    let path = folder.results(&line(&post(0), "success"));
    folder.intents(&[post(0), post(1)]);
    let input = || vec![post(0), post(1), post(2)];
    let journal = Journal::open(&path).unwrap();
    assert_eq!(left(&journal, input()), ["/1@1!", "/2@2"]);
    drop(journal);
    let journal = Journal::open(&path).unwrap().resume_writes(true);
    assert_eq!(left(&journal, input()), ["/1@1", "/2@2"]);
}

#[test]
fn one_of_two_requests_with_one_key_was_cut_off() {
    let folder = Folder::new("one-of-two");
    let path = folder.results(&line(&post(0), "success"));
    folder.intents(&[post(0), post(0)]);
    let journal = Journal::open(&path).unwrap();
    assert_eq!(
        left(&journal, vec![post(0), post(0), post(0)]),
        ["/0@1!", "/0@2"]
    );
}

#[test]
fn retry_failed_sends_no_interrupted_write_again() {
    let folder = Folder::new("not-again");
    let interrupted = line(&post(0), "failed").replace("}\n", ",\"error_type\":\"interrupted\"}\n");
    let path = folder.results(&interrupted);
    let journal = Journal::open(&path).unwrap().retry_failed(true);
    assert!(left(&journal, vec![post(0)]).is_empty());
    drop(journal);
    let journal = Journal::open(&path)
        .unwrap()
        .retry_failed(true)
        .resume_writes(true);
    assert_eq!(left(&journal, vec![post(0)]), ["/0@0+"]);
}

#[test]
fn a_torn_last_line_is_cut_off_wherever_it_was_torn() {
    let folder = Folder::new("torn");
    let whole = line(&get(0), "success");
    let last = line(&get(1), "success");
    // A line that lacks nothing but its line feed is not torn.
    for torn in 1..last.len() - 1 {
        let path = folder.results(&(whole.clone() + &last[..torn]));
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.found(), 1);
        assert_eq!(fs::read_to_string(path).unwrap(), whole);
    }
    let path = folder.results(&(whole.clone() + &last[..40] + "\0\0\0"));
    drop(Journal::open(&path).unwrap());
    assert_eq!(fs::read_to_string(path).unwrap(), whole);
}

#[test]
fn a_file_that_holds_no_results_is_refused_unchanged() {
    let folder = Folder::new("refused");
    for (text, reason) in [
        ("hello", "line 1: not a record"),
        ("hello\n", "line 1: not a record: the file holds text"),
        (
            "{\"v\":2}\n",
            "line 1: records of version 2 cannot be read (this is version 1)",
        ),
        (
            "{\"v\":1}\n",
            "line 1: not a record: the key \"key\" is missing",
        ),
        ("\n{\"v\":1,\"key\":\"x\"}\n", "line 2: not a record"),
    ] {
        let path = folder.results(text);
        let error = Journal::open(&path).err().unwrap().to_string();
        let expected = format!("{}: cannot be resumed: {reason}", path.display());
        assert!(error.starts_with(&expected), "{error}");
        assert_eq!(fs::read_to_string(path).unwrap(), text);
    }
    let path = folder.results("");
    fs::write(folder.0.join("run.jsonl.journal"), "{\"v\":7,\"what\":1}\n").unwrap();
    let error = Journal::open(path).err().unwrap().to_string();
    assert!(
        error.contains("run.jsonl.journal: cannot be resumed: line 1: records of version 7"),
        "{error}"
    );
    // A folder, a missing folder, and a folder in which no file can be made.
    for path in [
        folder.0.clone(),
        folder.0.join("no/run.jsonl"),
        "/proc/self/run.jsonl".into(),
    ] {
        let error = Journal::open(&path).err().unwrap().to_string();
        let expected = format!("{}: cannot be opened for writing: ", path.display());
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn two_processes_do_not_write_one_file() {
    let folder = Folder::new("locked");
    let path = folder.results("");
    let first = Journal::open(&path).unwrap();
    for second in [Journal::open(&path), Journal::overwrite(&path)] {
        let error = second.err().unwrap().to_string();
        assert!(
            error.ends_with("cannot be locked: another process is writing it"),
            "{error}"
        );
    }
    drop(first);
    drop(Journal::open(&path).unwrap());
    let error = Journal::create(&path).err().unwrap().to_string();
    assert!(error.contains("exists"), "{error}");
}

#[test]
fn an_intent_is_on_file_while_its_request_has_no_outcome() {
    let folder = Folder::new("intents");
    let path = folder.0.join("run.jsonl");
    let intents = folder.0.join("run.jsonl.journal");
    let journal = Journal::create(&path).unwrap().durable(true);
    let requests: Vec<Request> = journal.remaining([get(0), post(1), post(2)]).collect();
    assert!(requests[0].resumed().is_none());
    for request in &requests[1..] {
        request
            .resumed()
            .unwrap()
            .intents
            .as_ref()
            .unwrap()
            .announce(request, AnnouncedAttempt::FIRST_WRITE)
            .unwrap();
    }
    assert_eq!(fs::read_to_string(&intents).unwrap().lines().count(), 2);
    let book = &journal.shared.book;
    book.settle(Key::of(&requests[1]));
    book.close().unwrap();
    assert!(intents.exists());
    book.withdraw(Key::of(&requests[2])).unwrap();
    drop(journal);
    let journal = Journal::open(&path).unwrap();
    // No byte of the second request was sent; the first has no record, since none was written.
    assert_eq!(left(&journal, vec![post(1), post(2)]), ["/1@0!", "/2@1"]);
    assert_eq!(ErrorType::Interrupted.as_str(), "interrupted");
}

/// The scan and the parser read the same from a file. The scan reads lines as this crate writes them, the parser lines
/// with blanks.
#[test]
fn a_line_is_read_the_same_however_it_is_written() {
    let folder = Folder::new("written");
    let again = line(&get(2), "failed").replace("}\n", ",\"error_type\":\"timeout\"}\n");
    let odd = line(&get(3), "rejected").replace(
        ",\"attempts\"",
        ",\"body\":\"\\\\\\\"}{\",\"tag\":{\"key\":[\"]}\",{\"v\":2}]},\"attempts\"",
    );
    let interrupted = line(&post(4), "failed").replace("}\n", ",\"error_type\":\"interrupted\"}\n");
    let text = line(&get(1), "success") + &again + &odd + &interrupted;
    let spread = text.replace("\":", "\": ").replace(",\"", ", \"");
    let mut told = Vec::new();
    for text in [&text, &spread] {
        let scanned = text.lines().filter(|l| scan::scan(l.as_bytes()).is_some());
        told.push(scanned.count());
        let path = folder.results(text);
        let journal = Journal::open(path).unwrap().retry_failed(true);
        let input = vec![get(1), get(2), get(3), post(4), get(5)];
        assert_eq!(left(&journal, input), ["/2@1+", "/3@2+", "/5@4"]);
    }
    assert_eq!(told, [4, 0]);
}

/// The scan looks for the keys that records are written with.
#[test]
fn a_record_as_it_is_written_is_scanned_for_what_it_says() {
    let records = [
        line(&get(0), "success"),
        line(&get(1), "rejected"),
        line(&get(2), "failed").replace("}\n", ",\"error_type\":\"interrupted\"}\n"),
        line(&get(3), "failed").replace("\"attempts\":1,", "\"attempts\":0,\"supersedes\":true,"),
        line(&get(4), "success").replace("}\n", ",\"output_file\":\"a/b.html\"}\n"),
    ];
    for text in records {
        let mut record = Record::parse(&text).unwrap();
        if record.attempts == 0 {
            record.timestamp = None;
        }
        let scanned = scan::scan(record.to_line().as_bytes()).unwrap();
        let told = scan::ResultLine {
            key: record.key,
            outcome: record.outcome,
            supersedes: record.supersedes,
            interrupted: record.error_type == Some(ErrorType::Interrupted),
            sent: record.timestamp.is_some(),
            saved: record.output_file.as_deref().map(saves::digest),
            index: record.index,
            page: None,
        };
        assert_eq!(scanned, told, "{text}");
    }
}
