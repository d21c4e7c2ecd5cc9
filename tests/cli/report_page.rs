//! The report as a page, looked at in a real browser.

use std::env;
use std::process::{Command, Output};

use serde_json::Value;
use test_support::{Answer, Server};

use super::command::{Folder, haul};

/// Names of the browser on various systems.
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Returns the name of a browser that is installed. `None`: there is none, and the test is skipped.
fn browser() -> Option<&'static str> {
    let mut names = BROWSERS.into_iter();
    let found = names.find(|name| Command::new(name).arg("--version").output().is_ok());
    if found.is_none() {
        // In CI the browser is installed, and a test that is skipped unnoticed shows nothing.
        assert!(env::var_os("CI").is_none(), "there is no browser");
        eprintln!("skipped: no browser");
    }
    found
}

/// Opens a page of the folder and returns it after its scripts. Names that end in `.example` lead to `server`, all others
/// nowhere: the browser itself asks for some.
fn open(browser: &str, folder: &Folder, page: &str, server: &Server, more: &[&str]) -> Output {
    let port = server.address().port();
    let rules = format!("MAP *.example 127.0.0.1:{port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1");
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--allow-file-access-from-files",
            "--enable-logging=stderr",
            "--virtual-time-budget=5000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", folder.at("profile")))
        .arg(format!("--host-resolver-rules={rules}"))
        .args(more)
        .arg(format!("file://{}", folder.at(page)))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

/// Returns the lines of the browser's console.
fn console(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines = text.lines().filter(|line| line.contains("CONSOLE"));
    lines.map(str::to_owned).collect()
}

/// Results with all that a report shows, and with markup wherever a server or an input has a say.
fn hostile_results(base: &str) -> String {
    let script = format!(
        "</title></svg></script><script>top.hacked=1;document.title='hacked';fetch('{base}/script')</script>\
         <img src={base}/img onerror=top.hacked=1><style>@import '{base}/style';</style>\\\"' onload=top.hacked=1 \
         \\u202e\\u0007\\u0000 https://user:pw@h/"
    );
    let line = |n: usize| {
        let second = n / 40;
        let common = format!(
            r#""v":1,"index":{n},"key":"2-{n:032x}","source":"{script}","line":{n},"timestamp":"2026-11-30T09:00:{second:02}Z","attempts":{},"elapsed_ms":{}.5,"queued_ms":1,"redirects":{}"#,
            1 + n % 3,
            5 + n * n % 900,
            n % 2
        );
        let head = r#""ttfb_ms":4,"reused":false,"size_bytes":500,"timings":{"resolve_ms":1,"connect_ms":2,"tls_ms":3,"send_ms":0.1,"wait_ms":4,"receive_ms":2}"#;
        let url = format!("https://h{}.example/{n}?{script}", n % 7);
        match n % 10 {
            0 => format!(
                r#"{{{common},"outcome":"failed","url":"{url}","error_type":"decode","error_msg":"body: {script}","status":200,{head}}}"#
            ),
            1 => format!(
                r#"{{{common},"outcome":"failed","url":"{url}","error_type":"dns","phase":"resolve","error_msg":"{script}"}}"#
            ),
            2 => format!(
                r#"{{{common},"outcome":"rejected","url":"{url}","status":200,"rejection":{{"code":"{script}"}},{head}}}"#
            ),
            _ => format!(
                r#"{{{common},"outcome":"success","url":"{url}","status":{},"tag":"{script}",{head}}}"#,
                200 + n % 4
            ),
        }
    };
    (0..1_000).map(|n| line(n) + "\n").collect()
}

/// Page that looks at the report in frames of three widths.
fn measuring_page() -> String {
    let frames = [320, 800, 1600].map(|width| {
        format!(
            "<iframe src=\"report.html\" style=\"width:{width}px;height:900px;border:0\"></iframe>"
        )
    });
    format!(
        "<!DOCTYPE html><meta charset=utf-8><body>{}<script>{}</script>",
        frames.concat(),
        include_str!("report_page/measure.js")
    )
}

/// Returns what the page found about the report, and the console's lines.
fn measured(
    browser: &str,
    folder: &Folder,
    server: &Server,
    more: &[&str],
) -> (Value, Vec<String>) {
    let output = open(browser, folder, "measure.html", server, more);
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, json) = page.split_once("<body>").expect(&page);
    let json = json.split("</body>").next().unwrap();
    let json = json.replace("&lt;", "<").replace("&gt;", ">");
    let json = json.replace("&nbsp;", "\u{a0}").replace("&amp;", "&");
    (serde_json::from_str(&json).expect(&json), console(&output))
}

#[test]
fn a_page_of_hostile_results_is_whole_and_harmless_in_a_browser() {
    let Some(browser) = browser() else { return };
    let (folder, server) = (Folder::new(), Server::always(Answer::text("")));
    let results = folder.file("run.jsonl", hostile_results(&server.url("")));
    let page = folder.at("report.html");
    let arguments = ["report", "-q", "--by", "tag:", "--html", &page, &results];
    haul(arguments).done().exits(0);
    folder.file("measure.html", measuring_page());

    for scheme in ["0", "1"] {
        let scheme = format!("--blink-settings=preferredColorScheme={scheme}");
        let (found, console) = measured(browser, &folder, &server, &[&scheme]);
        assert_eq!(found["problems"], serde_json::json!([]), "{scheme}");
        assert_eq!(console, Vec::<String>::new());
        assert_eq!(found["title"], "haul report, 2026-11-30 09:00 UTC");
        let text = found["text"].as_str().unwrap();
        for shown in [
            "1,000 requests: 200 failed, 100 rejected",
            r"\u{202e}\u{7}\u{0}",
        ] {
            assert!(text.contains(shown), "{shown}: {}", &text[..500]);
        }
        let widths = found["widths"].as_array().unwrap();
        assert_eq!(widths.len(), 3);
        for width in widths {
            assert!(width["textLength"].as_u64() > Some(3_000), "{width}");
            let plots = width["plots"].as_array().unwrap();
            assert_eq!(plots.len(), 3, "{width}");
            for plot in plots {
                assert!(plot["bars"].as_u64() > Some(5), "{plot}");
                assert!(plot["texts"].as_u64() > Some(4), "{plot}");
                assert!(plot["width"].as_f64() > Some(200.0), "{plot}");
            }
        }
    }
    assert_eq!(
        server.paths(),
        Vec::<String>::new(),
        "the page loads something"
    );
}

#[test]
fn a_page_of_a_hostile_comparison_is_whole_and_harmless_in_a_browser() {
    let Some(browser) = browser() else { return };
    let (folder, server) = (Folder::new(), Server::always(Answer::text("")));
    let new = hostile_results(&server.url(""));
    // Each request has the outcome and body of another one, and takes twice the time.
    let lines: Vec<&str> = new.lines().collect();
    let old = (0..lines.len()).map(|n| {
        let key = |n: usize| format!("2-{n:032x}");
        let other = lines[(n + 3) % lines.len()].replace(&key((n + 3) % lines.len()), &key(n));
        other.replace("\"elapsed_ms\":", "\"elapsed_ms\":9") + "\n"
    });
    let old = folder.file("old.jsonl", old.collect::<String>());
    let new = folder.file("new.jsonl", new);
    let page = folder.at("report.html");
    let arguments = ["report", "-q", "--html", &page, "--against", &old, &new];
    haul(arguments).done().exits(0);
    folder.file("measure.html", measuring_page());

    for scheme in ["0", "1"] {
        let scheme = format!("--blink-settings=preferredColorScheme={scheme}");
        let (found, console) = measured(browser, &folder, &server, &[&scheme]);
        assert_eq!(found["problems"], serde_json::json!([]), "{scheme}");
        assert_eq!(console, Vec::<String>::new());
        let text = found["text"].as_str().unwrap();
        for title in [
            "Compared with the earlier run",
            "Newly failed",
            "Still failing",
            "Mended",
            "Changed statuses",
            "Slower and faster hosts",
        ] {
            assert!(text.contains(title), "{title}: {}", &text[..2_000]);
        }
    }
    assert_eq!(
        server.paths(),
        Vec::<String>::new(),
        "the page loads something"
    );
}

#[test]
fn the_browser_shows_what_a_harmful_page_would_do() {
    let Some(browser) = browser() else { return };
    let (folder, server) = (Folder::new(), Server::always(Answer::text("")));
    let page = "<!DOCTYPE html><html lang=fr><body><script>top.hacked=1;console.error('seen')</script>\
                <p style='color:#999'>pale</p><img src='http://h.example/img'><div style='width:900px'>wide</div>";
    folder.file("report.html", page);
    folder.file("measure.html", measuring_page());
    let (found, console) = measured(browser, &folder, &server, &[]);
    let problems = found["problems"].to_string();
    for problem in [
        "a script ran",
        "contrast",
        "foreign element",
        "page of 9",
        "no language",
    ] {
        assert!(problems.contains(problem), "{problem}: {problems}");
    }
    assert!(
        console.iter().any(|line| line.contains("seen")),
        "{console:?}"
    );
    assert!(server.paths().contains(&"/img".to_owned()));
}
