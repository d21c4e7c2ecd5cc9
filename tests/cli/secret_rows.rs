//! Secrets in rows that cannot be read, in ids, and in the keys of tags.

use serde_json::json;
use test_support::{Answer, Server};

use super::command::{Folder, haul};

/// Checks that no file of the folder but the lists holds the secret.
#[track_caller]
fn check_files(folder: &Folder) {
    for path in folder.paths() {
        let name = path.file_stem().unwrap_or_default().to_owned();
        if name != "list" && name != "request" {
            let bytes = std::fs::read(&path).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("sesame"), "{}: {text}", path.display());
        }
    }
}

#[test]
fn a_key_of_a_tag_that_is_a_secret_value_is_masked() {
    let (server, folder) = (Server::always(Answer::status(404)), Folder::new());
    let template =
        json!({"url": server.url("/{n}"), "headers": {"Authorization": "Bearer {token}"}});
    let template = folder.file("request.json", template.to_string());
    for (tag, shown) in [
        (json!({"sesame": 1}), json!({"***": 1})),
        (
            json!({"a": [{"of sesame": {"n": 1}}]}),
            json!({"a": [{"of ***": {"n": 1}}]}),
        ),
        (json!({"sesam\u{e9}": 1}), json!({"sesam\u{e9}": 1})),
    ] {
        let line = json!({"n": 1, "token": "sesame", "tag": tag}).to_string();
        let escaped = line.replace("\"sesame\":", "\"\\u0073esame\":");
        for line in [line, escaped] {
            let list = folder.file("list", line);
            let (out, log) = (folder.at("out.jsonl"), folder.at("log.db"));
            let done = haul(["-vv", "--overwrite", "--template", &template, "-o", &out])
                .and(["--failures", &log, &list])
                .done()
                .exits(1)
                .never_says("sesame");
            assert_eq!(done.stdout, "");
            assert_eq!(folder.records("out.jsonl")[0]["tag"], shown);
            check_files(&folder);
        }
    }
    let whole = json!({"url": server.url("/"), "headers": {"Authorization": "{token}"}, "tag": "{more:json}"});
    let template = folder.file("request.json", whole.to_string());
    let list = folder.file(
        "list",
        json!({"token": "sesame", "more": {"sesame": 1}}).to_string(),
    );
    let done = haul(["--template", &template, &list]).done().exits(1);
    assert_eq!(done.results()[0]["tag"], json!({"***": 1}));
}

#[test]
fn ids_are_masked_if_their_name_is_secret() {
    let (server, folder) = (Server::always(Answer::status(404)), Folder::new());
    let url = server.url("/");
    for (list, given) in [
        (format!("id,url\nsesame,{url}\n"), &["--secret", "ID"][..]),
        (
            format!("url,pin\n{url},sesame\n"),
            &["--secret", "pin", "--id-column", "PIN"],
        ),
        (
            format!("url,id\n{url},sesame\n"),
            &["--secret", "id", "--url-template", "{url}"],
        ),
        (
            json!({"url": url, "id": "sesame"}).to_string(),
            &["--secret", "id"],
        ),
        (
            json!({"url": url, "custom_id": "sesame"}).to_string(),
            &["--secret", "custom_id"],
        ),
        (
            json!({"url": url, "id": "sesame", "colour": 1}).to_string(),
            &["--secret", "id"],
        ),
        (
            "id,url\nsesame,http://h:x/\n".to_owned(),
            &["--secret", "id"],
        ),
        (
            "url,pin\n,sesame\n".to_owned(),
            &["--secret", "pin", "--id-column", "pin"],
        ),
    ] {
        let path = folder.file("list", &list);
        for (out, log) in [
            ("out.jsonl", "log.jsonl"),
            ("out.db", "log.db"),
            ("out.csv", "log.jsonl"),
        ] {
            let (out, log) = (folder.at(out), folder.at(log));
            haul(["-vv", "--overwrite", "-o", &out, "--failures", &log, &path])
                .and(given)
                .done()
                .exits(1)
                .never_says("sesame");
            haul(["-vv"])
                .and(given)
                .and(["--line", "{id}", &log])
                .done()
                .never_says("sesame");
        }
        assert_eq!(folder.records("out.jsonl")[0]["id"], "***", "{list}");
        check_files(&folder);
        haul(["--dry-run", &path])
            .and(given)
            .done()
            .never_says("sesame");
    }
    // Equal ids leave each line its own outcome, also in a resumed run.
    let list = folder.file("list", format!("id,url\na,{url}\nb,{url}\n"));
    let out = folder.at("resumed.jsonl");
    haul(["--secret", "id", "-o", &out, &list]).done().exits(1);
    haul(["--secret", "id", "-o", &out, "--resume", &list])
        .done()
        .exits(0);
    assert_eq!(folder.records("resumed.jsonl").len(), 2);
}

#[test]
fn a_row_that_could_not_be_read_needs_its_template() {
    let template = [
        "--url-template",
        "{base}/{sku}",
        "--secret",
        "pin",
        "--secret",
        "id",
    ];
    for (name, text, wrong) in [
        (
            "list.csv",
            "id,base,sku,pin\nsesame,http://h:x,7,sesame\n",
            "port",
        ),
        (
            "list.jsonl",
            "{\"id\":\"sesame\",\"base\":\"http://h\",\"pin\":\"sesame\"}\n",
            "sku",
        ),
    ] {
        for log in ["log.jsonl", "log.db"] {
            for source in ["file", "stdin", "kept"] {
                let folder = Folder::new();
                let list = folder.file(name, text);
                let log = folder.at(log);
                let given = ["-vv", "--overwrite", "--failures", &log];
                let first = haul(given).and(template);
                let first = match source {
                    "file" => first.and([&list]),
                    "stdin" => first.and(["-"]).input(text),
                    _ => first.and(["--keep-bad-lines", "-"]).input(text),
                };
                first.done().exits(1).says(wrong);
                let again = haul(["-vv", &log]).done().exits(1);
                let shown = format!("{}{}", again.stderr, again.stdout);
                assert!(!shown.contains("sesame"), "{shown}");
                assert!(!shown.contains("url: it is missing"), "{shown}");
                let expected = match source {
                    "stdin" => wrong,
                    _ => "the line is a row of values for a template (the --template",
                };
                assert!(shown.contains(expected), "{name} {source}: {shown}");
                assert_eq!(again.results().len(), 1);
                // With its template it has its own mistake again, if its values are at hand.
                let again = haul(["-vv", &log]).and(template).done().exits(1);
                if source == "file" {
                    again.says(wrong);
                }
            }
        }
    }
}

#[test]
fn a_kept_row_is_made_by_its_template_in_the_next_run() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    for (number, log) in ["log.jsonl", "log.db"].into_iter().enumerate() {
        let log = folder.at(log);
        let rows = format!(
            "host,sku\n{},{number}\n",
            server.url("").replace("http://", "")
        );
        haul([
            "--url-template",
            "gopher://{host:raw}/{sku}",
            "--keep-bad-lines",
        ])
        .and(["--failures", &log, "-"])
        .input(rows)
        .done()
        .exits(1);
        haul(["--url-template", "http://{host:raw}/{sku}", &log])
            .done()
            .exits(0);
        assert_eq!(
            server.last(&format!("/{number}")).path(),
            format!("/{number}")
        );
    }
}

#[test]
fn lines_are_kept_without_the_values_that_were_named_secret() {
    for (text, kept) in [
        // A row of too few cells, one whose URL is wrong, and one of a relative URL.
        ("url,pin,sku\nhttp://h/,sesame\n", r#"["http://h/","***"]"#),
        (
            "url,pin,sku\nhttp://h:x/,sesame,7\n",
            r#"{"url":"http://h:x/","tag":{"pin":"***","sku":"7"}}"#,
        ),
        (
            "url,PIN,sku\n/a,sesame,7\n",
            r#"{"url":"/a","tag":{"PIN":"***","sku":"7"}}"#,
        ),
        (
            "url,header:pin\n/a,sesame\n",
            r#"{"url":"/a","headers":{"pin":"***"}}"#,
        ),
        (
            "{\"url\":\"http://h/\",\"pin\":\"sesame\"}\n",
            r#"{"url":"http://h/","pin":"***"}"#,
        ),
        (
            "{\"url\":\"http://h/\",\"tag\":{\"pin\":[\"sesame\"]},\"x\":1}",
            r#"{"url":"http://h/","tag":{"pin":"***"},"x":1}"#,
        ),
        (
            "{\"url\":\"http://h/\",\"pin\":\"sesame\",}\n",
            r#"{"url":"http://h/","pin":"***""#,
        ),
        (
            "{\"url\":\"http://h/\",\"\\u0070in\": sesame",
            "{\"url\":\"http://h/\",\"\\u0070in\":\"***\"",
        ),
    ] {
        for log in ["log.jsonl", "log.db"] {
            let folder = Folder::new();
            let path = folder.at(log);
            let done = haul([
                "-vv",
                "--secret",
                "pin",
                "--keep-bad-lines",
                "--failures",
                &path,
                "-",
            ])
            .input(text)
            .done()
            .exits(1)
            .never_says("sesame");
            assert!(!done.stdout.contains("sesame"), "{}", done.stdout);
            check_files(&folder);
            if log == "log.jsonl" {
                assert_eq!(
                    folder.records(log)[0]["request"]["raw_line"],
                    kept,
                    "{text}"
                );
            }
            let again = haul(["--base-url", "http://127.0.0.1:9/", "--lenient", &path])
                .done()
                .exits(1);
            if kept.ends_with(['}', ']']) {
                again.says("the line was kept without its secrets");
            }
        }
    }
}
