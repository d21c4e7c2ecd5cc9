//! The request of a row, and the place that the request was read from.

use super::*;
use crate::record::Key;

#[test]
fn a_row_has_the_key_and_the_place_of_its_request() {
    let folder = Folder::new("place");
    let requests = [
        Request::get("http://h/1").read_at("list", 7),
        Request::get("http://h/2").read_at("-", 1),
        Request::get("http://h/3").read_from_argument(2),
    ];
    let outcomes = (0..).zip(requests.clone());
    let outcomes: Vec<_> = outcomes
        .map(|(index, request)| sample::connect_timeout(index, request))
        .collect();
    run(&mut Sqlite::open(folder.file()).unwrap(), &outcomes).unwrap();
    let rows: String = ask(
        &folder.file(),
        "SELECT group_concat(key || ' ' || coalesce(source, '?') || ':' || coalesce(line, '?'), char(10)) FROM failures",
    );
    let keys = requests.each_ref().map(Key::of);
    let expected = [
        format!("{} list:7", keys[0]),
        format!("{} -:1", keys[1]),
        format!("{} ?:?", keys[2]),
    ];
    assert_eq!(rows.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_relative_url_counts_as_resolved_where_the_base_is_known() {
    let folder = Folder::new("base");
    let options = RecordOptions::new().base_url("http://h/api/");
    let mut sink = Sqlite::open(folder.file()).unwrap().records(options);
    run(&mut sink, &[sample::connect_timeout(0, "http://h/api/a")]).unwrap();
    let whole: String = ask(&folder.file(), "SELECT key FROM failures");
    let keys = RecordOptions::new().base_url("http://h/api/");
    assert_eq!(whole, keys.keys().of(&"a".into()).to_string());
}

#[test]
fn requests_that_differ_in_anything_sent_are_rows_of_their_own_in_last_failures() {
    let folder = Folder::new("apart");
    let post = |n: u32| Request::post("http://h/orders").json(&n);
    let german = Request::get("http://h/").header("Accept-Language", "de");
    let english = Request::get("http://h/").header("Accept-Language", "en");
    let requests = [
        post(1),
        post(2),
        post(3),
        german,
        english,
        Request::get("http://h/a").id("x"),
        Request::get("http://h/b").id("x"),
    ];
    for _ in 0..2 {
        let outcomes: Vec<_> = (0..)
            .zip(requests.clone())
            .map(|(index, request)| sample::connect_timeout(index, request))
            .collect();
        run(&mut Sqlite::open(folder.file()).unwrap(), &outcomes).unwrap();
    }
    let count = |query| ask::<i64>(&folder.file(), query);
    assert_eq!(count("SELECT count(*) FROM failures"), 14);
    assert_eq!(count("SELECT count(*) FROM last_failures"), 7);
    let again = Sqlite::last_failures(folder.file()).unwrap();
    let keys: Vec<_> = again.iter().map(Key::of).collect();
    assert_eq!(keys, requests.iter().map(Key::of).collect::<Vec<_>>());
}

#[test]
fn a_last_failure_comes_back_with_the_place_of_its_line() {
    let folder = Folder::new("where");
    let request = Request::get("http://h/").read_at("list", 7);
    let outcome = sample::connect_timeout(0, request);
    run(&mut Sqlite::open(folder.file()).unwrap(), &[outcome]).unwrap();
    let again = &Sqlite::last_failures(folder.file()).unwrap()[0];
    assert_eq!((again.source(), again.line()), (Some("list"), Some(7)));
}

#[test]
fn a_row_that_cannot_be_understood_is_one_request_that_fails() {
    let folder = Folder::new("odd-row");
    let outcomes = [
        sample::connect_timeout(0, "http://h/odd"),
        sample::connect_timeout(1, "http://h/good"),
    ];
    run(&mut Sqlite::open(folder.file()).unwrap(), &outcomes).unwrap();
    let database = Connection::open(folder.file()).unwrap();
    let odd = "UPDATE failures SET request = '{\"url\":1' WHERE idx = 0";
    database.execute_batch(odd).unwrap();
    drop(database);
    let again = Sqlite::last_failures(folder.file()).unwrap();
    assert_eq!(
        (again[0].url(), again[1].url()),
        ("http://h/odd", "http://h/good")
    );
    assert!(again[0].invalid().is_some() && again[1].invalid().is_none());
}
