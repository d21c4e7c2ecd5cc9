//! Tables and compressed results that a later run continues, and outputs that find no room.

use std::fs::{self, File};
use std::io::Read;

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use test_support::{Answer, Server};

use super::command::{Folder, haul, records};
use super::output_formats::server;

/// Returns the content of a compressed file.
pub(super) fn unpacked(path: &str) -> String {
    let (file, mut text) = (File::open(path).unwrap(), String::new());
    match path.ends_with(".gz") {
        true => MultiGzDecoder::new(file)
            .read_to_string(&mut text)
            .map(drop),
        false => zstd::stream::read::Decoder::new(file)
            .and_then(|mut reader| reader.read_to_string(&mut text).map(drop)),
    }
    .unwrap();
    text
}

#[test]
fn a_table_is_continued_by_its_key() {
    let (server, folder) = (server(), Folder::new());
    let out = folder.at("out.csv");
    let url = |path: &str| server.url(path);
    haul(["-o", &out, &url("/a"), &url("/missing")])
        .done()
        .exits(1);
    let again = [
        "-o",
        &out,
        "--resume",
        &url("/a"),
        &url("/b"),
        &url("/missing"),
    ];
    haul(again)
        .done()
        .exits(0)
        .says("2 outcomes are there from before");
    let again = [
        "-o",
        &out,
        "--retry-failed",
        &url("/a"),
        &url("/b"),
        &url("/missing"),
    ];
    haul(again).done().exits(1);
    assert_eq!(folder.read("out.csv").lines().count(), 5);
    assert_eq!(
        (server.requests_to("/a"), server.requests_to("/missing")),
        (1, 2)
    );
    let other = ["-o", &out, "--resume", "--select", "id,key", &url("/b")];
    haul(other)
        .done()
        .exits(2)
        .says("the file has other columns than were selected: id,index,");
}

#[test]
fn results_that_cannot_be_continued_are_refused_before_anything_is_sent() {
    let (server, folder) = (server(), Folder::new());
    let url = server.url("/a");
    for (name, arguments) in [
        ("a.csv", &["--select", "id,status"][..]),
        ("a.txt", &["--format", "text"]),
        ("a.jsonl", &["--select", "id,key"]),
    ] {
        let out = folder.at(name);
        for option in ["--resume", "--retry-failed", "--durable"] {
            let run = haul(["-o", &out, option, &url]).and(arguments.iter());
            run.done().exits(2).says("with the column key").says(option);
        }
        haul(["-o", &out, &url])
            .and(arguments.iter())
            .done()
            .exits(0);
        let run = haul(["-o", &out, &url]).and(arguments.iter()).done();
        run.exits(2).says("it exists");
        let run = haul(["-o", &out, "--overwrite", &url]).and(arguments.iter());
        run.done().exits(0);
    }
    let keyed = folder.at("keyed.tsv");
    let run = ["-o", &keyed, "--select", "key,url", "--retry-failed", &url];
    haul(run)
        .done()
        .exits(2)
        .says("--retry-failed needs the columns outcome,");
    assert!(!folder.has("keyed.tsv"));
    let run = ["-o", &folder.at("b.csv"), "--format", "tsv", &url];
    haul(run)
        .done()
        .exits(2)
        .says("the name promises csv, and --format asks for tsv");
    let run = ["-o", &folder.at("p.csv"), "--paginate", "link", &url];
    haul(run)
        .done()
        .exits(2)
        .says("pages of a list go to JSON Lines");
    assert_eq!(server.requests(), 6);
}

#[test]
fn compressed_results_are_continued_and_hold_what_plain_ones_do() {
    let (server, folder) = (server(), Folder::new());
    let urls = ["/a", "/b", "/c"].map(|path| server.url(path));
    for name in ["out.jsonl.gz", "out.jsonl.zst", "out.csv.gz", "out.zst"] {
        let out = folder.at(name);
        haul(["-o", &out, &urls[0]]).done().exits(0);
        let cut = fs::read(&out).unwrap();
        haul(["-o", &out, "--resume", &urls[0], &urls[1]])
            .done()
            .exits(0);
        // The last member is torn.
        let whole = fs::read(&out).unwrap();
        fs::write(&out, &whole[..(cut.len() + whole.len()) / 2]).unwrap();
        let run = haul(["-o", &out, "--resume", "--ordered"])
            .and(&urls)
            .done();
        run.exits(0).says("1 outcome is there from before");
        let text = unpacked(&out);
        match name.contains("csv") {
            true => assert_eq!(text.lines().count(), 4, "{text}"),
            false => {
                let shown: Vec<_> = records(&text).iter().map(|r| r["url"].clone()).collect();
                assert_eq!(shown, urls.clone().map(Value::from));
            }
        }
        fs::write(&out, b"\x1f\x8bno data of a compressor").unwrap();
        let run = haul(["-o", &out, "--resume", &urls[0]]).done().exits(2);
        run.says(&out)
            .says("cannot be resumed: its data are damaged behind byte 0");
    }
    let log = folder.at("failures.jsonl.gz");
    let run = haul(["-o", &folder.at("x.jsonl"), "--failures", &log, &urls[0]]);
    run.done()
        .exits(2)
        .says("--failures writes JSON Lines or SQLite");
}

#[test]
fn an_output_that_finds_no_room_is_status_3_in_each_format() {
    let server = Server::always(Answer::text("x".repeat(3_000)));
    let folder = Folder::new();
    let urls: String = (0..400)
        .map(|n| server.url(&format!("/{n}")) + "\n")
        .collect();
    let list = folder.file("list", urls);
    for (name, select) in [
        ("out.csv", "key,body"),
        ("out.tsv", "key,body"),
        ("out.text", "key,body"),
        ("out.jsonl.gz", ""),
        ("out.jsonl.zst", ""),
        ("out.csv.gz", "key,body"),
    ] {
        let out = folder.at(name);
        let mut arguments = vec!["-q", "-o", &out];
        if !select.is_empty() {
            arguments.extend(["--select", select]);
        }
        if name == "out.text" {
            arguments.extend(["--format", "text"]);
        }
        let blocks = if name.ends_with('z') || name.ends_with("zst") {
            8
        } else {
            64
        };
        let done = haul(arguments.iter())
            .and([&list])
            .file_blocks(blocks)
            .done();
        done.exits(3).says(&out);
        if name.contains("jsonl") {
            let kept = records(&unpacked(&out)).len();
            assert!(kept < 400, "{name}");
            haul(arguments.iter())
                .and(["--resume", &list])
                .done()
                .exits(0);
            assert_eq!(records(&unpacked(&out)).len(), 400, "{name}");
        }
    }
}
