//! Summaries as text.

use super::*;

#[test]
fn the_closing_block_of_a_batch() {
    let mut summary = Summary::new();
    for index in 0..9946 {
        let mut outcome = success(index, 1.0 + (index % 330) as f64);
        outcome.report.bytes_received = 4846;
        summary.record(&outcome);
    }
    for index in 0..5 {
        summary.record(&second_try(9946 + index));
    }
    for index in 0..40 {
        summary.record(&not_found(if index == 0 { 16 } else { 9960 + index }));
    }
    for index in 0..9 {
        summary.record(&timeout(87 + index));
    }
    let mut fresh = success(0, 4120.0);
    fresh.report.connections_opened = 24;
    fresh.report.connections_reused = 0;
    fresh.report.queued = ms(11.0).into();
    summary.record(&fresh);
    summary.set_wall(Duration::from_millis(19_600));
    summary.set_at_once(16);
    let expected = "\
Done in 19.6 s                        10001 requests, 16 at once
  succeeded   9952   99.5 %           statuses  200: 9952  404: 40
  rejected       0
  cancelled      0
  failed        49    0.5 %           http_status 40 · timeout 9
Latency of 9997 responses, ms         mean 165.0   min 1.0   max 4120
                                      p50 164   p90 297   p95 314   p99 327
  first byte  mean 120   p95 120
  queue wait  mean 3.0   p95 3.0      510 requests/s   received 48.2 MB
                                      connections 24 new, 9991 reused
  retries     14 requests (+23 attempts), 5 then succeeded
Slowest       4120 ms  200  line 1 https://api.x.org/0
               330 ms  200  line 330 https://api.x.org/329
               330 ms  200  line 660 https://api.x.org/659
               330 ms  200  line 990 https://api.x.org/989
               330 ms  200  line 1320 https://api.x.org/1319
Worst hosts   api.x.org    9992 requests   40 failed   p95 313 ms
              x               9 requests    9 failed
Top errors    40  http_status 404 Not Found
                  e.g. line 17 https://api.x.org/16
               9  timeout connect took longer than 10s
                  e.g. line 88 https://x/87";
    assert_eq!(summary.to_string(), expected, "\n{summary}");
    // A width has its room used.
    let wide = format!("{summary:110}");
    for line in [
        "mean 165.0   min 1.0   max 4120   p50 164   p90 297   p95 314   p99 327\n",
        "510 requests/s   received 48.2 MB   connections 24 new, 9991 reused\n",
        "40  http_status 404 Not Found             e.g. line 17 https://api.x.org/16\n",
    ] {
        assert!(wide.contains(line), "{line}\n{wide}");
    }
}

#[test]
fn rejections_have_a_row_for_each_code() {
    let coded = |n, code: &str| {
        let answer = response(&url(n), 200, "text/plain", b"x");
        sample::rejected(n, url(n), answer, Rejection::new(code, "no"))
    };
    let mut outcomes: Vec<_> = (0..12).map(|n| coded(n, "E7")).collect();
    outcomes.extend((12..18).map(|n| coded(n, &format!("X{n}"))));
    let text = of(&outcomes).to_string();
    let rows = "\
Rejections    12  E7
               1  X12
               1  X13
               1  X14
               1  X15
               2  other codes
";
    assert!(text.contains(rows), "{text}");
}

#[test]
fn the_alternate_form_plots_the_throughput() {
    let mut summary = Summary::new();
    for second in 0..8_u64 {
        for n in 0..=second * 10 {
            let mut outcome = success(n, 1.0);
            let at = std::time::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + second);
            outcome.report.started = at.into();
            summary.record(&outcome);
        }
    }
    let line = "Throughput    ▁▂▃▄▅▆▇█  up to 71/s\n";
    assert!(format!("{summary:#}").contains(line), "{summary:#}");
    assert!(!format!("{summary}").contains("Throughput"));
}

#[test]
fn lines_that_say_nothing_are_left_out() {
    let mut summary = of(&[success(0, 0.25), success(1, 0.25)]);
    summary.set_wall(Duration::from_millis(250));
    let expected = "\
Done in 0.25 s                        2 requests
  succeeded      2  100.0 %           statuses  200: 2
  rejected       0
  cancelled      0
  failed         0
Latency of 2 responses, ms            mean 0.25   min 0.25   max 0.25
                                      p50 0.25   p90 0.25   p95 0.25   p99 0.25
  first byte  mean 120   p95 120
  queue wait  mean 3.0   p95 3.0      8.0 requests/s   received 2.0 kB
                                      connections 0 new, 2 reused";
    assert_eq!(summary.to_string(), expected, "\n{summary}");
}

#[test]
fn one_request_is_two_lines() {
    for (outcome, expected) in [
        (
            success(0, 0.25),
            "Done: 1 request succeeded, status 200\n  latency 0.25 ms   queue wait 3.0 ms   \
             received 1.0 kB",
        ),
        (
            not_found(0),
            "Done: 1 request failed, status 404\n  http_status 404 Not Found   https://api.x.org/0",
        ),
        (
            timeout(0),
            "Done: 1 request failed, 3 attempts\n  timeout connect took longer than 10s   https://x/0",
        ),
    ] {
        let shown = of(&[outcome]).to_string();
        assert_eq!(shown, expected, "\n{shown}");
    }
    let rejected = of(&[rejected(0)]).to_string();
    assert!(
        rejected.starts_with("Done: 1 request rejected, status 200\n  latency "),
        "{rejected}"
    );
    let cancelled = of(&[cancelled(0)]).to_string();
    assert!(
        cancelled.starts_with("Done: 1 request cancelled\n"),
        "{cancelled}"
    );
}

#[test]
fn a_message_that_begins_with_its_class_is_shown_as_it_is() {
    for (message, expected) in [
        (
            "connect to x: refused",
            "  connect to x: refused   https://x/",
        ),
        ("connect: refused", "  connect: refused   https://x/"),
        ("refused", "  connect refused   https://x/"),
        (
            "connection refused",
            "  connect connection refused   https://x/",
        ),
    ] {
        let mut outcome = sample::unsent(0, "https://x/".to_owned(), ErrorType::Connect);
        outcome.state = State::Failed(Error::new(ErrorType::Connect, message));
        let shown = of(&[outcome]).to_string();
        assert_eq!(shown.lines().nth(1), Some(expected), "{shown}");
    }
}

#[test]
fn no_line_is_wider_than_asked_for() {
    let long = |n: u64| {
        let url = format!(
            "https://{}.example/{}",
            "余额".repeat(40),
            "✅é/".repeat(30)
        );
        let mut outcome = sample::unsent(n, url, ErrorType::Process);
        let message = format!("{n} {}", "不足 ".repeat(50));
        outcome.state = State::Failed(Error::new(ErrorType::Process, message));
        outcome
    };
    let mut many = of(&mixed());
    for n in 0..7 {
        many.record(&long(n));
    }
    for status in 400..420 {
        many.statuses.insert(status, 123_456_789);
    }
    many.set_wall(Duration::from_secs(1_000_000));
    many.set_at_once(10_000);
    for summary in [many, of(&[long(0)]), of(&[success(0, 1.0)]), Summary::new()] {
        for width in 1..=200 {
            for line in format!("{summary:width$}").lines() {
                assert!(layout::columns(line) <= width, "{line} in {width}");
            }
        }
    }
}

#[test]
fn a_long_url_is_shortened_in_its_middle() {
    let url = format!("https://api.x.org/{}/last", "part/".repeat(40));
    let answer = response(&url, 404, "text/plain", b"x");
    let summary = of(&[sample::bad_status(0, url, answer), not_found(1)]);
    let line = summary.to_string();
    let line = line.lines().find(|line| line.contains("e.g.")).unwrap();
    assert!(
        line.contains(" https://api.x.org/") && line.ends_with("/last"),
        "{line}"
    );
    assert!(line.contains('…') && layout::columns(line) == 80, "{line}");
}

/// The line of the summary that gives an example of an error, for a request that was read from this file.
fn example_from(source: &str) -> String {
    let mut summary = Summary::new();
    for n in 0..2 {
        let mut outcome = not_found(n);
        let request = Request::clone(&outcome.request).read_at(source, 17);
        outcome.request = request.into();
        summary.record(&outcome);
    }
    let text = summary.to_string();
    let line = text.lines().find(|line| line.contains("e.g.")).unwrap();
    line.trim_start().to_owned()
}

#[test]
fn a_long_path_of_an_input_is_shortened_to_its_name() {
    let source = format!("/tmp/{}/urls.txt", "folder".repeat(12));
    assert_eq!(
        example_from(&source),
        "e.g. …/urls.txt:17 https://api.x.org/0"
    );
}

#[test]
fn a_path_of_an_input_that_fits_is_shown_as_given() {
    assert_eq!(
        example_from("lists/urls.txt"),
        "e.g. lists/urls.txt:17 https://api.x.org/0"
    );
}

#[test]
fn an_empty_batch() {
    let expected = "\
Done                                  0 requests
  succeeded      0
  rejected       0
  cancelled      0
  failed         0";
    assert_eq!(Summary::new().to_string(), expected);
}

#[test]
fn an_interrupted_run_is_marked_in_the_summary() {
    let mut summary = of(&[cancelled(0), cancelled(1)]);
    summary.set_wall(Duration::from_secs(3725));
    summary.set_interrupted(true);
    let text = summary.to_string();
    assert!(text.starts_with("Stopped after 1 h 2 min "), "{text}");
    assert!(text.contains("cancelled      2  100.0 %"), "{text}");
}

#[test]
fn no_share_is_rounded_to_none_or_to_all() {
    let mut summary = of(&[not_found(0)]);
    summary.succeeded = 99_999;
    let text = summary.to_string();
    assert!(text.contains("  failed          1   <0.1 %"), "{text}");
    assert!(text.contains("  succeeded   99999  >99.9 %"), "{text}");
}

#[test]
fn no_text_of_a_summary_steers_the_terminal() {
    let outcome = |n| sample::unsent(n, "http://h/\x1b[2J\n", ErrorType::BreakerOpen);
    for (outcomes, lines) in [(vec![outcome(0)], 2), (vec![outcome(0), outcome(1)], 7)] {
        let text = of(&outcomes).to_string();
        assert!(!text.contains('\x1b') && text.contains("[2J"), "{text}");
        assert_eq!(text.lines().count(), lines, "{text}");
    }
}
