//! Places in the input that outcomes name.

use serde_json::{Value, json};
use test_support::{Answer, Server};

use super::command::{Done, Folder, haul};

fn gone() -> Server {
    Server::always(Answer::status(404))
}

/// Returns source and line of each record, in the order of the input.
fn places(records: &[Value]) -> Vec<(Value, Value)> {
    let place = |record: &Value| (record["source"].clone(), record["line"].clone());
    records.iter().map(place).collect()
}

/// Returns the places that the summary gives as examples.
fn examples(done: &Done) -> Vec<String> {
    let after = |line: &str| {
        let (_, rest) = line.split_once("e.g. ")?;
        let (place, _) = rest.rsplit_once(' ')?;
        Some(place.to_owned())
    };
    done.stderr.lines().filter_map(after).collect()
}

#[test]
fn records_name_file_and_line_counting_comments_and_blank_lines() {
    let (server, folder) = (gone(), Folder::new());
    let text = format!(
        "\u{feff}# pages\r\n\r\n{}\r\n\n  # more\n{}\nexample.com\n\n{}",
        server.url("/3"),
        json!({"url": server.url("/6")}),
        server.url("/9"),
    );
    folder.file("list", text);
    let done = haul(["--ordered", "--failures", "log.jsonl", "list"])
        .current_dir(&folder)
        .done()
        .exits(1);
    let lines = [3, 6, 7, 9].map(|line| (json!("list"), json!(line)));
    assert_eq!(places(&done.results()), lines);
    let mut logged = places(&folder.records("log.jsonl"));
    logged.sort_by_key(|(_, line)| line.as_u64());
    assert_eq!(logged, lines);
    assert_eq!(examples(&done), ["list:3", "list:7"]);
}

#[test]
fn each_of_several_files_is_named_as_it_was_given() {
    let (server, folder) = (gone(), Folder::new());
    folder.file("one", format!("# no\n{}\n", server.url("/a")));
    folder.file("two", format!("\n\nnowhere\n{}\n", server.url("/b")));
    let arguments = ["--ordered", "-j1", "./one", "two", "one"];
    let done = haul(arguments).current_dir(&folder).done().exits(1);
    assert_eq!(
        places(&done.results()),
        [("./one", 2), ("two", 3), ("two", 4), ("one", 2)].map(|(s, l)| (json!(s), json!(l)))
    );
    assert_eq!(examples(&done), ["./one:2", "two:3"]);
    done.says("haul: two:3: ");
}

#[test]
fn standard_input_is_named_as_on_the_command_line() {
    let server = gone();
    let input = format!("# no\n{}\nnowhere\n", server.url("/a"));
    for arguments in [&["--ordered", "-"][..], &["--ordered"]] {
        let done = haul(arguments).input(input.clone()).done().exits(1);
        assert_eq!(
            places(&done.results()),
            [(json!("-"), json!(2)), (json!("-"), json!(3))]
        );
        assert_eq!(examples(&done), ["stdin:2", "stdin:3"]);
        done.says("haul: stdin:3: ");
    }
}

#[test]
fn an_argument_is_no_line() {
    let (server, folder) = (gone(), Folder::new());
    let list = folder.file("list", format!("{0}\n{0}\n", server.url("/a")));
    let bad = "http://h:99999/";
    let done = haul(["--ordered", "-j1", bad, &list]).done().exits(1);
    assert_eq!(places(&done.results())[0], (Value::Null, Value::Null));
    let mut named = examples(&done);
    named.sort();
    assert_eq!(named, [format!("{list}:1"), "argument 1".to_owned()]);
    done.says("haul: argument 1: ");
}

#[test]
fn equal_mistakes_are_one_row_wherever_they_stand() {
    let (server, folder) = (gone(), Folder::new());
    let mut text = String::new();
    for n in 0..30 {
        text += &format!("www.example.com/{n}\n{{\"url\": \"{}\n", "x".repeat(n));
    }
    text += &server.url("/a");
    let list = folder.file("list", text);
    let summary = folder.at("summary.json");
    let done = haul(["--summary-json", &summary, &list]).done().exits(1);
    let summary: Value = serde_json::from_str(&folder.read("summary.json")).unwrap();
    let top = summary["top_errors"].as_array().unwrap();
    let mut counts: Vec<_> = top.iter().map(|e| e["count"].as_u64().unwrap()).collect();
    counts.sort();
    assert_eq!(counts, [1, 30, 30], "{top:?}");
    let mut named: Vec<_> = top.iter().map(|e| e["place"].as_str().unwrap()).collect();
    named.sort();
    let expected = [1, 2, 61].map(|line| format!("{list}:{line}"));
    assert_eq!(named, expected);
    assert_eq!(examples(&done).len(), 3);
}
