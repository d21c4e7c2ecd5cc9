//! A last line that lacks only its line feed.

use super::*;

/// Texts in place of the last line's line feed.
const ENDS: [&str; 5] = ["", "\r", "\0", "\0\0\0\0", "\r\0\0"];

#[test]
fn a_whole_last_record_without_its_line_feed_is_a_record() {
    let folder = Folder::new("open");
    for outcome in ["success", "failed", "rejected"] {
        for end in ENDS {
            let text = line(&get(0), "success") + line(&post(1), outcome).trim_end() + end;
            let path = folder.results(&text);
            let mut journal = Journal::open(&path).unwrap();
            assert_eq!(journal.found(), 2, "{end:?}");
            assert_eq!(left(&journal, vec![get(0), post(1), get(2)]), ["/2@2"]);
            journal.flush().unwrap();
            let whole = text.trim_end_matches('\0').to_owned() + "\n";
            assert_eq!(fs::read_to_string(&path).unwrap(), whole);
        }
    }
}

#[test]
fn the_next_record_stands_on_a_line_of_its_own() {
    let folder = Folder::new("next");
    let path = folder.results(line(&post(0), "success").trim_end());
    let mut journal = Journal::open(&path).unwrap();
    let request = journal.remaining([post(0), get(1)]).next().unwrap();
    let outcome = crate::outcome::sample::connect_timeout(1, request);
    journal.write(&outcome).unwrap();
    drop(journal);
    assert_eq!(Journal::open(&path).unwrap().found(), 2);
}

#[test]
fn a_file_of_one_record_without_its_line_feed_is_gone_on_from() {
    let folder = Folder::new("only");
    for text in [
        line(&post(0), "success"),
        line(&post(0), "failed").replace("\":", "\" :\t"),
        line(&post(0), "rejected").replace(',', " ,"),
    ] {
        let path = folder.results(text.trim_end());
        let journal = Journal::open(&path).unwrap();
        assert_eq!(left(&journal, vec![post(0)]), [""; 0]);
    }
}

#[test]
fn a_whole_last_line_that_is_no_record_of_this_file_is_refused() {
    let folder = Folder::new("foreign");
    let of_first_version = line(&get(1), "success").replace("\"2-", "\"");
    for last in [
        "{\"v\":1}",
        "{\"v\":1,\"index\":0,\"key\":\"x\"}",
        of_first_version.trim_end(),
    ] {
        let text = line(&get(0), "success") + last;
        let path = folder.results(&text);
        let error = Journal::open(&path).err().unwrap().to_string();
        assert!(error.contains(": cannot be resumed: line 2: "), "{error}");
        assert_eq!(fs::read_to_string(path).unwrap(), text);
    }
}

#[test]
fn an_intent_without_its_line_feed_counts() {
    let folder = Folder::new("intent");
    for end in ENDS {
        let path = folder.results(&line(&get(0), "success"));
        folder.intents(&[post(1), post(2)]);
        let intents = folder.0.join("run.jsonl.journal");
        let text = fs::read_to_string(&intents).unwrap();
        fs::write(&intents, text.trim_end().to_owned() + end).unwrap();
        let journal = Journal::open(&path).unwrap();
        assert_eq!(
            left(&journal, vec![post(1), post(2)]),
            ["/1@0!", "/2@1!"],
            "{end:?}"
        );
        journal.shared.book.withdraw(Key::of(&post(2))).unwrap();
        drop(journal);
        let journal = Journal::open(&path).unwrap();
        assert_eq!(left(&journal, vec![post(1), post(2)]), ["/1@0!", "/2@1"]);
    }
}
