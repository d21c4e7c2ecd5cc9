//! `{shard}` in the names of files and directories.

use serde_json::Value;
use test_support::{Answer, Server};

use super::super::command::{Folder, haul};

#[test]
fn the_number_stands_in_the_name_of_everything_that_is_written() {
    let answer = Answer::status(404).header("set-cookie", "a=b; Path=/");
    let (server, folder) = (Server::always(answer), Folder::new());
    let urls: String = (0..60).map(|n| server.url(&format!("/{n}\n"))).collect();
    let list = folder.file("list", urls);
    let at = |name: &str| folder.at(name);
    let arguments = [
        ("-o", at("r-{shard}.jsonl")),
        ("--failures", at("f-{shard}.db")),
        ("--summary-json", at("s-{shard}.json")),
        ("--output-dir", at("d-{shard}")),
        ("--output-name", "{shard}-{index}".to_owned()),
        ("--html", at("h-{shard}.html")),
        ("--junit", at("j-{shard}.xml")),
        ("--capture", at("c-{shard}")),
        ("-b", at("k-{shard}.txt")),
        ("-c", at("k-{shard}.txt")),
    ];
    let arguments = arguments
        .iter()
        .flat_map(|(option, value)| [*option, value]);
    let run = haul(["--shard", "3/12", "--accept", "404", "--exit-zero"]).and(arguments);
    run.and([&list]).done().exits(0);
    let names = [
        "r-03.jsonl",
        "f-03.db",
        "s-03.json",
        "d-03",
        "h-03.html",
        "j-03.xml",
        "c-03",
        "k-03.txt",
    ];
    for name in names {
        assert!(folder.has(name), "{name}");
    }
    for path in folder.paths() {
        assert!(!path.to_string_lossy().contains("{shard}"), "{path:?}");
    }
    for record in folder.records("r-03.jsonl") {
        let file = record["output_file"].as_str().unwrap();
        let name = format!("d-03/03-{}", record["index"]);
        assert!(file.ends_with(&name), "{file}");
    }
}

#[test]
fn the_number_has_as_many_digits_as_the_last_one() {
    for (shard, name) in [
        ("0/1", "r-0.jsonl"),
        ("9/10", "r-9.jsonl"),
        ("9/11", "r-09.jsonl"),
        ("7/100000", "r-00007.jsonl"),
    ] {
        let folder = Folder::new();
        let out = folder.at("r-{shard}.jsonl");
        haul(["-q", "--shard", shard, "-o", &out, "-"])
            .done()
            .exits(0);
        assert!(folder.has(name), "{name}");
    }
}

#[test]
fn without_a_shard_the_placeholder_is_told() {
    let folder = Folder::new();
    for (option, long) in [
        ("-o", "-o/--output"),
        ("--failures", "--failures"),
        ("--summary-json", "--summary-json"),
        ("--output-dir", "--output-dir"),
        ("--html", "--html"),
        ("--junit", "--junit"),
        ("--capture", "--capture"),
        ("-c", "-c/--cookie-jar"),
    ] {
        let path = folder.at("x-{shard}");
        let told = format!("haul: {long}: {path}: {{shard}} needs --shard");
        haul([option, &path, "http://h/"])
            .done()
            .exits(2)
            .says(&told);
    }
    assert!(folder.paths().is_empty());
}

#[test]
fn a_name_without_the_number_is_allowed() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let out = folder.at("r.jsonl");
    let urls: String = (0..20).map(|n| server.url(&format!("/{n}\n"))).collect();
    let run = haul(["-q", "--shard", "0/2", "-o", &out, "-"]).input(urls);
    run.done().exits(0);
    let records: Vec<Value> = folder.records("r.jsonl");
    assert!((1..20).contains(&records.len()));
}
