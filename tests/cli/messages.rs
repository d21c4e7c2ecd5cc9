//! Messages on standard error, at each level of verbosity.

use serde_json::Value;
use test_support::{Answer, Scenario, Server};

use super::command::haul;

fn server() -> Server {
    Scenario::new()
        .on("/gone", Answer::status(404))
        .on("/no", Answer::json(r#"{"code": 1, "msg": "no"}"#))
        .on("/*", Answer::json(r#"{"code": 0}"#))
        .start()
}

#[test]
fn results_are_alone_on_standard_output_however_much_is_said() {
    let server = server();
    for arguments in [
        &["-vv"][..],
        &["--progress", "plain"][..],
        &["--progress", "json", "-v"][..],
    ] {
        let urls = [server.url("/a"), server.url("/gone")];
        let done = haul(
            arguments
                .iter()
                .copied()
                .chain(urls.iter().map(String::as_str)),
        )
        .done()
        .exits(1);
        assert_eq!(done.results().len(), 2, "{arguments:?}");
        assert!(done.results().iter().all(|result| result["v"] == 1));
    }
}

#[test]
fn haul_is_as_quiet_as_asked_for() {
    let server = server();
    let input = format!("{}\nnowhere\n", server.url("/gone"));
    let said = |arguments: &[&str]| {
        haul(arguments.iter().chain(&["-"]))
            .input(input.clone())
            .done()
            .exits(1)
            .stderr
    };
    let usual = said(&[]);
    assert!(
        usual.contains("haul: stdin:2: ") && usual.contains("failed"),
        "{usual}"
    );
    let quiet = said(&["-q"]);
    assert!(
        quiet.contains("haul: stdin:2: ") && quiet.lines().count() == 1,
        "{quiet}"
    );
    assert_eq!(said(&["-qq"]), "");
}

#[test]
fn each_q_leaves_out_more_messages() {
    let server = server();
    let url = server.url("/a");
    let said = |arguments: &[&str]| {
        let arguments = arguments.iter().copied().chain(["-k", &url]);
        haul(arguments).done().exits(0).stderr
    };
    let quiet = said(&["-q"]);
    assert!(
        quiet.starts_with("haul: warning: certificates are not checked"),
        "{quiet}"
    );
    assert_eq!(quiet.lines().count(), 1);
    assert_eq!(
        (said(&["-qq"]), said(&["-q", "-q"])),
        (String::new(), String::new())
    );
}

#[test]
fn the_summary_fits_the_width_of_the_terminal() {
    let server = server();
    let long = server.url(&format!("/gone/{}/end", "part/".repeat(60)));
    let one = |url: &str, columns: &str| {
        let run = haul([url]).env("COLUMNS", columns);
        run.done().stderr
    };
    for (columns, width) in [
        ("40", 40),
        ("80", 80),
        ("0", 80),
        ("wide", 80),
        ("200", 200),
    ] {
        for url in [server.url("/a"), server.url("/gone"), long.clone()] {
            let said = one(&url, columns);
            assert_eq!(said.lines().count(), 2, "{said}");
            assert!(
                said.lines().all(|line| line.chars().count() <= width),
                "{said}"
            );
        }
        let urls = format!(
            "{long}\n{}\nhttp://127.0.0.1:1/{}\n",
            server.url("/gone"),
            "x".repeat(500)
        );
        let run = haul(["--retry", "0", "-"])
            .input(urls)
            .env("COLUMNS", columns);
        let said = run.done().exits(1).stderr;
        assert!(
            said.lines().all(|line| line.chars().count() <= width),
            "{said}"
        );
    }
}

#[test]
fn each_v_adds_more_messages() {
    let server = server();
    let urls = [server.url("/a"), server.url("/gone"), server.url("/no")];
    let all = |arguments: &[&str]| {
        let urls = urls.iter().map(String::as_str);
        haul(
            ["--require", "/code=0"]
                .into_iter()
                .chain(arguments.iter().copied())
                .chain(urls),
        )
        .done()
        .exits(1)
        .stderr
    };
    let said = all(&["-v"]);
    for line in [
        format!("200 GET {} ", urls[0]),
        format!("404 GET {} ", urls[1]),
        format!("200 GET {} ", urls[2]),
    ] {
        assert!(
            said.lines().any(|said| said.starts_with(&line)),
            "{line} is not in:\n{said}"
        );
    }
    assert!(
        said.contains(": http_status: ") && said.contains(": rejected: 1 no"),
        "{said}"
    );
    assert!(!said.contains("[INFO") && all(&["-vv"]).contains("[INFO  haul"));
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let server = server();
    let url = server.url("/gone");
    let said = |arguments: &[&str]| {
        haul(arguments.iter().copied().chain(["-v", &*url]))
            .done()
            .exits(1)
            .stderr
    };
    assert!(said(&["--color", "always"]).contains("\x1b[31m404\x1b[0m GET"));
    for plain in [&[][..], &["--color", "auto"], &["--color", "never"]] {
        assert!(!said(plain).contains('\x1b'));
    }
}

#[test]
fn progress_comes_in_lines_for_logs_and_programs() {
    let server = server();
    let urls = [server.url("/a"), server.url("/gone")];
    let said = |kind: &str| {
        let arguments = ["-q", "--progress", kind, &urls[0], &urls[1]];
        haul(arguments).done().exits(1).stderr
    };
    let plain = said("plain");
    assert!(
        plain.starts_with("haul: 2 of 2 done, 1 ok, 0 rejected, 1 failed, "),
        "{plain}"
    );
    let json = said("json");
    let last: Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["done"], &last["total"], &last["failed"]),
        (&2.into(), &2.into(), &1.into())
    );
    assert_eq!(said("none"), "");
    // Without a terminal there is no bar.
    assert_eq!((said("auto"), said("bar")), (String::new(), String::new()));
}

#[test]
fn control_characters_are_not_repeated_to_a_terminal() {
    let done = haul(["-v", "-"]).input("\x1b[31mred\x07\n").done().exits(1);
    assert!(
        !done.stderr.contains('\x1b') && !done.stderr.contains('\x07'),
        "{:?}",
        done.stderr
    );
}
