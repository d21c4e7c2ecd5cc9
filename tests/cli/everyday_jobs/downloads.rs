//! Jobs 11 to 13: files that are downloaded, mirrored and sent.

use std::fs;

use serde_json::json;
use test_support::{Answer, ServedFile, Server};

use super::super::command::Folder;
use super::{job, list, picked};

#[test]
fn job_11_downloads_go_on_after_cuts_and_are_checked() {
    let file = ServedFile::new(300_000).cut(&[100_000, 120_000]);
    let server = {
        let file = file.clone();
        Server::start(move |seen| match seen.path() {
            "/a.iso" => file.answer(seen),
            _ => Answer::text("other"),
        })
    };
    let folder = Folder::new();
    list(&folder, "urls.txt", &server, &["/a.iso", "/b.iso"]);
    let digest = hmac_sha256::Hash::hash(&file.body);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let sums = format!("{digest}  a.iso\n{digest} *b.iso\n");
    folder.file("SHA256SUMS", sums);
    job(11, &folder, &server).done().exits(1);
    assert!(fs::read(folder.at("isos/a.iso")).unwrap() == file.body);
    assert_eq!(fs::read_dir(folder.at("isos")).unwrap().count(), 1);
    let written = folder.records("run.jsonl");
    let written = picked(&written, &["outcome", "error_type", "sha256"]);
    assert_eq!(
        written,
        [
            json!(["success", null, digest]),
            json!(["failed", "checksum", null])
        ]
    );
}

#[test]
fn job_12_pages_are_mirrored_and_those_that_are_there_left_out() {
    let (server, folder) = (Server::always(Answer::text("new")), Folder::new());
    list(&folder, "urls.txt", &server, &["/", "/a/b.html"]);
    fs::create_dir_all(folder.at("site/127.0.0.1/a")).unwrap();
    folder.file("site/127.0.0.1/a/b.html", "old");
    job(12, &folder, &server).done().exits(0);
    assert_eq!(server.paths(), ["/"]);
    assert_eq!(folder.read("site/127.0.0.1/index"), "new");
    assert_eq!(folder.read("site/127.0.0.1/a/b.html"), "old");
    let written = picked(&folder.records("run.jsonl"), &["outcome", "skipped"]);
    let expected = [json!(["success", null]), json!(["success", true])];
    assert_eq!(written, expected);
}

#[test]
fn job_13_a_form_goes_with_a_password_and_cookies() {
    let answer = Answer::text("").header("set-cookie", "sid=new; Path=/");
    let (server, folder) = (Server::always(answer), Folder::new());
    folder.file("logins", "machine 127.0.0.1 login ada password lovelace\n");
    folder.file(
        "cookies.txt",
        "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\told\n",
    );
    folder.file("beach.jpg", b"\xff\xd8");
    job(13, &folder, &server).done().exits(0);
    let sent = server.last("/albums");
    assert_eq!(sent.method, "POST");
    let basic = "Basic YWRhOmxvdmVsYWNl";
    assert_eq!(sent.header("authorization"), Some(basic));
    assert_eq!(sent.header("cookie"), Some("sid=old"));
    let kind = sent.header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let head = |name: &str| format!("--{boundary}\r\nContent-Disposition: form-data; name={name}");
    let mut body = head("\"title\"\r\n\r\nHolidays\r\n").into_bytes();
    body.extend(
        head("\"photo\"; filename=\"beach.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n").bytes(),
    );
    body.extend(b"\xff\xd8\r\n");
    body.extend(format!("--{boundary}--\r\n").bytes());
    assert_eq!(
        String::from_utf8_lossy(&sent.body),
        String::from_utf8_lossy(&body)
    );
    let jar = folder.read("cookies.txt");
    assert!(
        jar.ends_with("\n127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\tnew\n"),
        "{jar}"
    );
}
