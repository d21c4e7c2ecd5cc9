//! Forms of the report: the files and texts that `--html`, `--markdown`, `--junit` and `--github` write.

use std::fs;

use test_support::{Answer, Scenario, Server};

use super::command::{Folder, haul};

/// Line of a result with a key of its own for each `n`.
fn line(n: u32, rest: &str) -> String {
    format!(
        r#"{{"v":1,"index":{n},"key":"2-{n:032x}","source":"urls.txt","line":{},"url":"http://h/{n}","attempts":1,"elapsed_ms":12,"ttfb_ms":10,"timestamp":"2026-08-22T10:15:01.000Z",{rest}}}"#,
        n + 1
    ) + "\n"
}

/// Results of a success, a failure and a rejection.
fn three() -> String {
    let rests = [
        r#""outcome":"success","status":200"#,
        r#""outcome":"failed","status":404,"error_type":"http_status","error_msg":"status 404""#,
        r#""outcome":"rejected","status":200,"rejection":{"code":"no|money @all"}"#,
    ];
    let lines = (0..).zip(rests).map(|(n, rest)| line(n, rest));
    lines.collect()
}

/// Server with a success, and with a failure at `/missing`.
fn server() -> Server {
    let fine = Answer::text("fine");
    Scenario::new().on("/fine", fine).start()
}

#[test]
fn a_run_and_a_report_write_the_same_forms() {
    let (server, folder) = (server(), Folder::new());
    let list = folder.file("list", format!("{0}/fine\n{0}/missing\n", server.url("")));
    let run = [
        "-q",
        "-o",
        "run.jsonl",
        "--junit",
        "a.xml",
        "--html",
        "a.html",
        &list,
    ];
    haul(run).current_dir(&folder).done().exits(1);
    let report = [
        "report",
        "-q",
        "--junit",
        "b.xml",
        "--html",
        "b.html",
        "run.jsonl",
    ];
    haul(report).current_dir(&folder).done().exits(0);
    for end in ["xml", "html"] {
        // Wall time and bytes on the wire are not in the results.
        let text = |name: &str| {
            let text = folder.read(&format!("{name}.{end}"));
            let lines = text
                .lines()
                .filter(|line| line.contains("<testcase") || line.contains("<h1"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert!(!text("a").is_empty());
        assert_eq!(text("a"), text("b"));
    }
    assert_eq!(folder.read("a.xml").matches("<testcase").count(), 2);
    assert_eq!(folder.read("a.xml").matches("<failure").count(), 1);
}

#[test]
fn many_requests_are_a_case_for_each_host() {
    let folder = Folder::new();
    let run = folder.file("run.jsonl", three());
    for (most, cases) in [("3", 3), ("2", 1)] {
        let arguments = ["report", "-q", "--junit", "-", "--junit-cases", most, &run];
        let done = haul(arguments).done().exits(0);
        assert_eq!(
            done.stdout.matches("<testcase").count(),
            cases,
            "{}",
            done.stdout
        );
    }
}

#[test]
fn markdown_takes_the_place_of_the_text() {
    let folder = Folder::new();
    let run = folder.file("run.jsonl", three());
    let done = haul(["report", "--markdown", &run]).done().exits(0);
    assert!(
        done.stdout.starts_with("### ❌ haul: 3 requests"),
        "{}",
        done.stdout
    );
    assert!(
        done.stdout.contains("<code>no&#124;money &#64;all</code>"),
        "{}",
        done.stdout
    );
    assert_eq!(done.stderr, "");
}

#[test]
fn markdown_of_a_comparison_has_the_differences_as_code() {
    let folder = Folder::new();
    let (old, new) = (line(0, r#""outcome":"success","status":200"#), three());
    let failed = new.replacen(
        r#""outcome":"success""#,
        r#""outcome":"failed","error_type":"timeout""#,
        1,
    );
    let (old, new) = (
        folder.file("old.jsonl", old),
        folder.file("new.jsonl", failed),
    );
    let done = haul(["report", "--against", &old, "--markdown", &new])
        .done()
        .exits(0);
    let (report, differences) = done
        .stdout
        .split_once("**Compared with the earlier run**\n\n")
        .unwrap();
    assert!(report.starts_with("### ❌ haul: 3 requests"), "{report}");
    assert!(
        differences.lines().all(|line| line.starts_with("    ")),
        "{differences}"
    );
    assert!(differences.contains("http://h/0"), "{differences}");
}

#[test]
fn annotations_stay_out_of_other_texts_on_standard_output() {
    let folder = Folder::new();
    let run = folder.file("run.jsonl", three());
    let error = "::error title=haul%3A 1 × http_status,file=urls.txt,line=2::1 request failed";
    let alone = haul(["report", "-q", "--github", &run]).done().exits(0);
    assert!(alone.stdout.starts_with(error), "{}", alone.stdout);
    let both = haul(["report", "--markdown", "--github", &run])
        .done()
        .exits(0);
    assert!(!both.stdout.contains("::error"), "{}", both.stdout);
    assert!(both.stderr.starts_with(error), "{}", both.stderr);
    let server = server();
    let with_results = haul(["-q", "--github", &server.url("/missing")])
        .done()
        .exits(1);
    assert!(
        with_results.stderr.starts_with("::error title="),
        "{}",
        with_results.stderr
    );
}

#[test]
fn two_texts_on_standard_output_are_refused() {
    let (server, folder) = (server(), Folder::new());
    let run = folder.file("run.jsonl", three());
    for more in [
        ["--markdown", "--html", "-"],
        ["--junit", "-", "--markdown"],
        ["--summary-json", "-", "--markdown"],
    ] {
        let done = haul(["report", &run]).and(more).done().exits(2);
        done.says("standard output is for ");
    }
    haul(["--markdown", &server.url("/fine")])
        .done()
        .exits(2)
        .says("--markdown: standard output is for the results (-o FILE takes them)");
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_report_that_finds_no_room_leaves_the_old_one() {
    let folder = Folder::new();
    let run = folder.file("run.jsonl", three());
    let page = folder.file("report.html", "old");
    let arguments = ["report", "-q", "--overwrite", "--html", &page, &run];
    haul(arguments)
        .file_blocks(4)
        .done()
        .exits(3)
        .says("report.html: cannot be written: File too large");
    assert_eq!(folder.read("report.html"), "old");
    assert_eq!(
        folder.paths().len(),
        2,
        "a temporary file is left: {:?}",
        folder.paths()
    );
}

#[test]
fn a_page_that_finds_no_room_leaves_the_other_forms() {
    let folder = Folder::new();
    let run = folder.file("run.jsonl", three());
    let (page, junit) = (folder.at("report.html"), folder.at("junit.xml"));
    haul(["report", "-q", "--html", &page, "--junit", &junit, &run])
        .file_blocks(4)
        .done()
        .exits(3)
        .says("report.html: cannot be written: File too large");
    assert!(folder.read("junit.xml").ends_with("</testsuites>\n"));
    assert!(!folder.has("report.html"));
}

#[test]
fn a_form_that_cannot_be_written_is_told_before_a_request_is_sent() {
    let (server, folder) = (server(), Folder::new());
    let url = server.url("/fine");
    let run = folder.file("run.jsonl", three());
    fs::create_dir(folder.at("folder")).unwrap();
    for (option, path, status, told) in [
        (
            "--html",
            "no/report.html",
            3,
            "no/report.html: cannot be written",
        ),
        (
            "--junit",
            "folder",
            3,
            "it is a directory (a file is expected)",
        ),
        (
            "--html",
            "run.jsonl",
            2,
            "run.jsonl: it exists (--overwrite replaces it)",
        ),
        (
            "--html",
            "report.csv",
            2,
            "--html writes HTML (a name like report.html is expected)",
        ),
    ] {
        for input in [vec!["-o", "out.jsonl", &url], vec!["report", "other.jsonl"]] {
            fs::write(folder.at("other.jsonl"), three()).unwrap();
            let done = haul(input).and(["-q", option, path]).current_dir(&folder);
            done.done().exits(status).says(told);
        }
    }
    haul(["report", "--overwrite", "--html", &run, &run])
        .done()
        .exits(2)
        .says("it would be written by --html, and is read");
    assert_eq!(server.requests(), 0);
    assert!(!folder.has("out.jsonl"));
}

#[test]
fn resuming_replaces_the_report_of_the_run_before_and_no_other_file() {
    let (server, folder) = (server(), Folder::new());
    let url = server.url("/fine");
    let forms = ["--html", "report.html", "--junit", "junit.xml"];
    let run = ["-q", "-o", "run.jsonl", "--resume", &url];
    for _ in 0..2 {
        haul(run).and(forms).current_dir(&folder).done().exits(0);
    }
    fs::write(folder.at("report.html"), "<h1>mine</h1>").unwrap();
    haul(run)
        .and(forms)
        .current_dir(&folder)
        .done()
        .exits(2)
        .says("report.html: it exists, and is no report of haul (another name is expected)");
    assert_eq!(folder.read("report.html"), "<h1>mine</h1>");
}

#[test]
fn a_link_stays_a_link_and_its_target_is_replaced() {
    let folder = Folder::new();
    let run = folder.file("run.jsonl", three());
    let target = folder.file("target.html", "old");
    let link = folder.at("report.html");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let arguments = ["report", "-q", "--overwrite", "--html", &link, &run];
    haul(arguments).done().exits(0);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(folder.read("target.html").starts_with("<!DOCTYPE html>"));
}
