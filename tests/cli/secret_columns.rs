//! Columns and keys of a list that a template puts into secret places.

use serde_json::{Value, json};
use test_support::{Answer, Server};

use super::command::{Folder, haul};

/// Secrets of the rows below: none may stand in anything that is written.
const SECRETS: [&str; 2] = ["sesame", "w0rd"];

fn check_silent(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
}

/// Checks that no file of the folder holds a secret, except the list itself.
fn check_files(folder: &Folder) {
    for path in folder.paths() {
        if path
            .file_stem()
            .is_some_and(|name| name != "list" && name != "request")
        {
            check_silent(&path.to_string_lossy());
            check_silent(&String::from_utf8_lossy(
                &std::fs::read(&path).unwrap_or_default(),
            ));
        }
    }
}

fn tag_of(template: &Value, list: (&str, &str), more: &[&str]) -> Value {
    let (server, folder) = (Server::always(Answer::status(404)), Folder::new());
    let mut template = template.clone();
    let path = template["url"].as_str().unwrap().to_owned();
    let (front, path) = path.split_once('|').unwrap_or(("", &path));
    template["url"] = server
        .url(path)
        .replacen("://", &format!("://{front}"), 1)
        .into();
    folder.file("request.json", template.to_string());
    folder.file(list.0, list.1);
    let (request, list) = (folder.at("request.json"), folder.at(list.0));
    let names = ["out.jsonl", "out.db", "out.csv", "out.jsonl.gz"];
    let mut tag = Value::Null;
    for (number, name) in names.iter().enumerate() {
        let failures = folder.at(["log.jsonl", "log.db"][number % 2]);
        let done = haul(["-vv", "--overwrite", "--template", &request, &list])
            .and(["-o", &folder.at(name), "--failures", &failures])
            .and(more.iter().copied())
            .done()
            .exits(1);
        check_silent(&done.stderr);
        check_silent(&done.stdout);
        if number == 0 {
            tag = folder.records(name)[0]["tag"].clone();
        }
    }
    let done = haul([
        "--template",
        &request,
        &list,
        "--line",
        "{id} {tag} {url} {error_msg}",
    ])
    .and(more.iter().copied())
    .done()
    .exits(1);
    check_silent(&done.stdout);
    let done = haul(["--dry-run", "--template", &request, &list])
        .and(more.iter().copied())
        .done()
        .exits(0);
    check_silent(&done.stdout);
    assert_eq!(done.results()[0]["tag"], tag);
    check_files(&folder);
    assert!(server.requests() > 0);
    tag
}

#[test]
fn cells_in_secret_places_are_masked_in_every_record() {
    let list = ("list.csv", "sku,Token,note\n7,sesame,n\n");
    for part in [
        json!({"url": "/{sku}", "headers": {"Authorization": "Bearer {token}"}}),
        json!({"url": "/{sku}", "headers": {"X-Api-Key": ["a", "{token:raw}"]}}),
        json!({"url": "/{sku}", "headers": {"cookie": "s={token}; t=1"}}),
        json!({"url": "/{sku}", "auth": {"user": "ada", "password": "{token}"}}),
        json!({"url": "/{sku}", "auth": {"bearer": "{token}"}}),
        json!({"url": "/{sku}", "params": {"api_key": "{token}"}}),
        json!({"url": "/{sku}?access_token={token}"}),
        json!({"url": "ada:{token}@|/{sku}"}),
    ] {
        let tag = tag_of(&part, list, &[]);
        assert_eq!(
            tag,
            json!({"sku": "7", "Token": "***", "note": "n"}),
            "{part}"
        );
    }
}

#[test]
fn a_column_that_the_user_calls_secret_is_masked_wherever_it_stands() {
    let list = ("list.csv", "sku,pin\n7,sesame\n");
    for part in [
        json!({"url": "/bot{pin}/{sku}"}),
        json!({"url": "/{sku}?user={pin}#{pin}"}),
        json!({"url": "/{sku}", "headers": {"X-Own": "a {pin}"}}),
        json!({"url": "/{sku}", "params": {"user": "{pin}"}}),
        json!({"url": "/{sku}", "method": "PUT", "json": {"user": "{pin}"}}),
        json!({"url": "/{sku}", "method": "PUT", "form": {"user": "{pin}"}}),
        json!({"url": "/{sku}"}),
    ] {
        let tag = tag_of(&part, list, &["--secret", "PIN"]);
        assert_eq!(tag, json!({"sku": "7", "pin": "***"}), "{part}");
    }
}

#[test]
fn keys_in_secret_places_are_masked_in_tag_and_id() {
    let line = json!({
        "user": {"token": "sesame", "n": 1.50}, "token": "sesame", "id": "sesame", "k": [1, "w0rd"],
        "tag": {"token": "sesame", "text": "Bearer sesame", "n": 1.50},
    });
    let line = line.to_string().replace("1.5", "1.50");
    let list = ("list.jsonl", &*line);
    let headers = json!({"Authorization": "Bearer {/user/token}", "X-Api-Key": "{/k/1}"});
    let kept = json!({"url": "/", "headers": headers});
    let masked = json!({"token": "***", "text": "Bearer ***", "n": 1.5});
    assert_eq!(tag_of(&kept, list, &[]), masked);
    let whole =
        json!({"url": "/", "headers": headers, "id": "{/user/token}", "tag": "{user:json}"});
    assert_eq!(tag_of(&whole, list, &[]), json!({"token": "***", "n": 1.5}));
    let text =
        json!({"url": "/", "headers": headers, "id": "1", "tag": "of {/user/token} {/k:json}"});
    assert_eq!(tag_of(&text, list, &[]), json!("of *** [1,\"***\"]"));
}

#[test]
fn a_key_is_secret_under_each_spelling_of_its_name() {
    let list = (
        "list.jsonl",
        "{\"id\":1,\"sku\":\"7\",\"key\":\"sesame-open\",\"a\":{\"b\":\"w0rd-of-a\"},\"c/d\":\"sesame-c\"}\n",
    );
    for (part, more) in [
        (
            json!({"url": "/{key}", "headers": {"Authorization": "{/key}"}}),
            &[][..],
        ),
        (
            json!({"url": "/{/key}", "headers": {"Authorization": "{key}"}}),
            &[],
        ),
        (
            json!({"url": "/{/c~1d}", "headers": {"Authorization": "{c/d}"}}),
            &[],
        ),
        (json!({"url": "/{/a/b}"}), &["--secret", "a"]),
        (
            json!({"url": "/{a:json}", "headers": {"Authorization": "{/a/b}"}}),
            &[],
        ),
    ] {
        tag_of(&part, list, more);
    }
}

#[test]
fn names_of_files_show_no_secret() {
    let (server, folder) = (Server::always(Answer::text("b")), Folder::new());
    folder.file("list.csv", "sku,pin\n7,sesame\n");
    let saved = folder.at("saved");
    for name in ["{path}", "{name}-{query}"] {
        haul([
            "--url-template",
            &server.url("/{sku}/{pin}?api_key={pin}"),
            "--secret",
            "pin",
        ])
        .and([
            "--output-dir",
            &saved,
            "--output-name",
            name,
            &folder.at("list.csv"),
        ])
        .done()
        .exits(0)
        .never_says("sesame");
    }
    haul([
        "--url-template",
        &server.url("/{sku}/{pin}"),
        "--secret",
        "pin",
    ])
    .and(["--output-dir", &saved, &folder.at("list.csv")])
    .done()
    .exits(0)
    .never_says("sesame");
    server.last("/7/sesame");
    check_files(&folder);
    for entry in std::fs::read_dir(&saved).unwrap() {
        check_silent(&entry.unwrap().path().to_string_lossy());
    }
}

#[test]
fn a_row_that_cannot_be_sent_shows_no_secret() {
    let folder = Folder::new();
    folder.file(
        "list.csv",
        "id,port,pin\nsesame,x,sesame\nw0rd w0rd,1,w0rd w0rd\n",
    );
    let log = folder.at("log.jsonl");
    haul([
        "--url-template",
        "http://127.0.0.1:{port}/{pin:raw}",
        "--secret",
        "pin",
        "--retry",
        "0",
    ])
    .and([
        "-vv",
        "-o",
        &folder.at("out.jsonl"),
        "--failures",
        &log,
        &folder.at("list.csv"),
    ])
    .done()
    .exits(1)
    .never_says("sesame")
    .never_says("w0rd");
    check_files(&folder);
}

#[test]
fn a_failed_row_is_sent_again_from_its_list_and_told_from_the_log() {
    let (server, folder) = (Server::always(Answer::status(404)), Folder::new());
    folder.file("list.csv", "sku,pin\n7,sesame\n");
    let (out, log, list) = (
        folder.at("out.jsonl"),
        folder.at("log.jsonl"),
        folder.at("list.csv"),
    );
    let template = server.url("/bot{pin}/{sku}");
    let run = |more: &[&str]| {
        haul([
            "--url-template",
            &template,
            "--secret",
            "pin",
            "-o",
            &out,
            "--failures",
            &log,
        ])
        .and(more.iter().copied())
        .and([&*list])
        .done()
        .exits(1)
    };
    run(&[]);
    run(&["--resume", "--retry-failed"]);
    assert_eq!(server.requests(), 2);
    server.last("/botsesame/7");
    let redacted = &folder.records("log.jsonl")[0]["request"]["redacted"];
    assert_eq!(*redacted, json!(["{pin}"]));
    let done = haul([&*log]).done().exits(1);
    let message = done.results()[0]["error_msg"].as_str().unwrap().to_owned();
    assert!(
        message.contains("must be given again: {pin} (only the list has"),
        "{message}"
    );
    assert_eq!(server.requests(), 2);
}
