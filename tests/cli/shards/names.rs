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
fn the_number_stands_in_the_form_that_a_name_asks_for() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let (out, saved) = (folder.at("{{r}-{shard:04}.jsonl"), folder.at("d"));
    let name = "{shard:03}/{{x}-{index:02}";
    haul(["-q", "--shard", "0/1", "-o", &out, "--output-dir", &saved])
        .and(["--output-name", name, &server.url("/")])
        .done()
        .exits(0);
    let records = folder.records("{r}-0000.jsonl");
    let file = records[0]["output_file"].as_str().unwrap();
    assert!(file.ends_with("d/000/{x}-00"), "{file}");
}

#[test]
fn other_placeholders_and_open_braces_are_refused() {
    let folder = Folder::new();
    for (name, told) in [
        ("r-{Shard}", "unknown name \"Shard\""),
        ("r-{index}-{shard}", "unknown name \"index\""),
        ("r-{shard", "a placeholder is not closed by }"),
        ("r-{shard:6}", "a width is written with a 0 in front"),
    ] {
        let out = folder.at("");
        let out = format!("{out}{name}");
        let done = haul(["--shard", "0/2", "-o", &out, "http://h/"]).done();
        done.exits(2)
            .says("-o/--output: ")
            .says(told)
            .says("{shard:06}");
    }
    let output = ["--output-dir", &folder.at("d"), "--output-name", "{Shard}"];
    let done = haul(["--shard", "0/2", "http://h/"]).and(output).done();
    done.exits(2).says("unknown name \"Shard\"");
    assert!(folder.paths().is_empty());
}

#[test]
fn a_folder_that_is_not_there_is_named_before_anything_is_sent() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    for (arguments, name) in [(&["--shard", "0/1"][..], "{shard}"), (&[], "0")] {
        let out = folder.at(&format!("{name}/r.jsonl"));
        let told = format!("its directory {} does not exist", folder.at("0"));
        let done = haul(["-o", &out, &server.url("/")]).and(arguments).done();
        done.exits(3).says(&told);
    }
    assert!(server.seen().is_empty());
}

#[test]
fn commands_that_have_no_shard_refuse_the_placeholder() {
    let folder = Folder::new();
    let results = folder.file("r.jsonl", "");
    let out = folder.at("x-{shard:02}.html");
    for arguments in [
        ["report", "--html", &out],
        ["report", "--summary-json", &out],
        ["merge", "-o", &out],
    ] {
        let done = haul(arguments).and([&results]).done();
        done.exits(2)
            .says("{shard} stands for a number only in the names that a run with --shard writes");
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
        let path = folder.at("x-{Shard:03}");
        let done = haul([option, &path, "http://h/"]).done();
        done.exits(2).says("{shard} needs --shard");
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
