//! Bodies saved to files.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use test_support::{Answer, Scenario, Server};

use super::command::{Folder, haul};

fn server() -> Server {
    Scenario::new()
        .on("/gone", Answer::status(404))
        .when("/*", |seen| Answer::text(seen.target.clone()))
        .start()
}

fn of<'a>(results: &'a [Value], id: &str) -> &'a Value {
    results
        .iter()
        .find(|result| result["id"] == id)
        .unwrap_or_else(|| panic!("{id}"))
}

#[test]
fn each_body_has_a_file_of_its_own() {
    let (server, folder) = (server(), Folder::new());
    let dir = folder.at("new/downloads");
    let lines = [
        json!({"id": "named", "url": server.url("/x"), "output_file": "sub/dir/name.bin"}),
        json!({"id": "first", "url": server.url("/a/logo.png?v=1")}),
        json!({"id": "second", "url": server.url("/b/logo.png")}),
        json!({"id": "folder", "url": server.url("/c/")}),
        json!({"id": "same", "url": server.url("/y"), "output_file": "sub/dir/name.bin"}),
        json!({"id": "up", "url": server.url("/z"), "output_file": "../up"}),
        json!({"id": "root", "url": server.url("/z"), "output_file": "/tmp/root"}),
        json!({"id": "gone", "url": server.url("/gone")}),
    ];
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let done = haul(["--output-dir", &dir, "-"])
        .input(input)
        .done()
        .exits(1);
    let results = done.results();
    for (id, name, content) in [
        ("named", "sub/dir/name.bin", "/x"),
        ("first", "logo.png", "/a/logo.png?v=1"),
        ("second", "logo-3.png", "/b/logo.png"),
        ("folder", "index.html", "/c/"),
    ] {
        let result = of(&results, id);
        let path = Path::new(&dir).join(name);
        assert_eq!(result["output_file"], path.to_str().unwrap());
        assert_eq!(fs::read_to_string(path).unwrap(), content);
        assert_eq!(result["size_bytes"], content.len());
        assert!(
            result["sha256"].is_string() && result.get("body").is_none(),
            "{result}"
        );
    }
    for id in ["same", "up", "root"] {
        assert_eq!(of(&results, id)["error_type"], "invalid_request", "{id}");
    }
    assert_eq!(of(&results, "gone")["error_type"], "http_status");
    assert!(!folder.has("new/up") && !Path::new("/tmp/root").exists());
    done.says("haul: stdin:6: output_file: ");
}

#[test]
fn a_file_that_is_there_stays_unless_it_is_to_be_replaced() {
    let (server, folder) = (server(), Folder::new());
    folder.file("page", "precious");
    let dir = folder.path().to_str().unwrap();
    let url = server.url("/page");
    haul(["--output-dir", dir, &url]).done().exits(0);
    assert_eq!(
        (folder.read("page"), folder.read("page-1")),
        ("precious".to_owned(), "/page".to_owned())
    );
    haul(["--output-dir", dir, "--overwrite", &url])
        .done()
        .exits(0);
    assert_eq!(folder.read("page"), "/page");
}

#[test]
fn a_resumed_run_saves_the_bodies_that_are_missing() {
    let server = Scenario::new()
        .on(
            "/flaky/a.bin",
            Answer::status(500).times(2).then(Answer::text("at last")),
        )
        .on("/*", Answer::text("whole"))
        .start();
    let folder = Folder::new();
    let (dir, out, failures) = (
        folder.at("d"),
        folder.at("out.jsonl"),
        folder.at("failures.jsonl"),
    );
    let list = folder.file(
        "urls",
        format!("{}\n{}\n", server.url("/flaky/a.bin"), server.url("/b.bin")),
    );
    let arguments = [
        "--output-dir",
        &dir,
        "--durable",
        "--retry",
        "0",
        "-o",
        &out,
        "--failures",
        &failures,
        &list,
    ];
    haul(arguments).done().exits(1);
    assert!(folder.has("d/b.bin") && !folder.has("d/a.bin"));
    haul(arguments.iter().chain(&["--resume"])).done().exits(0);
    assert_eq!(server.requests(), 2, "both have their outcome");
    // The second attempt at `a.bin` fails too.
    haul(["--output-dir", &dir, "--retry", "0", &failures])
        .done()
        .exits(1);
    haul(["--output-dir", &dir, &failures]).done().exits(0);
    assert_eq!(folder.read("d/a.bin"), "at last");
}

#[test]
fn without_a_directory_no_line_may_write_a_file() {
    let (server, folder) = (server(), Folder::new());
    let target = folder.at("written");
    let plain = json!({"url": server.url("/a"), "output_file": "written"});
    let logged = json!({"v": 1, "request": {"url": server.url("/a"), "output_file": target}});
    let input = format!("{plain}\n{logged}\n");
    let done = haul(["-"])
        .input(input.clone())
        .current_dir(&folder)
        .done()
        .exits(1);
    assert!(
        done.results()
            .iter()
            .all(|result| result["error_type"] == "invalid_request")
    );
    // With a directory, no path outside of it is written either.
    let done = haul(["--output-dir", &folder.at("d"), "-"])
        .input(format!("{logged}\n"))
        .done()
        .exits(1);
    assert_eq!(done.results()[0]["error_type"], "invalid_request");
    assert!(!folder.has("written"));
    assert_eq!(server.requests(), 0);
}

#[test]
fn neither_time_nor_size_of_a_download_is_limited_unless_asked_for() {
    let server = Scenario::new()
        .when("/*", |_| Answer::text("x".repeat(11 << 20)))
        .start();
    let folder = Folder::new();
    let (dir, url) = (folder.at("d"), server.url("/large"));
    haul(["--output-dir", &dir, &url]).done().exits(0);
    assert_eq!(
        fs::metadata(folder.path().join("d/large")).unwrap().len(),
        11 << 20
    );
    let done = haul(["--output-dir", &dir, "--max-filesize", "1M", &url])
        .done()
        .exits(1);
    assert_eq!(done.results()[0]["error_type"], "body_too_large");
    // The body is too large if it is kept in memory.
    let done = haul([&url]).done().exits(1);
    assert_eq!(done.results()[0]["error_type"], "body_too_large");
}

#[test]
fn a_body_that_goes_to_a_file_cannot_be_looked_into() {
    for look in [["--expect-json", "-q"], ["--require", "/code=0"]] {
        let arguments = ["--output-dir", "d"]
            .iter()
            .chain(&look)
            .chain(&["http://127.0.0.1:1/"]);
        haul(arguments).done().exits(2).says("cannot be used with");
    }
}
