//! Forms in which a report is written.

use super::*;

/// Report of lines, with their single requests.
fn report(lines: &[String]) -> Report {
    let mut reader = ReportReader::new().cases(RequestCases::new());
    reader.read("run.jsonl", lines.concat().as_bytes()).unwrap();
    reader.finish().unwrap()
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

const HEAD: &str = r#","attempts":1,"status":200,"elapsed_ms":1500,"ttfb_ms":3,"timestamp":"2026-08-22T10:15:01Z""#;

/// A success, a failure with markup in its message, and a rejection.
fn three() -> Report {
    report(&[
        line(1, "success", HEAD),
        line(
            2,
            "failed",
            r#","error_msg":"<a>\u0000\"&\uffff","source":"a&b.txt","line":7"#,
        ),
        line(3, "rejected", r#","attempts":1,"rejection":{"code":4001}"#),
    ])
}

#[test]
fn each_request_is_a_case_of_junit() {
    let xml = text(|out| three().junit(out));
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
<testsuite name="haul" package="haul" id="0" hostname="localhost" timestamp="2026-08-22T10:15:02" tests="3" failures="2" errors="0" skipped="0" time="1.500">
<properties/>
<testcase classname="http://h:80" name="http://h/1" time="1.500"/>
<testcase classname="http://h:80" name="http://h/2" time="0.000"><failure type="timeout" message="&lt;a&gt;\u{0}&quot;&amp;\u{ffff}">timeout: &lt;a&gt;\u{0}&quot;&amp;\u{ffff}
a&amp;b.txt:7</failure></testcase>
<testcase classname="http://h:80" name="http://h/3" time="0.000"><failure type="rejected" message="the application rejected it with code 4001">rejected: the application rejected it with code 4001
request 4</failure></testcase>
<system-out/>
<system-err/>
</testsuite>
</testsuites>
"#;
    assert_eq!(xml, expected);
}

#[test]
fn a_case_is_named_by_method_url_and_id() {
    let put = |n| line(n, "success", r#","method":"PUT","id":"a<b""#).replace("h/2", "h/1");
    let xml = text(|out| report(&[put(1), line(9, "success", ""), put(2)]).junit(out));
    let names = xml
        .split(" name=\"")
        .skip(2)
        .map(|rest| rest.split('"').next().unwrap());
    let expected = [
        "PUT http://h/1 [a&lt;b]",
        "PUT http://h/1 [a&lt;b] #2",
        "http://h/9",
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected);
}

/// Comparison of runs of 8 requests: 0 and 1 fail newly, 2 and 3 are mended, 4 fails in both, 5 has another status, 6
/// another body, and 7 fails and is only in the new run.
fn comparison() -> Comparison {
    let fine = |n, rest: &str| line(n, "success", &format!(r#","status":200{rest}"#));
    let evil = r#","error_msg":"<script>x</script> | `a`","source":"\"><b>.txt","line":3"#;
    let body = |text: &str| format!(r#","body":"{text}","body_encoding":"utf8""#);
    let old = [
        fine(0, ""),
        fine(1, ""),
        line(2, "failed", ""),
        line(3, "failed", ""),
        line(4, "failed", ""),
        fine(5, ""),
        fine(6, &body("a")),
    ];
    let new = [
        line(0, "failed", evil),
        line(1, "failed", ""),
        fine(2, ""),
        fine(3, ""),
        line(4, "failed", evil),
        line(5, "success", r#","status":204"#),
        fine(6, &body("b")),
        line(7, "failed", ""),
    ];
    let read = |lines: &[String]| {
        let mut reader = ReportReader::new().comparable().cases(RequestCases::new());
        reader.read("run.jsonl", lines.concat().as_bytes()).unwrap();
        reader
    };
    Comparison::of(read(&old), read(&new)).unwrap()
}

#[test]
fn a_request_that_failed_before_is_a_known_failure_of_junit() {
    let xml = text(|out| comparison().junit(out));
    assert!(xml.contains("tests=\"8\" failures=\"3\""), "{xml}");
    let of = |url: &str| {
        let name = format!("name=\"{url}\"");
        xml.lines()
            .find(|line| line.contains(&name))
            .unwrap()
            .to_owned()
    };
    for url in ["http://h/0", "http://h/1", "http://h/7"] {
        assert!(of(url).contains("<failure"), "{xml}");
    }
    let known = of("http://h/4");
    let told = "<system-out>known failure, also in the earlier run: timeout: &lt;script&gt;";
    assert!(known.contains(told), "{known}");
}

#[test]
fn requests_that_failed_newly_are_annotated_first() {
    let commands = text(|out| comparison().github(out));
    let lines: Vec<&str> = commands.lines().collect();
    assert!(
        lines[0].starts_with("::error title=haul%3A newly failed,file="),
        "{commands}"
    );
    assert!(
        lines[1].contains("::http://h/1: timeout, was 200"),
        "{commands}"
    );
    assert!(lines[2].contains("× timeout"), "{commands}");
    let errors = lines.iter().filter(|line| line.starts_with("::error"));
    assert!(errors.count() <= 10);
}

#[test]
fn many_requests_that_failed_newly_leave_room_for_the_kinds_of_failure() {
    let lines = |outcome| (0..50).map(|n| line(n, outcome, "")).collect::<String>();
    let read = |text: String| {
        let mut reader = ReportReader::new().comparable();
        reader.read("run.jsonl", text.as_bytes()).unwrap();
        reader
    };
    let comparison = Comparison::of(read(lines("success")), read(lines("failed"))).unwrap();
    let commands = text(|out| comparison.github(out));
    assert!(
        commands.contains("::45 requests more failed newly"),
        "{commands}"
    );
    assert!(commands.contains("× timeout"), "{commands}");
    assert_eq!(commands.lines().count(), 7);
}

#[test]
fn a_page_of_a_comparison_has_the_differences() {
    let page = text(|out| comparison().html(out));
    for id in [
        "comparison",
        "newly-failed",
        "still-failing",
        "mended",
        "changed-statuses",
        "changed-bodies",
    ] {
        assert!(page.contains(&format!("<section id=\"{id}\"")), "{id}");
        assert!(page.contains(&format!("<a href=\"#{id}\">")), "{id}");
    }
    assert_eq!(page.matches("<caption>").count(), 6);
    assert!(page.contains("&lt;script&gt;x&lt;/script&gt; | `a`"));
    assert!(page.contains("&quot;&gt;&lt;b&gt;.txt:3"));
    assert!(!page.contains("<script"));
    assert!(!text(|out| comparison().new_report().html(out)).contains("newly-failed"));
}

#[test]
fn markdown_of_a_comparison_has_the_differences_as_code() {
    let text = text(|out| comparison().markdown(out));
    let (report, block) = text
        .split_once("**Compared with the earlier run**\n\n")
        .unwrap();
    assert!(report.starts_with("### ❌ haul: 8 requests"), "{report}");
    assert!(
        block.lines().all(|line| line.starts_with("    ")),
        "{block}"
    );
}

#[test]
fn without_single_requests_each_host_is_a_case() {
    let sum = Report::from(three().summary().clone());
    let xml = text(|out| sum.junit(out));
    let message = "of 3 requests, 1 failed and 1 were rejected";
    assert_eq!(xml.matches("<testcase").count(), 1, "{xml}");
    assert!(xml.contains(&format!("message=\"{message}\"")), "{xml}");
}

#[test]
fn requests_beyond_the_number_that_is_kept_leave_the_hosts() {
    let outcomes = mixed();
    let kept = |most| {
        let mut cases = RequestCases::up_to(most);
        outcomes.iter().for_each(|outcome| cases.record(outcome));
        let report = read(&lines(&outcomes)).with_cases(cases);
        text(|out| report.junit(out)).matches("<testcase").count()
    };
    assert_eq!((kept(40), kept(39), kept(0)), (40, 3, 3));
}

#[test]
fn a_sum_has_the_single_requests_of_its_parts() {
    let mut sum = three();
    sum += &three();
    assert_eq!(text(|out| sum.junit(out)).matches("<testcase").count(), 6);
    sum += &Report::from(three().summary().clone());
    assert_eq!(text(|out| sum.junit(out)).matches("<testcase").count(), 1);
}

#[test]
fn a_run_that_was_stopped_early_has_a_failed_case() {
    let mut summary = Summary::new();
    summary.set_interrupted(true);
    let report = Report::from(summary);
    let xml = text(|out| report.junit(out));
    assert!(xml.contains("tests=\"1\" failures=\"1\""), "{xml}");
    assert!(text(|out| report.github(out)).starts_with("::warning title=haul%3A stopped early::"));
    assert!(text(|out| report.html(out)).contains("Stopped early. No requests"));
    assert!(text(|out| report.markdown(out)).contains("stopped early"));
}

#[test]
fn annotations_are_escaped_as_workflow_commands_need_it() {
    let place = r#","source":"a,b:c%\n.txt","line":7"#;
    let message = r#","error_msg":"100% :: a\r\n::error::no, b""#;
    let one = report(&[line(2, "failed", &format!("{place}{message}"))]);
    let expected = concat!(
        r"::error title=haul%3A 1 × timeout,file=a%2Cb%3Ac%25\n.txt,line=7",
        r"::1 request failed: timeout 100%25 :: a\r\n::error::no, b, first http://h/2 (a,b:c%25\n.txt:7)",
        "\n",
    );
    assert_eq!(text(|out| one.github(out)), expected);
}

#[test]
fn at_most_ten_annotations_of_each_level_stand_for_all() {
    let statuses = (0..14).map(|n| {
        let rest = format!(
            r#","status":{},"error_type":"http_status","error_msg":"no""#,
            400 + u32::from(n)
        );
        line(n, "failed", &rest).replacen(r#""error_type":"timeout","#, "", 1)
    });
    let codes = (20..34).map(|n| line(n, "rejected", &format!(r#","rejection":{{"code":{n}}}"#)));
    let report = report(&statuses.chain(codes).collect::<Vec<_>>());
    let commands = text(|out| report.github(out));
    for level in ["error", "warning"] {
        let begin = format!("::{level} ");
        let of_level: Vec<&str> = commands.lines().filter(|l| l.starts_with(&begin)).collect();
        assert_eq!(of_level.len(), 10, "{commands}");
        assert!(of_level[9].contains("5 requests"), "{commands}");
    }
}

#[test]
fn a_fine_run_has_no_annotations() {
    let fine = report(&[line(1, "success", HEAD)]);
    assert_eq!(text(|out| fine.github(out)), "");
    assert!(text(|out| fine.markdown(out)).starts_with("### ✅ haul: 1 request in 1.5 s\n"));
}

#[test]
fn foreign_text_is_no_markdown() {
    let message = r#","error_msg":"| `x` **b** <img> @team [a](b) https://x \\| #1\n# h""#;
    let one = report(&[line(2, "failed", message)]);
    let shown = text(|out| one.markdown(out));
    let cell = "<code>&#124; &#96;x&#96; &#42;&#42;b&#42;&#42; &#60;img&#62; &#64;team &#91;a&#93;(b) https&#58;//x &#92;&#124; &#35;1&#92;n&#35; h</code>";
    assert!(shown.contains(cell), "{shown}");
}

#[test]
fn a_page_shows_all_sections_and_no_foreign_markup() {
    let mut reader = ReportReader::new().by(Grouping::Host);
    let outcomes = lines(&mixed());
    let evil = line(
        99,
        "failed",
        r#","error_msg":"<script>x</script>","source":"\"><b>","line":1"#,
    );
    reader
        .read("run.jsonl", format!("{outcomes}{evil}").as_bytes())
        .unwrap();
    let page = text(|out| reader.finish().unwrap().html(out));
    for id in [
        "overview",
        "course",
        "latency",
        "phases",
        "hosts",
        "statuses",
        "errors",
        "rejections",
        "groups",
        "slowest",
        "retries",
    ] {
        assert!(page.contains(&format!("<section id=\"{id}\"")), "{id}");
        assert!(page.contains(&format!("<a href=\"#{id}\">")), "{id}");
    }
    assert!(page.contains("&lt;script&gt;x&lt;/script&gt;"));
    assert!(page.contains("&quot;&gt;&lt;b&gt;:1"));
    for sign in ["<script", "http-equiv=\"refresh", "<link", "<img", "url("] {
        assert!(!page.contains(sign), "{sign}");
    }
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
}

#[test]
fn a_page_without_requests_says_so() {
    let page = text(|out| Report::default().html(out));
    assert!(page.contains("<h1 class=\"\">No requests</h1>"), "{page}");
}
