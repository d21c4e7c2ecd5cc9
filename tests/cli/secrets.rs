//! Names whose values are secret, and options that become headers.

use serde_json::json;
use test_support::{Answer, Scenario, Server};

use super::command::{Folder, haul};

/// Starts a server that redirects to another one: another port, which is another origin.
fn redirecting(to: &Server) -> Server {
    let to = to.url("/there?ticket=sesame&page=2");
    Scenario::new().on("*", Answer::redirect(307, to)).start()
}

#[test]
fn a_name_that_the_user_calls_secret_stays_secret() {
    let other = Server::always(Answer::status(404).header("X-Own", "sesame"));
    let (server, folder) = (redirecting(&other), Folder::new());
    let url = server.url("/here?TICKET=sesame&page=1");
    let line = json!({"url": url, "headers": {"X-Own": "sesame", "X-Trace": "7"}, "params": {"p\u{e4}ss": "sesame"}});
    for (name, failures) in [("one", "log.jsonl"), ("two", "log.db")] {
        let done = haul([
            "-vv",
            "--secret",
            "x-OWN",
            "--secret",
            "ticket",
            "--secret",
            "p\u{e4}ss",
        ])
        .and([
            "--include-headers",
            "-o",
            &folder.at(name),
            "--failures",
            &folder.at(failures),
        ])
        .and(["--summary-json", &folder.at(&format!("{name}.json")), "-"])
        .input(line.to_string())
        .done()
        .exits(1);
        assert!(!done.stderr.contains("sesame"), "{}", done.stderr);
    }
    for path in folder.paths() {
        let bytes = std::fs::read(&path).unwrap();
        assert!(
            !String::from_utf8_lossy(&bytes).contains("sesame"),
            "{}",
            path.display()
        );
    }
    let record = &folder.records("one")[0];
    assert_eq!(record["headers"]["x-own"], json!(["***"]));
    assert_eq!(record["final_url"], other.url("/there?ticket=***&page=2"));
    let redacted = &folder.records("log.jsonl")[0]["request"]["redacted"];
    assert_eq!(*redacted, json!(["x-own", "?TICKET", "?p\u{e4}ss"]));
    assert_eq!(server.last("/here").header("x-own"), Some("sesame"));
    let there = other.last("/there");
    assert_eq!(
        (there.header("x-own"), there.header("x-trace")),
        (None, Some("7"))
    );
    haul(["--dry-run", "-"])
        .env("HAUL_SECRET", "x-own,ticket,p\u{e4}ss")
        .input(line.to_string())
        .done()
        .exits(0)
        .never_says("sesame");
    haul(["--secret", " ", "http://127.0.0.1:1/"])
        .done()
        .exits(2)
        .says("--secret");
}

#[test]
fn credentials_of_line_and_options_stay_with_their_origin() {
    let names = [
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "X-Api-Key",
        "X-Auth-Token",
        "X-Session",
        "Private_Key",
        "X-Secret",
        "X-Password",
        "X-Signature",
        "Idempotency-Key",
        "X-Idempotency-Key",
    ];
    for of_options in [false, true] {
        let other = Server::always(Answer::text(""));
        let server = redirecting(&other);
        let (mut options, mut headers) = (Vec::new(), serde_json::Map::new());
        for name in names {
            match of_options {
                true => options.extend(["-H".to_owned(), format!("{name}: sesame")]),
                false => drop(headers.insert(name.to_owned(), json!("sesame"))),
            }
        }
        headers.insert("X-Trace".to_owned(), json!("7"));
        for method in ["GET", "PUT"] {
            let line = json!({"url": server.url("/here"), "method": method, "headers": headers});
            haul(options.iter().map(String::as_str).chain(["-"]))
                .input(line.to_string())
                .done()
                .exits(0);
            let (here, there) = (server.last("/here"), other.last("/there"));
            for name in names {
                assert_eq!(here.header(&name.to_lowercase()), Some("sesame"), "{name}");
                assert_eq!(
                    there.header(&name.to_lowercase()),
                    None,
                    "{name} after {method}"
                );
            }
            assert_eq!(there.header("x-trace"), Some("7"));
        }
    }
}

#[test]
fn a_failed_request_keeps_its_idempotency_key() {
    let (server, folder) = (Server::always(Answer::status(404)), Folder::new());
    let line = json!({"url": server.url("/"), "method": "POST", "headers": {"Idempotency-Key": "k-1", "X-Key": "sesame"}});
    let log = folder.at("log.jsonl");
    haul(["--failures", &log, "-"])
        .input(line.to_string())
        .done()
        .exits(1);
    let request = &folder.records("log.jsonl")[0]["request"];
    assert_eq!(
        request["headers"],
        json!({"idempotency-key": "k-1"}),
        "{request}"
    );
    assert_eq!(request["redacted"], json!(["x-key"]));
}

#[test]
fn a_line_break_or_a_nul_in_an_option_is_refused_unseen() {
    for (option, variable, name) in [
        ("-H", "HAUL_USER_AGENT", "-H/--header"),
        ("-A", "HAUL_USER_AGENT", "-A/--user-agent"),
        ("-b", "HAUL_COOKIE", "-b/--cookie"),
        ("-u", "HAUL_USER", "-u/--user"),
        ("--bearer", "HAUL_BEARER", "--bearer"),
        ("-x", "HAUL_PROXY", "-x/--proxy"),
    ] {
        for text in [
            "a=b:sesame\nX-More: 1",
            "a=b:sesame\r\nX-More: 1",
            "a=b:ses\rame",
            "a=b:sesame\n",
            "\ra=b:sesame",
        ] {
            let text = text.replace("a=b:", if option == "-x" { "http://h" } else { "a=b:" });
            let url = "http://127.0.0.1:1/";
            let typed = haul([option, &text, url]).done().exits(2);
            typed
                .says(&format!("haul: {name}: it holds a line break or a NUL"))
                .never_says("sesame");
            if option != "-H" {
                let set = haul([url]).env(variable, &text).done().exits(2);
                set.says(&format!("haul: {variable}: it holds a line break"))
                    .never_says("sesame");
            }
        }
    }
    let folder = Folder::new();
    for text in ["X-One: a\0b", "X-One: a\rb", "X-One: a\r\r\n"] {
        let file = format!("@{}", folder.file("headers", text));
        haul(["-H", &file, "http://127.0.0.1:1/"])
            .done()
            .exits(2)
            .says("-H/--header: it holds a line break");
    }
    for text in ["a\nb", "a\0", "\n"] {
        let file = format!("@{}", folder.file("token", text));
        haul(["--bearer", &file, "http://127.0.0.1:1/"])
            .done()
            .exits(2)
            .says("--bearer: it ");
    }
    haul(["--bearer", "", "http://127.0.0.1:1/"])
        .done()
        .exits(2)
        .says("--bearer: it is empty");
}

#[test]
fn a_file_and_the_variable_have_one_header_a_line() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let file = folder.file("headers", "X-One: 1\r\n\nX-Two: 2\n");
    let sent = || {
        let seen = server.last("/");
        ["x-one", "x-two"].map(|name| seen.header(name).map(str::to_owned))
    };
    let both = ["1", "2"].map(|value| Some(value.to_owned()));
    haul(["-H", &format!("@{file}"), &server.url("/")])
        .done()
        .exits(0);
    assert_eq!(sent(), both);
    haul([server.url("/")])
        .env("HAUL_HEADER", "X-One: 1\nX-Two: 2\r\n")
        .done()
        .exits(0);
    assert_eq!(sent(), both);
    haul([server.url("/")])
        .env("HAUL_HEADER", "X-One: 1\rX-Two: 2")
        .done()
        .exits(2)
        .says("HAUL_HEADER: it holds a line break");
}

#[test]
fn a_url_with_a_secret_is_in_no_hint_and_no_list_of_arguments() {
    let (server, folder) = (Server::always(Answer::status(404)), Folder::new());
    let url = server.url("/?access_token=sesame");
    let (results, log) = (folder.at("results"), folder.at("log.db"));
    let done = haul(["--fail-early", "-o", &results, "--failures", &log, &url]).done();
    done.never_says("sesame");
    for path in folder.paths() {
        let bytes = std::fs::read(&path).unwrap();
        assert!(
            !String::from_utf8_lossy(&bytes).contains("sesame"),
            "{}",
            path.display()
        );
    }
}

#[test]
fn a_name_that_no_header_and_no_parameter_has_is_refused() {
    for name in ["x-a: 1", "a b", "", "a=b", "x-a\nx-b"] {
        haul(["--secret", name, "--dry-run", "http://h/"])
            .done()
            .exits(2)
            .says("the name of a header or query parameter is expected");
    }
}
