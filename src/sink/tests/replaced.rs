//! Files that are replaced keep what they hold until the batch begins.

use super::*;
use crate::redact::Redaction;
use crate::request::AnnouncedAttempt;
use crate::sink::Journal;

const OLD: &str = "{\"v\":1,\"old\":true}\nand a torn end";

/// Opens a sink that replaces a file.
type Open = fn(&Path) -> Box<dyn Sink>;

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn results_and_their_journal_stay_until_the_batch_begins() {
    let dir = Dir::new("replaced-journal");
    let (results, intents) = (dir.file("run.jsonl"), dir.file("run.jsonl.journal"));
    for path in [&results, &intents] {
        fs::write(path, OLD).unwrap();
    }
    let mut journal = Journal::overwrite(&results).unwrap();
    assert_eq!(journal.found(), 0);
    drop(journal.remaining([Request::post("http://h/")]).next());
    drop(journal);
    assert_eq!((read(&results), read(&intents)), (OLD.into(), OLD.into()));
    journal = Journal::overwrite(&results).unwrap();
    Sink::<crate::Response>::begin(&mut journal).unwrap();
    assert_eq!((read(&results), intents.exists()), (String::new(), false));
    journal.write(&success(0)).unwrap();
    drop(journal);
    assert_eq!(indices(&read(&results)), [0]);
}

#[test]
fn an_intent_of_new_results_stands_alone_though_the_batch_was_not_begun() {
    let dir = Dir::new("replaced-intents");
    let (results, intents) = (dir.file("run.jsonl"), dir.file("run.jsonl.journal"));
    fs::write(&intents, OLD).unwrap();
    let journal = Journal::overwrite(&results).unwrap();
    let request = journal
        .remaining([Request::post("http://h/")])
        .next()
        .unwrap();
    let intents_of = request.resumed().unwrap().intents.clone().unwrap();
    intents_of
        .announce(&request, AnnouncedAttempt::FIRST_WRITE)
        .unwrap();
    assert_eq!(read(&intents).lines().count(), 1);
}

#[test]
fn lines_and_failures_stay_until_the_batch_begins_or_writes() {
    let dir = Dir::new("replaced-lines");
    let path = dir.file("out.jsonl");
    let sinks: [Open; 2] = [
        |path| Box::new(JsonLines::overwrite(path).unwrap()),
        |path| Box::new(Failures::overwrite(path).unwrap()),
    ];
    for open in sinks {
        let steps: [fn(&mut dyn Sink); 3] = [
            |sink| sink.begin().unwrap(),
            |sink| sink.finish(&Summary::new()).unwrap(),
            |sink| sink.idle().unwrap(),
        ];
        for step in steps {
            fs::write(&path, OLD).unwrap();
            drop(open(&path));
            assert_eq!(read(&path), OLD);
            let mut sink = open(&path);
            step(&mut *sink);
            assert_eq!(read(&path), "");
            sink.write(&failed(3)).unwrap();
            drop(sink);
            assert_eq!(indices(&read(&path)), [3]);
        }
    }
}

#[test]
fn a_log_that_is_replaced_is_not_repaired_before() {
    let dir = Dir::new("replaced-log");
    let (results, path) = (dir.file("run.jsonl"), dir.file("failures.jsonl"));
    fs::write(&path, OLD).unwrap();
    let journal = Journal::overwrite(&results).unwrap();
    let mut log = Failures::overwrite(&path).unwrap();
    log.rebuild(&journal, &Redaction::default()).unwrap();
    assert_eq!(read(&path), OLD);
    drop(log);
    assert_eq!(read(&path), OLD);
}
