//! Requests that count as the same by the keys of the file.

use super::*;
use crate::outcome::sample;
use crate::record::{KeyMaker, KeyVersion};
use crate::request::AnnouncedAttempt;

/// Makes the key by the rule of the first version.
fn first(request: &Request) -> Key {
    let keys = KeyMaker {
        version: KeyVersion::One,
        base: None,
    };
    keys.of(request)
}

/// The record that a run of the first version wrote.
fn old_line(request: &Request, outcome: &str) -> String {
    let new = Key::of(request).to_string();
    line(request, outcome).replace(&new, &first(request).to_string())
}

fn intents_of(folder: &Folder, requests: &[Request]) -> PathBuf {
    let line = |request| format!("{{\"v\":1,\"key\":\"{}\"}}\n", first(request));
    let lines: String = requests.iter().map(line).collect();
    fs::write(folder.0.join("run.jsonl.journal"), lines).unwrap();
    folder.0.join("run.jsonl")
}

fn keys_in(path: &std::path::Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let key = |line: &str| Record::parse(line).unwrap().key.to_string();
    text.lines().map(key).collect()
}

#[test]
fn one_id_on_different_content_is_two_requests() {
    let folder = Folder::new("one-id");
    let two = || vec![get(0).id("a"), get(1).id("a")];
    let path = folder.results(&line(&two()[1], "success"));
    let journal = Journal::open(path).unwrap();
    assert_eq!(left(&journal, two()), ["/0@0"]);
}

#[test]
fn lines_that_differ_only_in_a_header_are_two_requests() {
    let folder = Folder::new("one-header");
    let two = || {
        let of = |language| get(0).header("Accept-Language", language);
        vec![of("de"), of("en"), get(0)]
    };
    let path = folder.results(&line(&two()[1], "success"));
    let journal = Journal::open(path).unwrap();
    assert_eq!(left(&journal, two()), ["/0@0", "/0@2"]);
}

#[test]
fn an_intent_names_one_of_several_requests_with_one_id() {
    let folder = Folder::new("own-intent");
    let two = || vec![post(0).id("a"), post(1).id("a")];
    let path = folder.results("");
    folder.intents(&two()[1..]);
    let journal = Journal::open(path).unwrap();
    assert_eq!(left(&journal, two()), ["/0@0", "/1@1!"]);
}

#[test]
fn a_relative_url_is_the_request_of_the_url_it_is_resolved_to() {
    let folder = Folder::new("base");
    let path = folder.results(&line(&get(1), "success"));
    let options = RecordOptions::new().base_url("http://h/");
    let journal = Journal::open(&path).unwrap().records(options);
    let input = || vec![Request::get("1"), Request::get("/2")];
    assert_eq!(left(&journal, input()), ["/2@1"]);
    drop(journal);
    let other = RecordOptions::new().base_url("http://other/");
    let journal = Journal::open(path).unwrap().records(other);
    assert_eq!(left(&journal, input()).len(), 2);
}

#[test]
fn a_file_that_begins_with_keys_of_version_1_is_continued_with_them() {
    let folder = Folder::new("version-1");
    let named = |n, id: &str| get(n).id(id);
    let input = || {
        vec![
            named(0, "a"),
            get(1).query("q", "x y"),
            get(2),
            named(3, "b"),
        ]
    };
    let path =
        folder.results(&(old_line(&input()[0], "success") + &old_line(&input()[1], "failed")));
    // In version 1 an id was the whole key.
    let mut journal = Journal::open(&path).unwrap();
    assert_eq!(left(&journal, input()), ["/2@2", "/3@3"]);
    for (request, index) in input().into_iter().skip(2).zip(2..) {
        let outcome = sample::connect_timeout(index, request);
        journal.write(&outcome).unwrap();
    }
    drop(journal);
    let expected: Vec<_> = input().iter().map(|r| first(r).to_string()).collect();
    assert_eq!(keys_in(&path), expected);
    assert!(left(&Journal::open(&path).unwrap(), input()).is_empty());
}

#[test]
fn settings_of_records_do_not_change_the_version_of_the_keys() {
    let folder = Folder::new("version-stays");
    let path = folder.results(&old_line(&get(0), "success"));
    let options = RecordOptions::new().base_url("http://h/").headers(true);
    let mut journal = Journal::open(&path).unwrap().records(options);
    assert_eq!(left(&journal, vec![get(0), get(1)]), ["/1@1"]);
    journal.write(&sample::connect_timeout(1, get(1))).unwrap();
    drop(journal);
    assert_eq!(
        keys_in(&path),
        [first(&get(0)), first(&get(1))].map(|k| k.to_string())
    );
}

#[test]
fn a_run_that_was_killed_before_its_first_record_goes_on_with_the_keys_of_its_intents() {
    let folder = Folder::new("intents-1");
    folder.results("");
    let path = intents_of(&folder, &[post(1)]);
    let journal = Journal::open(&path).unwrap();
    assert_eq!(left(&journal, vec![post(0), post(1)]), ["/0@0", "/1@1!"]);
    let intents = journal.remaining([post(2)]).next().unwrap();
    let announcer = intents.resumed().unwrap().intents.clone().unwrap();
    announcer
        .announce(&intents, AnnouncedAttempt::FIRST_WRITE)
        .unwrap();
    let text = fs::read_to_string(folder.0.join("run.jsonl.journal")).unwrap();
    assert!(
        text.ends_with(&format!("\"{}\"}}\n", first(&post(2)))),
        "{text}"
    );
}

#[test]
fn a_new_file_has_keys_of_version_2() {
    let folder = Folder::new("version-2");
    let path = folder.0.join("run.jsonl");
    let mut journal = Journal::open(&path).unwrap();
    journal.write(&sample::connect_timeout(0, get(0))).unwrap();
    drop(journal);
    assert_eq!(keys_in(&path), [Key::of(&get(0)).to_string()]);
}

#[test]
fn keys_of_both_versions_in_one_file_are_refused_by_line() {
    let folder = Folder::new("mixed");
    let (old, new) = (old_line(&get(0), "success"), line(&get(1), "success"));
    for (text, reason) in [
        (
            old.clone() + "\n" + &new,
            "line 3: its key is of version 2, and the keys before it are of version 1",
        ),
        (
            new + &old,
            "line 2: its key is of version 1, and the keys before it are of version 2",
        ),
    ] {
        let path = folder.results(&text);
        let error = Journal::open(&path).err().unwrap().to_string();
        assert!(error.contains(reason), "{error}");
        assert_eq!(fs::read_to_string(path).unwrap(), text);
    }
}

#[test]
fn intents_of_another_version_than_the_records_are_refused() {
    let folder = Folder::new("mixed-intents");
    folder.results(&line(&get(0), "success"));
    let path = intents_of(&folder, &[post(1)]);
    let error = Journal::open(path).err().unwrap().to_string();
    assert!(
        error.contains("run.jsonl.journal: cannot be resumed: its keys are of version 1"),
        "{error}"
    );
}
