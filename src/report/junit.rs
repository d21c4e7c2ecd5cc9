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
    match report.cases.as_ref().and_then(|cases| cases.named()) {
        Some(cases) => cases
            .into_iter()
            .for_each(|(name, case)| suite.add_request(&name, case)),
        None => suite.add_hosts(summary),
    }
    if summary.is_interrupted() {
        let case = SuiteCase {
            class: "haul",
            name: "the run reaches its end",
            time: Duration::ZERO,
        };
        suite.add(case, Some(("interrupted", "the run was stopped early", "")));
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
    fn add_request(&mut self, name: &str, case: &RequestCase) {
        let class = case.host.as_deref().unwrap_or("no host");
        let place = match &case.place {
            Some(place) => place.clone(),
            None => format!("request {}", case.index.saturating_add(1)),
        };
        let case_of = SuiteCase {
            class,
            name,
            time: case.time,
        };
        match &case.result {
            CaseResult::Passed => self.add(case_of, None),
            CaseResult::Failed { kind, message } if case.is_known => {
                self.begin(case_of);
                // Writing to a string does not fail.
                let _ = writeln!(
                    self.text,
                    "><system-out>known failure, also in the earlier run: {}: {} ({})</system-out></testcase>",
                    MarkupText(kind),
                    MarkupText(message),
                    MarkupText(place)
                );
            }
            CaseResult::Failed { kind, message } => {
                self.add(case_of, Some((kind, message, &place)));
            }
            CaseResult::Skipped => {
                self.begin(case_of);
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
            let failure = (bad > 0).then_some((kind, message.as_str(), ""));
            let time = host.p95.unwrap_or_default();
            self.add(SuiteCase::of_host(&host.host.to_string(), time), failure);
        }
        let (others, requests, failed) = summary.other_hosts();
        let message = format!("of {}, {failed} failed", counted(requests, "request"));
        if others > 0 {
            let failure = (failed > 0).then_some(("failed", message.as_str(), ""));
            let name = counted(others, "other host");
            self.add(SuiteCase::of_host(&name, Duration::ZERO), failure);
        }
        let known: u64 = summary.hosts().iter().map(|host| host.failed).sum();
        // Lines of the input that cannot be read belong to no host.
        let left = summary.failed().saturating_sub(known + failed);
        if left > 0 {
            let message = format!("{} failed", counted(left, "request"));
            let case = SuiteCase::of_host("no host", Duration::ZERO);
            self.add(case, Some(("failed", &message, "")));
        }
    }

    fn begin(&mut self, case: SuiteCase<'_>) {
        self.tests += 1;
        // Writing to a string does not fail.
        let _ = write!(
            self.text,
            "<testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
            MarkupText(case.class),
            MarkupText(case.name),
            seconds(case.time)
        );
    }

    /// Adds a case, and the kind, the message and the place of its failure. `None`: it passed.
    fn add(&mut self, case: SuiteCase<'_>, failure: Option<(&str, &str, &str)>) {
        self.begin(case);
        match failure {
            None => self.text += "/>\n",
            Some((kind, message, place)) => {
                self.failures += 1;
                let (kind, message) = (MarkupText(kind), MarkupText(message));
                let at = if place.is_empty() { "" } else { "\n" };
                // Some viewers show only the attribute, others only the content.
                let _ = writeln!(
                    self.text,
                    "><failure type=\"{kind}\" message=\"{message}\">{kind}: {message}{at}{}</failure></testcase>",
                    MarkupText(place)
                );
            }
        }
    }
}

/// Head of a case.
#[derive(Clone, Copy)]
struct SuiteCase<'a> {
    class: &'a str,
    name: &'a str,
    time: Duration,
}

impl SuiteCase<'_> {
    fn of_host(name: &str, time: Duration) -> SuiteCase<'_> {
        SuiteCase {
            class: "hosts",
            name,
            time,
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
