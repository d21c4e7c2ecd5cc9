//! `--output-name` and `--content-disposition`: names of saved files.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};
use test_support::{Answer, Server};

use super::command::{Done, Folder, haul};

/// A server whose paths are answered with a type, a body and a `Content-Disposition`.
fn server() -> Server {
    Server::start(|seen| {
        let path = seen.path().to_owned();
        let answer = match path.as_str() {
            "/page" => Answer::html("page"),
            "/data.xyz" => Answer::typed(Answer::status(200), "application/octet-stream", "x"),
            "/none" => Answer::status(200).body("none"),
            "/gone" => return Answer::status(404),
            _ => Answer::typed(Answer::status(200), "application/json", "{}"),
        };
        match path.strip_prefix("/cd/") {
            Some("up") => answer.header(
                "content-disposition",
                "attachment; filename=\"../../up.txt\"",
            ),
            Some("long") => answer.header(
                "content-disposition",
                format!("attachment; filename=\"{}.txt\"", "l".repeat(400)),
            ),
            Some("device") => answer.header("content-disposition", "attachment; filename=NUL.txt"),
            Some("utf8") => answer.header(
                "content-disposition",
                "attachment; filename=x; filename*=UTF-8''%e4%bd%99.txt",
            ),
            Some("without") => answer,
            Some(_) => answer.header("content-disposition", "attachment; filename=\"same.txt\""),
            None => answer,
        }
    })
}

fn run(folder: &Folder, arguments: &[&str], lines: &str, status: i32) -> Done {
    let run = haul(["--output-dir", "out", "--ordered"])
        .and(arguments)
        .and(["-"]);
    run.current_dir(folder).input(lines).done().exits(status)
}

/// Returns the files below a directory, with their contents.
fn files(folder: &Folder, below: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut open = vec![folder.path().join(below)];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => {
                    let name = path.strip_prefix(folder.path().join(below)).unwrap();
                    let text = fs::read_to_string(&path).unwrap();
                    all.insert(name.to_str().unwrap().to_owned(), text);
                }
            }
        }
    }
    all
}

fn names(folder: &Folder) -> Vec<String> {
    files(folder, "out").into_keys().collect()
}

fn recorded(done: &Done) -> Vec<Value> {
    done.results()
        .iter()
        .map(|result| result["output_file"].clone())
        .collect()
}

#[test]
fn host_and_path_make_folders() {
    let (server, folder) = (server(), Folder::new());
    let lines = [
        server.url("/"),
        server.url("/a/b"),
        server.url("/a/"),
        server.url("/..%2f..%2fx"),
    ]
    .join("\n");
    let done = run(&folder, &["--output-name", "{host}/{path}"], &lines, 0);
    let expected = [
        "out/127.0.0.1/index",
        "out/127.0.0.1/a/b",
        "out/127.0.0.1/a/index",
        "out/127.0.0.1/_.._x",
    ];
    assert_eq!(recorded(&done), expected.map(Value::from));
    assert_eq!(names(&folder).len(), 4);
}

#[test]
fn the_ending_is_that_of_the_type_else_of_the_url_else_bin() {
    let (server, folder) = (server(), Folder::new());
    let paths = ["/page", "/data.xyz", "/none", "/json"];
    let lines: Vec<String> = paths
        .map(|path| json!({"url": server.url(path), "id": &path[1..3]}).to_string())
        .into();
    let done = run(
        &folder,
        &["--output-name", "{id}.{ext}"],
        &lines.join("\n"),
        0,
    );
    let expected = ["out/pa.html", "out/da.xyz", "out/no.bin", "out/js.json"];
    assert_eq!(recorded(&done), expected.map(Value::from));
    assert_eq!(names(&folder), ["da.xyz", "js.json", "no.bin", "pa.html"]);
}

#[test]
fn an_ending_can_be_a_folder() {
    let (server, folder) = (server(), Folder::new());
    let lines = [server.url("/page"), server.url("/json")].join("\n");
    run(&folder, &["--output-name", "{ext}/{index:03}"], &lines, 0);
    assert_eq!(names(&folder), ["html/000", "json/001"]);
    assert!(!folder.path().join("out/{ext}").exists());
}

#[test]
fn the_server_can_name_the_file_and_no_name_leads_out() {
    let (server, folder) = (server(), Folder::new());
    let lines = ["up", "device", "utf8", "without"].map(|path| server.url(&format!("/cd/{path}")));
    let done = run(&folder, &["--content-disposition"], &lines.join("\n"), 0);
    let expected = ["out/up.txt", "out/_NUL.txt", "out/余.txt", "out/without"];
    assert_eq!(recorded(&done), expected.map(Value::from));
    run(
        &folder,
        &["--content-disposition", "--output-name", "in/{index}"],
        &server.url("/cd/long"),
        0,
    );
    let long = names(&folder)
        .into_iter()
        .find(|name| name.starts_with("in/"))
        .unwrap();
    assert!(long.ends_with("l.txt") && long.len() < 200, "{long}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn names_that_are_taken_get_a_number_and_are_counted() {
    let (server, folder) = (server(), Folder::new());
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("out/127.0.0.1"), "before").unwrap();
    let lines = [server.url("/1"), server.url("/2"), server.url("/3")].join("\n");
    let summary = ["--summary-json", "sum.json", "--output-name", "{host}"];
    let done = run(&folder, &summary, &lines, 0);
    done.says("3 files saved with a number");
    let numbered = ["127.0.0.1", "127.0.0.1-1", "127.0.0.1-2", "127.0.0.1-3"];
    assert_eq!(names(&folder), numbered);
    assert_eq!(folder.read("out/127.0.0.1"), "before");
    assert!(folder.read("sum.json").contains("\"numbered_files\": 3"));
}

#[test]
fn names_that_servers_send_twice_get_a_number() {
    let (server, folder) = (server(), Folder::new());
    fs::create_dir(folder.path().join("out")).unwrap();
    let lines = (0..20)
        .map(|n| server.url(&format!("/cd/{n}")))
        .collect::<Vec<_>>()
        .join("\n");
    run(&folder, &["--content-disposition"], &lines, 0).says("19 files saved with a number");
    let mut expected: Vec<String> = (2..21).map(|n| format!("same-{n}.txt")).collect();
    expected.push("same.txt".to_owned());
    expected.sort();
    assert_eq!(names(&folder), expected);
}

#[test]
fn a_folder_that_is_a_file_from_before_is_not_replaced() {
    let (server, folder) = (server(), Folder::new());
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("out/a"), "before").unwrap();
    run(
        &folder,
        &["--output-name", "{path}"],
        &server.url("/a/b"),
        0,
    );
    assert_eq!(folder.read("out/a"), "before");
    assert_eq!(folder.read("out/a-1/b"), "{}");
}

#[test]
fn a_bad_template_is_told_before_anything_is_sent() {
    let (server, folder) = (server(), Folder::new());
    let list = folder.file("list", server.url("/"));
    for (template, told) in [
        ("../{id}", "leads out of the directory"),
        ("/tmp/{id}", "leads out of the directory"),
        ("{sku}", "the names are id, index"),
        ("{id", "column 1"),
        ("a/", "not a directory"),
        ("nul.{ext}", "reserved by Windows"),
    ] {
        let run = haul([
            "--output-dir",
            &folder.at("out"),
            "--output-name",
            template,
            &list,
        ]);
        run.done().exits(2).says("--output-name: ").says(told);
    }
    haul(["--output-name", "{id}", &list])
        .done()
        .exits(2)
        .says("--output-dir");
    assert_eq!(server.requests(), 0);
    assert!(!folder.has("out"));
}

#[test]
fn a_line_without_an_id_is_a_failed_result_and_the_others_are_saved() {
    let (server, folder) = (server(), Folder::new());
    let good = json!({"url": server.url("/a"), "id": "x/../y"});
    let lines = format!("{}\n{good}", server.url("/b"));
    let done = run(&folder, &["--output-name", "{id}.{ext}"], &lines, 1);
    assert_eq!(done.results()[0]["error_type"], "invalid_request");
    assert_eq!(done.results()[0]["error_text"], "id");
    assert_eq!(names(&folder), ["x_.._y.json"]);
}

#[test]
fn a_failure_is_named_anew_when_it_is_sent_again() {
    let (server, folder) = (server(), Folder::new());
    let log = folder.at("failed.jsonl");
    let line = json!({"url": server.url("/gone"), "id": "g"}).to_string();
    let arguments = ["--output-name", "{id}.{ext}", "--failures", &log];
    run(&folder, &arguments, &line, 1);
    assert!(!folder.read("failed.jsonl").contains("output_file"));
    assert_eq!(names(&folder), [""; 0]);
    let again = folder.read("failed.jsonl").replace("/gone", "/page");
    run(&folder, &["--output-name", "{id}.{ext}"], &again, 0);
    assert_eq!(names(&folder), ["g.html"]);
}

#[test]
fn a_resumed_run_keeps_the_names() {
    let (server, folder) = (server(), Folder::new());
    let list: String = (0..6)
        .map(|n| json!({"url": server.url("/page"), "id": n}).to_string() + "\n")
        .collect();
    let arguments = ["--output-name", "{id}.{ext}", "-o", "run.jsonl"];
    run(&folder, &arguments, &list, 0);
    // A kill between a file's final name and its record leaves the file and no record.
    let records = folder.read("run.jsonl");
    let cut: String = records
        .lines()
        .take(3)
        .map(|line| line.to_owned() + "\n")
        .collect();
    fs::write(folder.path().join("run.jsonl"), cut).unwrap();
    let begun =
        |file: &str, part: &str| json!({"v": 1, "file": file, "part": part}).to_string() + "\n";
    let journal: String = (3..6)
        .map(|n| {
            let part = format!(".{n}.{{ext}}.0123456789abcdef.part");
            begun(&format!("out/{n}.{{ext}}"), &part) + &begun(&format!("out/{n}.html"), &part)
        })
        .collect();
    fs::write(folder.path().join("run.jsonl.journal"), journal).unwrap();
    fs::write(
        folder.path().join("out/.4.{ext}.0123456789abcdef.part"),
        "torn",
    )
    .unwrap();
    fs::remove_file(folder.path().join("out/4.html")).unwrap();
    run(&folder, &[&arguments[..], &["--resume"]].concat(), &list, 0);
    assert_eq!(
        names(&folder),
        ["0.html", "1.html", "2.html", "3.html", "4.html", "5.html"]
    );
    assert_eq!(folder.read("run.jsonl").lines().count(), 6);
}

#[test]
fn a_dry_run_shows_names_and_makes_no_directory() {
    let (server, folder) = (server(), Folder::new());
    let done = run(
        &folder,
        &["--dry-run", "--output-name", "{host}/{index}.{ext}"],
        &server.url("/a"),
        0,
    );
    assert!(
        done.stdout.contains("out/127.0.0.1/0.{ext}"),
        "{}",
        done.stdout
    );
    assert!(!folder.has("out"));
}

#[test]
fn options_that_look_for_files_are_refused_if_the_response_names_them() {
    let (server, folder) = (server(), Folder::new());
    for option in ["--continue", "--skip-existing", "--timestamping"] {
        for (names, told) in [
            (&["--content-disposition"][..], "--content-disposition"),
            (&["--output-name", "{host}.{ext}"], "{ext} in --output-name"),
        ] {
            let arguments = [names, &[option]].concat();
            let done = run(&folder, &arguments, &server.url("/a"), 2);
            done.says(&format!("{option}: ")).says(told);
        }
        run(
            &folder,
            &[option, "--output-name", "{host}"],
            &server.url("/a"),
            0,
        );
    }
    assert!(names(&folder) == ["127.0.0.1"]);
}
