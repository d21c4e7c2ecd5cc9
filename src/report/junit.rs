//! The report as JUnit XML, which CI systems show as tests.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

use super::Report;
use super::cases::{CaseResult, RequestCase};
use super::figures::counted;
use super::markup::MarkupText;
use crate::summary::Summary;

/// Cases as XML, and their numbers.
#[derive(Default)]
struct SuiteCases {
    text: String,
    tests: u64,
    failures: u64,
    skipped: u64,
}

/// Makes the XML. It has only what both usual schemas allow, Ant's and that of Jenkins.
pub(super) fn document(report: &Report) -> String {
    let summary = report.summary();
    let mut suite = SuiteCases::default();
    match report.cases.as_ref().and_then(|cases| cases.sorted()) {
        Some(cases) => cases.into_iter().for_each(|case| suite.add_request(case)),
        None => suite.add_hosts(summary),
    }
    if summary.is_interrupted() {
        suite.add(
            "haul",
            "the run reaches its end",
            Duration::ZERO,
            Some(("interrupted", "the run was stopped early")),
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n\
         <testsuite name=\"haul\" package=\"haul\" id=\"0\" hostname=\"localhost\" timestamp=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{}\">\n\
         <properties/>\n{}<system-out/>\n<system-err/>\n</testsuite>\n</testsuites>\n",
        timestamp(summary),
        suite.tests,
        suite.failures,
        suite.skipped,
        seconds(summary.wall()),
        suite.text
    )
}

impl SuiteCases {
    fn add_request(&mut self, case: &RequestCase) {
        let name = match &case.place {
            Some(place) => format!("{} ({place})", case.url),
            None => format!("{} (request {})", case.url, case.index.saturating_add(1)),
        };
        let class = case.host.as_deref().unwrap_or("no host");
        match &case.result {
            CaseResult::Passed => self.add(class, &name, case.time, None),
            CaseResult::Failed { kind, message } => {
                self.add(class, &name, case.time, Some((kind, message)));
            }
            CaseResult::Skipped => {
                self.begin(class, &name, case.time);
                self.skipped += 1;
                self.text += "><skipped/></testcase>\n";
            }
        }
    }

    /// Adds a case for each host.
    fn add_hosts(&mut self, summary: &Summary) {
        for host in summary.hosts() {
            let bad = host.failed + host.rejected;
            let message = format!(
                "of {}, {} failed and {} were rejected",
                counted(host.requests, "request"),
                host.failed,
                host.rejected
            );
            let kind = if host.failed > 0 {
                "failed"
            } else {
                "rejected"
            };
            let failure = (bad > 0).then_some((kind, message.as_str()));
            self.add(
                "hosts",
                &host.host.to_string(),
                host.p95.unwrap_or_default(),
                failure,
            );
        }
        let (others, requests, failed) = summary.other_hosts();
        let message = format!("of {}, {failed} failed", counted(requests, "request"));
        if others > 0 {
            let failure = (failed > 0).then_some(("failed", message.as_str()));
            self.add(
                "hosts",
                &counted(others, "other host"),
                Duration::ZERO,
                failure,
            );
        }
        let known: u64 = summary.hosts().iter().map(|host| host.failed).sum();
        // Lines of the input that cannot be read belong to no host.
        let left = summary.failed().saturating_sub(known + failed);
        if left > 0 {
            let message = format!("{} failed", counted(left, "request"));
            self.add(
                "hosts",
                "no host",
                Duration::ZERO,
                Some(("failed", &message)),
            );
        }
    }

    fn begin(&mut self, class: &str, name: &str, time: Duration) {
        self.tests += 1;
        // Writing to a string does not fail.
        let _ = write!(
            self.text,
            "<testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
            MarkupText(class),
            MarkupText(name),
            seconds(time)
        );
    }

    /// Adds a case, and the kind and message of its failure. `None`: it passed.
    fn add(&mut self, class: &str, name: &str, time: Duration, failure: Option<(&str, &str)>) {
        self.begin(class, name, time);
        match failure {
            None => self.text += "/>\n",
            Some((kind, message)) => {
                self.failures += 1;
                let (kind, message) = (MarkupText(kind), MarkupText(message));
                // Some viewers show only the attribute, others only the content.
                let _ = writeln!(
                    self.text,
                    "><failure type=\"{kind}\" message=\"{message}\">{kind}: {message}\n{}</failure></testcase>",
                    MarkupText(name)
                );
            }
        }
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

/// Start of the run in UTC, without the zone, which the schema does not allow.
fn timestamp(summary: &Summary) -> String {
    let start = summary.over_time().first().map(|slice| slice.start);
    let start = Timestamp::try_from(start.unwrap_or(UNIX_EPOCH) as SystemTime);
    let start = start.unwrap_or(Timestamp::UNIX_EPOCH);
    start.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
