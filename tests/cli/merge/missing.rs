//! `--missing`: lines that are run again with the options of the run.

use std::collections::BTreeMap;
use std::fs;

use fastrand::Rng;
use serde_json::Value;
use test_support::{Answer, Server};

use crate::command::{Folder, haul};

/// Random input: its name, its bytes, and the options of the run.
type Input = (&'static str, Vec<u8>, Vec<&'static str>);

/// Texts that a list may have in place of a request.
const ODD: [&[u8]; 14] = [
    b"no request",
    b"\xff\xfeu",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"http://h/\xff",
    b"url,id",
    b"[",
    b"{",
    b"{\"url\": 5}",
    b"sep=;",
    b"<urlset>",
    b"{\"haul_entry\": 1",
    b"\x1f\x8b\x08",
    b"\0",
];

/// Lines of a list, of which some are no requests.
fn list(random: &mut Rng, url: &str) -> Vec<u8> {
    let end = random.choice([&b"\n"[..], b"\r\n"]).unwrap();
    let mut list = format!("{url}first").into_bytes();
    for n in 0..random.usize(2..12) {
        list.extend_from_slice(end);
        let line = match random.u8(..6) {
            0 => format!(r#"{{"url": "{url}{n}", "id": {n}, "json": {{"a": 1.0}}}}"#).into_bytes(),
            1 => format!("# {n}").into_bytes(),
            2 => random.choice(ODD).unwrap().to_vec(),
            3 => format!("  {url}{}  ", n % 2).into_bytes(),
            _ => format!("{url}{n}").into_bytes(),
        };
        list.extend_from_slice(&line);
    }
    if random.bool() {
        list.extend_from_slice(end);
    }
    list
}

/// Elements of an array, of which some are no requests.
fn array(random: &mut Rng, url: &str) -> Vec<u8> {
    let element = |n: usize, random: &mut Rng| match random.u8(..5) {
        0 => format!("{{\"url\": \"{url}{n}\",\n \"json\": {{\n\"a\": 1}}, \"tag\": [\n1]}}")
            .into_bytes(),
        1 => random
            .choice([&b"42"[..], b"null", b"[1,\n2]", b"\"\xff\"", b"{\"x\": 1}"])
            .unwrap()
            .to_vec(),
        _ => format!("\"{url}{n}\"").into_bytes(),
    };
    let count = random.usize(2..10);
    let elements: Vec<_> = (0..count).map(|n| element(n, random)).collect();
    [b"[", elements.join(&b",\n"[..]).as_slice(), b"]"].concat()
}

/// Rows of a table, of which some are too short or without a URL.
fn table(random: &mut Rng, url: &str, delimiter: &str) -> Vec<u8> {
    let mut table = ["url", "id", "sku", "header:x-a", "body"].join(delimiter);
    for n in 0..random.usize(2..10) {
        let row = match random.u8(..5) {
            0 => "short".to_owned(),
            1 => ["", "5", "b", "", ""].join(delimiter),
            2 => [&format!("{url}{n}"), "", "\u{e4} b", "\"c\nd\"", "x"].join(delimiter),
            _ => [&format!("{url}{n}"), &n.to_string(), "a", "b", ""].join(delimiter),
        };
        table += &format!("\n{row}");
    }
    table.into_bytes()
}

fn sitemap(random: &mut Rng, url: &str) -> Vec<u8> {
    let links = (0..random.usize(2..10)).map(|n| match random.u8(..4) {
        0 => "<url><loc>no link</loc></url>".to_owned(),
        _ => format!("<url><loc>{url}{n}?a=1&amp;b=2</loc></url>"),
    });
    format!("<urlset>{}</urlset>", links.collect::<String>()).into_bytes()
}

fn utf16(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let units = "\u{feff}".encode_utf16().chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
}

fn input(random: &mut Rng, server: &Server) -> Input {
    let url = server.url("/p/");
    let base = vec!["--base-url", "BASE"];
    match random.u8(..13) {
        0 => ("list", list(random, &url), vec![]),
        1 => ("list", list(random, &url), vec!["--input-format", "urls"]),
        2 => (
            "list",
            list(random, &url),
            vec!["--input-format", "jsonl", "-d", "b"],
        ),
        3 => (
            "list",
            list(random, "/p/"),
            [base, vec!["-X", "PUT", "--json", "[1]"]].concat(),
        ),
        4 => ("list", utf16(&list(random, &url)), vec!["-F", "a=b"]),
        5 => (
            "list",
            list(random, "p/"),
            [base, vec!["--url-template", "{line:raw}?a"]].concat(),
        ),
        6 => ("list.json", array(random, &url), vec![]),
        7 => (
            "list.json",
            array(random, &url),
            vec!["--input-format", "json"],
        ),
        8 => (
            "list.csv",
            table(random, &url, ","),
            vec!["--input-format", "csv"],
        ),
        9 => (
            "list.tsv",
            table(random, &url, "\t"),
            vec!["--input-format", "tsv", "-d", "x"],
        ),
        10 => {
            let options = vec![
                "--csv-delimiter",
                ";",
                "--url-template",
                "{sku}?api_key={id}",
            ];
            (
                "list.csv",
                table(random, &url, ";"),
                [base, options].concat(),
            )
        }
        11 => (
            "map.xml",
            sitemap(random, &url),
            vec!["--input-format", "sitemap"],
        ),
        _ => ("list", list(random, &url), vec!["--unique", "--lenient"]),
    }
}

/// Number of results of each key.
fn keys<'r>(results: impl IntoIterator<Item = &'r Value>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for result in results {
        let key = result["key"].as_str().unwrap().to_owned();
        *counts.entry(key).or_default() += 1;
    }
    counts
}

#[test]
fn the_missing_lines_of_any_input_have_the_keys_that_are_missing() {
    let server = Server::start(|_| Answer::text("yes"));
    let base = server.url("/");
    for seed in 0..40 {
        let (random, folder) = (&mut Rng::with_seed(seed), Folder::new());
        let (name, content, options) = input(random, &server);
        let options = options
            .iter()
            .map(|o| if *o == "BASE" { &base } else { *o });
        let options: Vec<&str> = options.collect();
        let told = format!("{seed}: {options:?} {}", String::from_utf8_lossy(&content));
        let [list, all, part, missing, more, whole] = [
            name,
            "all.jsonl",
            "part.jsonl",
            "missing",
            "more.jsonl",
            "whole.jsonl",
        ]
        .map(|name| folder.at(name));
        fs::write(&list, content).unwrap();
        let run = |results: &str, list: &str| {
            let run = haul(["-qq", "--exit-zero", "--retry", "0", "-o", results]);
            run.and(&options).and([list]).done().status
        };
        // Some of these lists are refused as a whole.
        if run(&all, &list) != Some(0) {
            continue;
        }
        let results = folder.records("all.jsonl");
        let kept: Vec<_> = results.iter().filter(|_| random.bool()).collect();
        let kept = if kept.is_empty() {
            vec![&results[0]]
        } else {
            kept
        };
        let lines: String = kept.iter().map(|result| format!("{result}\n")).collect();
        fs::write(&part, lines).unwrap();
        let merge = haul([
            "merge",
            "-q",
            "-o",
            &whole,
            "--overwrite",
            "--verify",
            &list,
        ]);
        let lacking = results.len() - kept.len();
        merge
            .and(&options)
            .and(["--missing", &missing, &part])
            .done()
            .exits(i32::from(lacking > 0));
        if lacking == 0 {
            assert_eq!(fs::read(&missing).unwrap(), b"", "{told}");
            continue;
        }
        assert_eq!(run(&more, &missing), Some(0), "{told}");
        let mut expected = keys(&results);
        for (key, count) in keys(kept) {
            *expected.get_mut(&key).unwrap() -= count;
        }
        expected.retain(|_, count| *count > 0);
        let written = fs::read(&missing).unwrap();
        let written = String::from_utf8_lossy(&written);
        assert_eq!(
            keys(&folder.records("more.jsonl")),
            expected,
            "{told}\n--\n{written}"
        );
    }
}

#[test]
fn missing_urls_of_the_command_line_are_run_again() {
    let (server, folder) = (Server::start(|_| Answer::text("")), Folder::new());
    let (results, missing) = (folder.at("r.jsonl"), folder.at("missing"));
    let urls = [server.url("/a b"), server.url("/c")];
    haul(["-q", "-o", &results, &urls[0], &urls[1]])
        .done()
        .exits(0);
    let records = folder.records("r.jsonl");
    let expected = keys(&records);
    for kept in records {
        fs::write(&results, kept.to_string()).unwrap();
        let merge = haul(["merge", "--overwrite", "-o", &folder.at("all.jsonl")]);
        let [first, second] = &urls;
        merge
            .and(["--verify", first, "--verify", second])
            .and(["--overwrite", "--missing", &missing, &results])
            .done()
            .exits(1);
        let more = folder.at("more.jsonl");
        haul(["-q", "--overwrite", "-o", &more, &missing])
            .done()
            .exits(0);
        let mut again = folder.records("more.jsonl");
        again.push(kept);
        assert_eq!(keys(&again), expected);
    }
}

#[test]
fn missing_requests_of_a_failure_database_are_run_again_with_their_secrets() {
    let (server, folder) = (Server::start(|_| Answer::status(500)), Folder::new());
    let (list, log) = (folder.at("list"), folder.at("failures.db"));
    let (results, missing) = (folder.at("r.jsonl"), folder.at("missing"));
    let lines = [
        format!(
            r#"{{"url": "{}", "headers": {{"x-a": "1"}}, "body": "b"}}"#,
            server.url("/1")
        ),
        format!("{}\nno request", server.url("/2")),
    ];
    fs::write(&list, lines.join("\n")).unwrap();
    haul(["-qq", "--exit-zero", "--retry", "0", "-o", &results])
        .and(["--failures", &log, &list])
        .done()
        .exits(0);
    let expected = keys(&folder.records("r.jsonl"));
    let first = folder.records("r.jsonl")[0].clone();
    fs::write(&results, first.to_string()).unwrap();
    haul(["merge", "-o", &folder.at("all.jsonl"), "--verify", &log])
        .and(["--missing", &missing, &results])
        .done()
        .exits(1);
    let more = folder.at("more.jsonl");
    haul(["-qq", "--exit-zero", "--retry", "0", "-o", &more, &missing])
        .done()
        .exits(0);
    let mut again = folder.records("more.jsonl");
    again.push(first);
    assert_eq!(keys(&again), expected);
}
