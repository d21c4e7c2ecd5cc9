//! Options with curl's letters and meanings: forms with files, netrc, addresses, proxies.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use test_support::{Answer, ProxyServer, Scenario, Server};

use super::command::{Folder, haul};

/// Address at which nothing answers, and nothing is to be asked.
const UNASKED: &str = "http://127.0.0.1:1/";

fn server() -> Server {
    Server::always(Answer::text("ok"))
}

/// Returns the boundary that a content type names.
fn boundary(content_type: &str) -> &str {
    content_type
        .strip_prefix("multipart/form-data; boundary=")
        .expect(content_type)
}

#[test]
fn a_form_has_the_bytes_that_curl_sends() {
    let (server, folder) = (server(), Folder::new());
    let (text, photo) = (
        folder.file("a.txt", "one\ntwo\n"),
        folder.file("b.JPG", b"\xff\xd8"),
    );
    let arguments = [
        "-F".to_owned(),
        "title= Holidays ;type=text/plain;charset=utf-8".to_owned(),
        "-F".to_owned(),
        format!("f=@{photo};filename=\"x;\\\"y.jpg\""),
        "-F".to_owned(),
        format!("list=<{text}"),
        "--form-string".to_owned(),
        "raw=@none;type=x".to_owned(),
        server.url("/"),
    ];
    haul(arguments).done().exits(0);
    let seen = server.last("/");
    let line = boundary(seen.header("content-type").unwrap()).to_owned();
    let mut expected = Vec::new();
    for part in [
        "name=\"title\"\r\nContent-Type: text/plain;charset=utf-8\r\n\r\nHolidays".as_bytes(),
        b"name=\"f\"; filename=\"x;%22y.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8",
        b"name=\"list\"\r\n\r\none\ntwo\n",
        b"name=\"raw\"\r\n\r\n@none;type=x",
    ] {
        expected.extend(format!("--{line}\r\nContent-Disposition: form-data; ").bytes());
        expected.extend(part);
        expected.extend(b"\r\n");
    }
    expected.extend(format!("--{line}--\r\n").bytes());
    assert_eq!(seen.body, expected);
    assert_eq!(seen.method, "POST");
    assert_eq!(
        seen.header("content-length"),
        Some(&*expected.len().to_string())
    );
}

#[test]
fn each_attempt_of_each_line_reads_the_files_of_a_form_and_a_resumed_run_knows_it() {
    let server = Scenario::new()
        .on(
            "/a",
            Answer::status(500)
                .times(1)
                .then(Answer::text("ok").times(9)),
        )
        .on("/b", Answer::text("ok"))
        .start();
    let folder = Folder::new();
    let (file, out) = (folder.file("f", "content"), folder.at("out.jsonl"));
    let list = folder.file(
        "list",
        format!(
            "{}\n{{\"url\": \"{}\", \"method\": \"PUT\"}}\n",
            server.url("/a"),
            server.url("/b")
        ),
    );
    let form = format!("f=@{file}");
    let run = ["-F", &form, "--retry-all-methods", "--retry-delay", "1ms"];
    let done = haul(run).and(["-o", &out, &list]).done().exits(0);
    done.never_says("warning");
    let sent = server.seen();
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|seen| seen.text().contains("content")));
    assert_eq!(server.last("/b").method, "PUT");
    haul(run)
        .and(["-o", &out, "--resume", &list])
        .done()
        .exits(0);
    assert_eq!(server.requests(), 3, "none was sent again");
}

#[test]
fn a_form_that_cannot_be_sent_is_told_before_anything_is_sent() {
    let (server, folder) = (server(), Folder::new());
    let there = format!("f=@{}", folder.file("f", "x"));
    for (arguments, says) in [
        (
            &["-F", "f=@no/such"][..],
            "-F/--form: f: no/such: cannot be read",
        ),
        (&["-F", "f=@."], "no regular file"),
        (&["-F", "s3cret"], "is expected"),
        (&["-F", "n=a;s3cret"], "only type= and filename="),
        (
            &["-F", &there, "-d", "s3cret"],
            "cannot be used with '-d/--data",
        ),
        (
            &["-F", &there, "--json", "1"],
            "cannot be used with '--json",
        ),
        (&["-F", &there, "-I"], "cannot be used with"),
        (
            &["--form-string", "s3cret"],
            "--form-string: NAME=VALUE is expected",
        ),
        (&["-F", "n=x;type=a/b\u{1}"], "-F/--form"),
    ] {
        let url = server.url("/");
        let done = haul(arguments.iter().copied().chain([&*url])).done();
        done.exits(2).says(says).never_says("s3cret");
    }
    assert_eq!(server.requests(), 0);
    let file = folder.at("f");
    let clash = haul(["-F", &there, "-o", &file, "--overwrite", UNASKED]).done();
    clash.exits(2).says("is read: -F/--form");
    assert_eq!(folder.read("f"), "x");
}

#[test]
fn files_of_a_form_are_sent_with_a_list_that_comes_from_others() {
    let folder = Folder::new();
    let form = format!("f=@{}", folder.file("f", "x"));
    let done = haul(["-F", &form, "--public-only", UNASKED])
        .done()
        .exits(1);
    assert_eq!(done.results()[0]["error_type"], "address_denied");
}

#[test]
fn passwords_come_from_a_netrc_file_by_curls_rules() {
    let (server, folder) = (server(), Folder::new());
    let url = server.url("/");
    let netrc = folder.file(
        "netrc",
        "macdef x\nmachine 127.0.0.1 login no password no\n\n\
         machine 127.0.0.1 login ada password \"a \\\"b\\\"\"\n\
         machine 127.0.0.1 login bob password two\ndefault login any password x\n",
    );
    let sent = |arguments: &[&str]| {
        haul(arguments.iter().copied()).done().exits(0);
        server.last("/").header("authorization").map(str::to_owned)
    };
    let basic = |text: &str| Some(format!("Basic {text}"));
    assert_eq!(sent(&["--netrc-file", &netrc, &url]), basic("YWRhOmEgImIi"));
    let of_bob = url.replace("http://", "http://bob@");
    assert_eq!(
        sent(&["--netrc-file", &netrc, &of_bob]),
        basic("Ym9iOnR3bw==")
    );
    assert_eq!(
        sent(&["--netrc-file", &netrc, "-u", "u:p", &url]),
        basic("dTpw")
    );
    haul(["-n", &url]).env("NETRC", &netrc).done().exits(0);
    assert_eq!(
        server.last("/").header("authorization"),
        Some("Basic YWRhOmEgImIi")
    );
    let before = server.requests();
    let wrong = folder.file("wrong", "machine h\nlogin \"s3cret");
    for (arguments, says) in [
        (&["--netrc-file", "no/such"][..], "--netrc-file: no/such"),
        (&["--netrc-file", &wrong], "line 2: a quote has no end"),
        (&["-n", "100"], "no number of requests"),
    ] {
        let done = haul(arguments.iter().copied().chain([&*url])).done();
        done.exits(2).says(says).never_says("s3cret");
    }
    assert_eq!(server.requests(), before);
}

#[cfg(unix)]
#[test]
fn a_netrc_file_that_all_may_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;

    let (server, folder) = (server(), Folder::new());
    let netrc = folder.file("netrc", "default login a password b");
    for (mode, warns) in [(0o644, true), (0o600, false)] {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&netrc, mode).unwrap();
        let done = haul(["--netrc-file", &netrc, &server.url("/")]).done();
        assert_eq!(done.exits(0).stderr.contains("chmod 600"), warns);
    }
}

#[test]
fn a_host_has_the_addresses_that_it_is_given() {
    let server = server();
    let port = server.address().port();
    let url = format!("http://api.example:{port}/");
    let dead = format!("api.example:{port}:127.0.0.9");
    for entries in [
        vec![format!("api.example:{port}:127.0.0.1")],
        vec![dead.clone(), format!("API.example:{port}:127.0.0.1")],
        vec![format!("*:{port}:127.0.0.1")],
        vec![
            format!("api.example:{port}:127.0.0.1"),
            format!("*:{port}:127.0.0.9"),
        ],
        vec![format!("api.example:{port}:127.0.0.1,[::1]")],
    ] {
        let options = entries.iter().flat_map(|entry| ["--resolve", entry]);
        haul(options.chain([&*url])).done().exits(0);
    }
    assert_eq!(
        server.last("/").header("host"),
        Some(&*format!("api.example:{port}"))
    );
    for wrong in ["api.example:443", "a:0:127.0.0.1", "a:1:b.example", "-a:1"] {
        let done = haul(["--resolve", wrong, UNASKED]).done().exits(2);
        done.says("for '--resolve")
            .says("HOST:PORT:ADDRESS is expected");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn connections_come_from_the_address_or_interface_that_is_given() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let serving = thread::spawn(move || {
        let answer = |_| {
            let (mut stream, from) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            lines
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .for_each(drop);
            let text = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(text.as_bytes()).unwrap();
            from.ip().to_string()
        };
        (0..3).map(answer).collect::<Vec<_>>()
    });
    for from in ["127.0.0.1", "127.0.0.2", "lo"] {
        haul(["--interface", from, &url]).done().exits(0);
    }
    assert_eq!(
        serving.join().unwrap(),
        ["127.0.0.1", "127.0.0.2", "127.0.0.1"]
    );
    for (name, says) in [
        (
            "no-such0",
            "--interface: \"no-such0\": this machine has no such interface",
        ),
        ("192.0.2.1", "192.0.2.1 is no address of this machine"),
        ("", "--interface"),
    ] {
        haul(["--interface", name, UNASKED])
            .done()
            .exits(2)
            .says(says);
    }
}

#[test]
fn proxies_come_from_the_environment_only_if_asked_for() {
    let (proxy, server) = (ProxyServer::http(), server());
    let (of_proxy, url) = (proxy.url("http"), server.url("/"));
    let run = |arguments: &[&str]| {
        haul(arguments.iter().copied().chain([&*url]))
            .env("http_proxy", &of_proxy)
            .env("no_proxy", "other.example")
    };
    run(&[]).done().exits(0);
    assert_eq!(proxy.connections(), 0);
    run(&["--proxy-from-env"]).done().exits(0);
    assert_eq!(proxy.connections(), 1);
    run(&["--proxy-from-env", "--noproxy", "127.0.0.1"])
        .done()
        .exits(0);
    assert_eq!(proxy.connections(), 1);
    assert_eq!(server.requests(), 2);
    let both = run(&["--proxy-from-env", "-x", &of_proxy]).done().exits(2);
    both.says("cannot be used with");
    let wrong = haul(["--proxy-from-env", UNASKED]).env("http_proxy", "ftp://h");
    wrong
        .done()
        .exits(2)
        .says("--proxy-from-env: http_proxy in the environment");
}
