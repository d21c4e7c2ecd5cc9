//! Tables, lines of text, bodies as JSON, compressed results, and content codings that are kept.

use std::fs::{self, File};
use std::io::Read;

use flate2::Compression;
use flate2::read::{GzEncoder, MultiGzDecoder};
use serde_json::{Value, json};
use test_support::{Answer, Server};

use super::command::{Folder, haul, records};

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

/// Starts a server that answers with JSON, and 404 at `/missing`.
fn server() -> Server {
    Server::start(|seen| {
        match seen.path() {
        "/missing" => Answer::status(404).body("no, \"never\""),
        path => Answer::json(format!(
            "{{\n \"z\": 1.50, \"data\": {{\"name\": \"{path}, \\\"x\\\"\", \"n\": 12345678901234567890123}}}}"
        ))
        .header("ETag", "\"v1\""),
    }
    })
}

/// Writes a list of requests with ids, the last of which is answered with 404.
fn list(folder: &Folder, server: &Server) -> String {
    let lines = ["a", "b", "missing"]
        .map(|path| json!({"id": path, "url": server.url(&format!("/{path}"))}).to_string() + "\n");
    folder.file("list", lines.concat())
}

#[test]
fn a_selection_is_written_in_each_format() {
    let (server, folder) = (server(), Folder::new());
    let list = list(&folder, &server);
    let names = "id,status,/data/name,/data/n,header:etag";
    for (format, expected) in [
        (
            "csv",
            "id,status,/data/name,/data/n,header:etag\n\
             a,200,\"/a, \"\"x\"\"\",12345678901234567890123,\"\"\"v1\"\"\"\n\
             b,200,\"/b, \"\"x\"\"\",12345678901234567890123,\"\"\"v1\"\"\"\n\
             missing,404,,,\n",
        ),
        (
            "tsv",
            "id\tstatus\t/data/name\t/data/n\theader:etag\n\
             a\t200\t/a, \"x\"\t12345678901234567890123\t\"v1\"\n\
             b\t200\t/b, \"x\"\t12345678901234567890123\t\"v1\"\n\
             missing\t404\t\t\t\n",
        ),
        (
            "text",
            "a\t200\t/a, \"x\"\t12345678901234567890123\t\"v1\"\n\
             b\t200\t/b, \"x\"\t12345678901234567890123\t\"v1\"\n\
             missing\t404\t\t\t\n",
        ),
        (
            "jsonl",
            "{\"id\":\"a\",\"status\":200,\"/data/name\":\"/a, \\\"x\\\"\",\"/data/n\":12345678901234567890123,\"header:etag\":\"\\\"v1\\\"\"}\n\
             {\"id\":\"b\",\"status\":200,\"/data/name\":\"/b, \\\"x\\\"\",\"/data/n\":12345678901234567890123,\"header:etag\":\"\\\"v1\\\"\"}\n\
             {\"id\":\"missing\",\"status\":404,\"/data/name\":null,\"/data/n\":null,\"header:etag\":null}\n",
        ),
    ] {
        let arguments = ["--ordered", "--select", names, "--format", format, &list];
        let done = haul(arguments).done().exits(1);
        assert_eq!(done.stdout, expected, "{format}");
        done.says("/data/name in 1 of 3, /data/n in 1 of 3, header:etag in 1 of 3");
        let file = folder.at(&format!("out.{format}"));
        let arguments = [
            "--ordered",
            "--select",
            names,
            "--format",
            format,
            "-o",
            &file,
            &list,
        ];
        haul(arguments).done().exits(1);
        assert_eq!(fs::read_to_string(&file).unwrap(), expected, "{format}");
    }
}

#[test]
fn a_table_has_default_columns() {
    let (server, folder) = (server(), Folder::new());
    let list = list(&folder, &server);
    let done = haul(["--ordered", "--format", "csv", &list])
        .done()
        .exits(1);
    let lines: Vec<&str> = done.stdout.lines().collect();
    assert_eq!(
        lines[0],
        "id,index,url,method,status,outcome,error_type,error_msg,attempts,elapsed_ms,size_bytes,key"
    );
    assert!(lines[1].starts_with(&format!("a,0,{},GET,200,success,,,1,", server.url("/a"))));
    assert!(lines[3].contains(",404,failed,http_status,"));
    done.never_says("selected values");
}

#[test]
fn an_unknown_name_is_status_2_and_lists_the_names() {
    for (arguments, said) in [
        (
            ["--select", "id,statuss"],
            "\"statuss\" (a pointer like /data/name",
        ),
        (["--select", "id,,url"], "\"\" (a pointer like"),
        (["--select", "id,id"], "a name is given twice"),
        (
            ["--line", "{statuss}"],
            "\"statuss\" (a pointer like /data/name",
        ),
        (["--line", "{id"], "column 1"),
        (["-w", "%{http_cod}"], "(http_code, response_code, url,"),
        (["-w", "16"], "--jobs"),
        (["-w", "@/no/such"], "/no/such: cannot be read"),
        (["--format", "xml"], "csv, tsv, jsonl or text"),
        (["--body", "xml"], "base64"),
    ] {
        let done = haul(arguments.iter().chain(&["http://127.0.0.1:9/"])).done();
        let done = done.exits(2).says(said);
        assert_eq!(done.stdout, "");
    }
}

#[test]
fn lines_stand_in_place_of_the_results_or_beside_their_file() {
    let (server, folder) = (server(), Folder::new());
    let list = list(&folder, &server);
    let expected = "000 a 200 /a, \"x\"\n001 b 200 /b, \"x\"\n002 missing 404 \n";
    let line = "{index:03} {id} {status} {/data/name}";
    let done = haul(["--ordered", "--line", line, &list]).done().exits(1);
    assert_eq!(done.stdout, expected);
    done.says("/data/name in 1 of 3");
    for name in ["out.jsonl", "out.csv"] {
        let out = folder.at(name);
        let done = haul(["--ordered", "--line", line, "-o", &out, &list]).done();
        assert_eq!(done.exits(1).stdout, expected);
    }
    assert_eq!(folder.records("out.jsonl").len(), 3);
    assert_eq!(folder.read("out.csv").lines().count(), 4);
    let done = haul(["--line", "{id}", "--select", "id", &list]).done();
    done.exits(2)
        .says("--select: the results give place to the lines of --line");
}

#[test]
fn curls_variables_are_written_for_each_result() {
    let (server, folder) = (server(), Folder::new());
    let list = list(&folder, &server);
    let written = "200 GET 100%\n200 GET 100%\n404 GET 100%\n";
    let text = r"%{http_code} %{method} 100%%\n";
    let file = folder.file("format", text);
    let from_file = format!("@{file}");
    for text in [text, &from_file] {
        let done = haul(["--ordered", "-w", text, &list]).done().exits(1);
        assert_eq!(done.stdout, written);
    }
    let done = haul(["--ordered", "-w", "%{http_code}", &list]).done();
    assert_eq!(done.stdout, "200200404");
    let done = haul(["-o", &file, "--overwrite", "-w", &from_file, &list]).done();
    done.exits(2)
        .says("it would be written by -o/--output, and is read: -w/--write-out");
}

#[test]
fn a_body_is_in_the_form_that_was_asked_for() {
    let server = Server::start(|seen| {
        let body = "{\"b\": 1.50,\n \"a\": 12345678901234567890123}\n";
        match seen.path() {
            "/problem" => Answer::status(200).typed("application/problem+json", body),
            "/lines" => Answer::status(200).typed("application/x-ndjson", "{}\n{}\n"),
            "/broken" => Answer::status(200).typed("application/json", "{"),
            "/bytes" => Answer::status(200).body(b"\xff\xfe".as_slice()),
            _ => Answer::json(body),
        }
    });
    let result = |mode: &str, path: &str| -> Value {
        let done = haul(["--body", mode, &server.url(path)]).done().exits(0);
        let has_json = done
            .stdout
            .contains("\"json\":{\"b\":1.50,\"a\":12345678901234567890123}");
        let record = done.results().remove(0);
        assert_eq!(record.get("json").is_some(), has_json, "{}", done.stdout);
        record
    };
    for path in ["/", "/problem"] {
        let record = result("json", path);
        assert!(record.get("json").is_some() && record.get("body").is_none());
    }
    for path in ["/lines", "/broken"] {
        let record = result("json", path);
        assert_eq!(record["body_encoding"], "utf8");
    }
    let cut = haul(["--body", "json", "--body-limit", "10", &server.url("/")]).done();
    assert_eq!(cut.results()[0]["body"].as_str().unwrap().len(), 10);
    assert_eq!(result("auto", "/bytes")["body"], "//4=");
    assert_eq!(result("text", "/bytes")["body"], "\u{fffd}\u{fffd}");
    assert_eq!(result("base64", "/lines")["body"], "e30Ke30K");
    assert!(result("none", "/").get("body").is_none());
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
fn a_content_coding_is_kept_on_request() {
    let mut coded = Vec::new();
    GzEncoder::new(&b"an archive"[..], Compression::fast())
        .read_to_end(&mut coded)
        .unwrap();
    let server = {
        let coded = coded.clone();
        Server::start(move |_| {
            let answer = Answer::status(200).body(coded.clone());
            answer
                .header("Content-Encoding", "gzip")
                .header("Content-Type", "application/gzip")
        })
    };
    let folder = Folder::new();
    let url = server.url("/a.tar.gz");
    let record = haul(["--keep-encoding", &url])
        .done()
        .exits(0)
        .results()
        .remove(0);
    assert_eq!(record["content_encoding"], "gzip");
    assert_eq!(
        (&record["body_encoding"], &record["size_bytes"]),
        (&json!("base64"), &json!(coded.len()))
    );
    let line = json!({"url": url, "keep_encoding": true}).to_string();
    let saved = folder.at("saved");
    let run = haul(["--output-dir", &saved, "-"]).input(&*line).done();
    let record = run.exits(0).results().remove(0);
    assert_eq!(
        fs::read(folder.path().join("saved/a.tar.gz")).unwrap(),
        coded
    );
    let digest = record["sha256"].as_str().unwrap();
    let decoded = haul(["--output-dir", &folder.at("other"), &url])
        .done()
        .results()
        .remove(0);
    assert_ne!(decoded["sha256"], digest);
    let sent = server.seen();
    assert!(sent.iter().all(|seen| {
        seen.header("accept-encoding")
            .is_some_and(|v| v.contains("gzip"))
    }));
    let run = haul(["--keep-encoding", "--expect-json", &url]).done();
    run.exits(2).says("--keep-encoding");
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

#[cfg(target_os = "linux")]
#[test]
fn lines_that_cannot_be_written_are_an_error_and_a_closed_pipe_is_none() {
    let (server, folder) = (server(), Folder::new());
    let list = list(&folder, &server);
    let out = folder.at("out.jsonl");
    for arguments in [&["-w", "x"][..], &["--line", "{id}"], &["--format", "csv"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let run = haul(arguments.iter()).and([&list]).stdout(full).run();
        run.exits(3).says("stdout: ");
    }
    let mut run = haul(["-q", "-o", &out, "--line", "{id}", "-"]).start();
    run.close_results();
    for path in ["/a", "/b", "/c"] {
        run.say(&server.url(path));
    }
    run.close_input();
    run.finish().exits(0);
    assert_eq!(folder.records("out.jsonl").len(), 3);
}
