//! Tables, lines of text, bodies as JSON, and content codings that are kept.

use std::fs::{self, File};
use std::io::Read;

use flate2::Compression;
use flate2::read::GzEncoder;
use serde_json::{Value, json};
use test_support::{Answer, Server};

use super::command::{Folder, haul};

/// Starts a server that answers with JSON, and 404 at `/missing`.
pub(super) fn server() -> Server {
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
            "/bytes" => Answer::status(200).body(b"a\xffb".as_slice()),
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
    assert_eq!(result("auto", "/bytes")["body"], "Yf9i");
    assert_eq!(result("text", "/bytes")["body"], "a\u{fffd}b");
    assert_eq!(result("base64", "/lines")["body"], "e30Ke30K");
    assert!(result("none", "/").get("body").is_none());
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

#[test]
fn curls_variables_have_curls_values() {
    let (plain, mut coded) = ([b'x'; 10_000], Vec::new());
    let mut coder = GzEncoder::new(&plain[..], Compression::default());
    coder.read_to_end(&mut coded).unwrap();
    let length = coded.len();
    let server = Server::start(move |seen| match seen.path() {
        "/coded" => Answer::status(200)
            .header("Content-Encoding", "gzip")
            .body(coded.clone()),
        "/moved" => Answer::status(301)
            .header("Location", "/text")
            .body("moved to another place"),
        "/gone" => Answer::status(404).body("not there"),
        "/none" => Answer::status(204),
        "/again" => Answer::status(301).header("Location", "/again"),
        _ => Answer::status(200).body("hello"),
    });
    let refused = test_support::refused();
    let text = "%{http_code} %{size_download} %{num_redirects} %{method} [%{errormsg}]";
    let written = |url: &str, more: &[&str]| {
        let arguments = [&["-q", "--retry", "0", "-w", text, url], more].concat();
        haul(arguments).done().stdout
    };
    for (path, expected) in [
        ("/text", "200 5 0 GET []".to_owned()),
        ("/coded", format!("200 {length} 0 GET []")),
        ("/moved", "200 5 1 GET []".to_owned()),
        ("/gone", "404 9 0 GET []".to_owned()),
        ("/none", "204 0 0 GET []".to_owned()),
    ] {
        assert_eq!(written(&server.url(path), &[]), expected, "{path}");
    }
    assert_eq!(
        written(&server.url("/moved"), &["-d", "x"]),
        "200 5 1 GET []"
    );
    assert_eq!(
        written(&server.url("/text"), &["-X", "HEAD"]),
        "200 0 0 HEAD []"
    );
    let endless = written(&server.url("/again"), &["--max-redirs", "3"]);
    assert!(
        endless.starts_with("301 0 3 GET [more than 3 redirects"),
        "{endless}"
    );
    let unreachable = written(&format!("http://{refused}/"), &[]);
    assert!(
        unreachable.starts_with("000 0 0 GET [connect to "),
        "{unreachable}"
    );
}
