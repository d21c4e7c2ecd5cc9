//! Inputs that are no list of lines: one error for the file, and nothing sent.

use std::io::Write;
use std::process::{Command, Stdio};

use test_support::{Answer, Server};

use super::command::{Folder, haul};

fn server() -> Server {
    Server::always(Answer::text(""))
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

/// Inputs that are refused, with a part of the message.
fn refused(url: &str) -> Vec<(Vec<u8>, &'static str)> {
    let text = |text: String| text.into_bytes();
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x28\x29\x29\n\0\n\0\n".to_vec();
    vec![
        (gzip, "cannot be read: "),
        (b"\x28\xb5\x2f\xfd\n\n\x01\n".to_vec(), "cannot be read: "),
        (b"BZh91AY&SY\n\n".to_vec(), "it is compressed with bzip2 ("),
        (b"\xfd7zXZ\0\n\x04".to_vec(), "it is compressed with xz ("),
        (b"PK\x03\x04\x14\0\n\0".to_vec(), "it is an archive, zip"),
        (
            text(format!("Link;id\r\n{url};1\r\n")),
            "it is a table with ';' between its cells (it is read with --csv-delimiter ';' --url-column 'Link';",
        ),
        (
            text(format!("id;url\n1;{url}\n")),
            "it is a table with ';' between its cells (it is read with --csv-delimiter ';';",
        ),
        (
            utf16(&format!("id\tURI\n1\t{url}\n"), u16::to_be_bytes),
            "it is tab-separated values (it is read with --url-column 'URI';",
        ),
        (
            text("url,id,URL\n".to_owned()),
            "it is read as CSV: two of its columns are named url",
        ),
        (text("<html>\n".to_owned()), "it is an HTML page"),
        (
            b"\x7fELF\x02\x01\x01\0\0\n\0\0".to_vec(),
            "it is a binary file, no text",
        ),
        (
            text(format!("{url}\0{url}\0")),
            "its lines end in NUL bytes (",
        ),
    ]
}

#[test]
fn a_file_that_is_no_list_is_one_error_before_anything_is_sent() {
    let (server, folder) = (server(), Folder::new());
    let url = server.url("/");
    let good = folder.file("good", format!("{url}\n"));
    let out = folder.at("out.jsonl");
    for (bytes, said) in refused(&url) {
        let list = folder.file("list", bytes);
        let done = haul(["-o", &out, &good, &url, &list]).done().exits(2);
        assert_eq!(done.stderr.lines().count(), 1, "{}", done.stderr);
        assert!(!folder.has("out.jsonl"), "{said}");
        let done = done.says(&format!("haul: {list}: {said}"));
        assert_eq!(done.stdout, "");
        haul(["--dry-run", &list]).done().exits(2).says(said);
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn standard_input_that_is_no_list_is_one_error_before_its_first_request() {
    let (server, folder) = (server(), Folder::new());
    let url = server.url("/");
    let [out, failures] = ["out.jsonl", "failures.db"].map(|name| folder.at(name));
    for (bytes, said) in refused(&url) {
        let arguments = ["-o", &out, "--failures", &failures, "-"];
        let done = haul(arguments).input(bytes.clone()).done().exits(2);
        assert_eq!(done.stderr.lines().count(), 1, "{}", done.stderr);
        // The refused run leaves no file that would be in the way of the next run.
        assert!(
            !folder.has("out.jsonl") && !folder.has("failures.db"),
            "{said}"
        );
        done.says(&format!("haul: stdin: {said}"));
        haul(["--dry-run", "-"])
            .input(bytes)
            .done()
            .exits(2)
            .says(said);
    }
    assert_eq!(server.requests(), 0);
}

/// First bytes of a database.
const DATABASE: &[u8] = b"SQLite format 3\0\x10\0";

#[test]
fn a_damaged_database_is_one_error_before_anything_is_sent() {
    let (server, folder) = (server(), Folder::new());
    let list = folder.file("list", DATABASE);
    let done = haul([&server.url("/"), &list]).done().exits(2);
    done.says(&format!(
        "haul: {list}: cannot be read as an SQLite database"
    ));
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_database_on_standard_input_is_refused_with_what_to_do() {
    let done = haul(["-"]).input(DATABASE).done().exits(2);
    done.says(
        "haul: stdin: it is an SQLite database (a failure log is read if it is named: haul FILE;",
    );
}

#[test]
fn results_before_a_bad_standard_input_are_kept() {
    let (server, folder) = (server(), Folder::new());
    let out = folder.at("out.jsonl");
    let done = haul(["-o", &out, &server.url("/1"), "-", &server.url("/2")])
        .input("[\n{\"url\": 1}]")
        .done()
        .exits(2);
    done.says("haul: stdin: it is a JSON array")
        .says("1 request succeeded");
    assert_eq!(folder.records("out.jsonl").len(), 1);
}

#[cfg(unix)]
#[test]
fn a_pipe_among_the_arguments_is_looked_at_too() {
    let (server, folder) = (server(), Folder::new());
    let pipe = folder.at("pipe");
    let made = Command::new("mkfifo")
        .arg(&pipe)
        .stdin(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success());
    let writing = std::thread::spawn({
        let pipe = pipe.clone();
        move || {
            let mut to = std::fs::OpenOptions::new().write(true).open(pipe).unwrap();
            let _ = to.write_all(b"\x1f\x8b\x08\0\n\n");
        }
    });
    let done = haul([&pipe]).done().exits(2);
    done.says(&format!(
        "haul: {pipe}: it is compressed with gzip (gzip -dc {pipe} | haul)"
    ));
    writing.join().unwrap();
    assert_eq!(server.requests(), 0);
}

#[test]
fn utf16_with_a_byte_order_mark_is_read_from_files_and_standard_input() {
    let (server, folder) = (server(), Folder::new());
    let json = format!("{{\"url\": \"{}\", \"id\": \"余额🦀\"}}", server.url("/2"));
    let text = format!("\u{feff}# list\r\n{}\r\n\r\n{json}\r\n", server.url("/1"));
    for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let list = folder.file("list", utf16(&text, bytes));
        for run in [
            haul(["--ordered", &list]),
            haul(["--ordered", "-"]).input(utf16(&text, bytes)),
        ] {
            let results = run.done().exits(0).results();
            assert_eq!(results.len(), 2);
            assert_eq!(results[0]["url"], server.url("/1"));
            assert_eq!(results[1]["id"], "余额🦀");
        }
        let plain = haul(["-q", "--progress", "plain", &list]).done().exits(0);
        plain.says("2 of 2 done");
    }
    // An incomplete character spoils its line and no other.
    let mut torn = utf16(&format!("\u{feff}{}\n", server.url("/1")), u16::to_le_bytes);
    torn.extend([0x00, 0xd8, 0x0a, 0x00]);
    let done = haul(["-"]).input(torn).done().exits(1);
    assert_eq!(done.results().len(), 2);
    done.says("haul: stdin:2: not UTF-8");
}

#[test]
fn a_list_that_only_looks_like_something_else_stays_a_list() {
    let server = server();
    let url = server.url("/?fields=id,url,link");
    for (arguments, list, count) in [
        (&[][..], format!("{url}\nid,url\n"), 2),
        (&["--input-format", "urls"], format!("id,url\n{url}\n"), 2),
        (&["--base-url", &url], "id,url\na,b\n".to_owned(), 2),
        (&[], format!("[1, 2]\n{url}\n"), 2),
        (&[], format!("{{\n{url}\n"), 2),
        (&[], format!("url\n{url}\n"), 2),
        (&[], format!("<http://h/>\n{url}\n"), 2),
        (&[], format!("{url}\n\x7fELF\0\0\n[\n"), 3),
    ] {
        let done = haul(arguments.iter().chain(&["-"]))
            .input(list.clone())
            .done();
        assert_eq!(done.results().len(), count, "{list}\n{}", done.stderr);
    }
}

#[test]
fn a_first_line_is_not_waited_for_longer_than_it_takes() {
    let server = server();
    let mut run = haul(["-"]).start();
    run.say("# a comment");
    run.say(&server.url("/1"));
    assert_eq!(run.next_result()["url"], server.url("/1"));
    run.close_input();
    run.finish().exits(0);
}
