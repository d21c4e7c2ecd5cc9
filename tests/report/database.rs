//! Results in a database.

use haul::report::{Grouping, Report, ReportReader};
use rusqlite::Connection;
use test_support::Folder;

use super::random;

#[test]
fn a_database_and_lines_of_the_same_results_have_the_same_report() {
    let results = random::results(3, 500);
    let folder = Folder::new();
    let path = folder.file("run.db");
    random::table(&results, &Connection::open(&path).unwrap());
    let report = |read: &dyn Fn(&mut ReportReader)| -> Report {
        let mut reader = ReportReader::new().by(Grouping::Tag("/c".to_owned()));
        read(&mut reader);
        assert_eq!(reader.unread().1, 0, "{:?}", reader.unread());
        reader.finish().unwrap()
    };
    let of_database = report(&|reader| reader.read_database(&path).unwrap());
    let lines = random::lines(&results);
    let of_lines = report(&|reader| reader.read("run.jsonl", lines.as_bytes()).unwrap());
    assert!(of_database == of_lines, "{}", of_database.summary());
}

#[test]
fn a_database_without_results_is_refused() {
    let folder = Folder::new();
    let path = folder.file("other.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE t(x)")
        .unwrap();
    let error = ReportReader::new().read_database(&path).unwrap_err();
    let told = error.to_string();
    assert!(
        told.contains("other.db") && told.contains("no table outcomes"),
        "{told}"
    );
}
