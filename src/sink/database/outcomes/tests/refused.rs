//! Files that are refused: of other programs, of other kinds, and such that another process writes.

use super::*;
use crate::record::Layout;

fn refused(path: &Path) -> String {
    let error = Journal::open(path).map(drop).unwrap_err();
    assert_eq!(error.path(), Some(path));
    error.to_string()
}

#[test]
fn a_database_that_holds_anything_else_is_refused_and_stays() {
    let folder = Folder::new("foreign");
    let cases = [
        (
            "failures.db",
            "PRAGMA user_version=2; CREATE TABLE failures(x); CREATE TABLE runs(x)",
            "it holds a failure log, and no results",
        ),
        (
            "other.sqlite",
            "CREATE TABLE mine(x)",
            "it holds no results",
        ),
        (
            "newer.sqlite3",
            "PRAGMA user_version=2; CREATE TABLE outcomes(x); CREATE TABLE runs(x)",
            "its results are of version 2 (this is version 1)",
        ),
    ];
    for (name, statements, reason) in cases {
        let path = folder.at(name);
        Connection::open(&path)
            .unwrap()
            .execute_batch(statements)
            .unwrap();
        let before = fs::read(&path).unwrap();
        let error = refused(&path);
        assert!(error.ends_with(reason), "{error}");
        assert!(Journal::overwrite(&path).is_err(), "{name}");
        assert_eq!(fs::read(&path).unwrap(), before, "{name}");
    }
    let text = folder.at("text.db");
    fs::write(&text, "{\"v\":1}\n").unwrap();
    assert!(refused(&text).contains("not a database"));
    let results = folder.at("run.db");
    drop(Journal::create(&results).unwrap());
    let error = Sqlite::open(&results).map(drop).unwrap_err().to_string();
    assert!(
        error.ends_with("it holds results, and no failure log"),
        "{error}"
    );
}

#[test]
fn a_database_has_no_selected_columns() {
    let folder = Folder::new("selected");
    let path = folder.at("run.db");
    let error = Journal::create_with(&path, Layout::rows(crate::record::RowFormat::Tsv));
    let error = error.map(drop).unwrap_err().to_string();
    assert!(error.contains("columns of its own"), "{error}");
    assert!(!path.exists());
}

#[test]
fn a_second_writer_is_refused_until_the_first_is_gone() {
    let folder = Folder::new("lock");
    let path = folder.at("run.db");
    let first = Journal::create(&path).unwrap();
    for second in [Journal::open(&path), Journal::overwrite(&path)] {
        let error = second.map(drop).unwrap_err().to_string();
        assert!(error.ends_with("another process is writing it"), "{error}");
    }
    drop(first);
    drop(Journal::open(&path).unwrap());
    let left: Vec<_> = fs::read_dir(&folder.0)
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    assert_eq!(left, ["run.db"]);
}

#[test]
fn results_that_are_replaced_stay_until_the_batch_begins() {
    let folder = Folder::new("replaced");
    let path = folder.at("run.db");
    run(&mut Journal::create(&path).unwrap(), &mixed()).unwrap();
    drop(Journal::overwrite(&path).unwrap());
    assert_eq!(ask::<i64>(&path, "SELECT count(*) FROM outcomes"), 5);
    run(&mut Journal::overwrite(&path).unwrap(), &mixed()[..1]).unwrap();
    assert_eq!(ask::<i64>(&path, "SELECT count(*) FROM outcomes"), 1);
    assert_eq!(ask::<i64>(&path, "SELECT count(*) FROM runs"), 1);
    assert!(Journal::create(&path).is_err());
}

#[test]
fn a_row_that_is_no_record_is_named() {
    let folder = Folder::new("row");
    let path = folder.at("run.db");
    run(&mut Journal::create(&path).unwrap(), &mixed()).unwrap();
    let spoil = "UPDATE outcomes SET record = '{}' WHERE number = 3";
    Connection::open(&path).unwrap().execute(spoil, []).unwrap();
    let error = refused(&path);
    assert!(error.contains("row 3: not a record"), "{error}");
}
