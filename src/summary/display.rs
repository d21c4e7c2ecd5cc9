//! The closing block of a run.

use std::fmt;
use std::time::Duration;

use crate::escape::Escaped;

use super::{Distribution, HostFigures, Summary, TopError};

/// Where the right-hand side begins.
const RIGHT: usize = 38;
/// Rows shown of the bounded tables, and of the statuses.
const ROWS: usize = 5;
const STATUSES: usize = 8;

/// Figures as in
///
/// ```text
/// Done in 19.6 s                        10000 requests, 16 at once
///   succeeded   9951   99.5 %           statuses  200: 9900  204: 51  404: 37
///   rejected       0
///   cancelled      0
///   failed        49    0.5 %           http_status 37 · timeout 9 · dns 3
/// Latency of 9988 responses, ms         mean 142.7   min 12   p50 96   p90 260   p95 330   p99 910   max 4120
///   queue wait  mean 3.1   p95 11       510 requests/s   received 48.2 MB   connections 24 new, 10207 reused
///   retries     212 requests (+231 attempts), 205 then succeeded
/// Worst hosts   api.x.org    4000 requests   44 failed   p95 640 ms
/// Top errors    37  http_status 404 Not Found                      e.g. line 17 https://api.x.org/17
///                9  timeout connect took longer than 10s           e.g. line 88 https://api.x.org/88
/// ```
///
/// Lines that would say nothing are left out. The last line has no line feed.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            vec![self.headline()],
            self.counts(),
            self.times(),
            self.retries(),
            self.worst_hosts(),
            self.errors_shown(),
        ];
        for (n, line) in lines.iter().flatten().enumerate() {
            let end = if n > 0 { "\n" } else { "" };
            write!(f, "{end}{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl Summary {
    fn headline(&self) -> String {
        let how = if self.interrupted {
            "Interrupted"
        } else {
            "Done"
        };
        let left = match (self.wall.is_zero(), self.interrupted) {
            (true, _) => how.to_owned(),
            (false, false) => format!("{how} in {}", span(self.wall)),
            (false, true) => format!("{how} after {}", span(self.wall)),
        };
        let requests = plural(self.total(), "request");
        match self.at_once {
            0 => two(&left, &requests),
            n => two(&left, &format!("{requests}, {n} at once")),
        }
    }

    fn counts(&self) -> Vec<String> {
        let width = self.total().to_string().len().max(5) + 2;
        let row = |name: &str, n: u64, right: &str| {
            let count = format!("  {name:<9}{n:>width$}");
            let share = if n > 0 {
                format!("{:>9}", percent(n, self.total()))
            } else {
                String::new()
            };
            two(&format!("{count}{share}"), right)
        };
        vec![
            row("succeeded", self.succeeded, &self.statuses_shown()),
            row("rejected", self.rejected, ""),
            row("cancelled", self.cancelled, ""),
            row("failed", self.failed, &self.classes_shown()),
        ]
    }

    fn statuses_shown(&self) -> String {
        if self.statuses.is_empty() {
            return String::new();
        }
        let mut statuses: Vec<_> = self.statuses.iter().collect();
        statuses.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        let others: u64 = statuses.iter().skip(STATUSES).map(|(_, n)| **n).sum();
        statuses.truncate(STATUSES);
        statuses.sort();
        let mut shown: Vec<String> = statuses
            .iter()
            .map(|(status, n)| format!("{status}: {n}"))
            .collect();
        if others > 0 {
            shown.push(format!("others: {others}"));
        }
        format!("statuses  {}", shown.join("  "))
    }

    fn classes_shown(&self) -> String {
        let mut classes: Vec<_> = self.error_types.iter().collect();
        classes.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        let shown: Vec<String> = classes
            .iter()
            .map(|(class, n)| format!("{class} {n}"))
            .collect();
        shown.join(" · ")
    }

    fn times(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let l = &self.latency;
        if !l.is_empty() {
            let mut figures = vec![format!("mean {}", mean(l))];
            let quantile = |share| millis_shown(l.quantile(share));
            figures.push(format!("min {}", millis_shown(l.min())));
            for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)] {
                figures.push(format!("{name} {}", quantile(share)));
            }
            figures.push(format!("max {}", millis_shown(l.max())));
            let left = format!("Latency of {}, ms", plural(l.count_of(), "response"));
            lines.push(two(&left, &figures.join("   ")));
        }
        let wait = if self.queue_wait.is_empty() {
            String::new()
        } else {
            let p95 = millis_shown(self.queue_wait.quantile(0.95));
            format!("  queue wait  mean {}   p95 {p95}", mean(&self.queue_wait))
        };
        let mut figures = Vec::new();
        if let Some(rate) = self.rate().filter(|_| self.attempts > 0) {
            figures.push(format!("{} requests/s", number(rate)));
        }
        if self.bytes_received > 0 {
            figures.push(format!("received {}", size(self.bytes_received)));
        }
        if self.connections_opened + self.connections_reused > 0 {
            figures.push(format!(
                "connections {} new, {} reused",
                self.connections_opened, self.connections_reused
            ));
        }
        if !wait.is_empty() || !figures.is_empty() {
            lines.push(two(&wait, &figures.join("   ")));
        }
        lines
    }

    fn retries(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.retried > 0 {
            lines.push(format!(
                "  retries     {} (+{}), {} then succeeded",
                plural(self.retried, "request"),
                plural(self.retry_attempts, "attempt"),
                self.later_successes
            ));
        }
        if self.budget_refusals > 0 {
            lines.push(format!(
                "  budget      {} not retried: the retry budget of the host was spent",
                plural(self.budget_refusals, "request")
            ));
        }
        lines
    }

    fn worst_hosts(&self) -> Vec<String> {
        let mut hosts = self.hosts();
        let (others, ..) = self.other_hosts();
        let failed = hosts.iter().any(|host| host.failed > 0);
        if hosts.len() as u64 + others < 2 && !failed {
            return Vec::new();
        }
        // Among hosts that failed, those that did not are not the worst.
        if failed {
            hosts.retain(|host| host.failed > 0);
        }
        hosts.truncate(ROWS);
        let names: Vec<String> = hosts.iter().map(host_name).collect();
        let width = |texts: &[String]| {
            texts
                .iter()
                .map(|text| text.chars().count())
                .max()
                .unwrap_or(0)
        };
        let name_width = width(&names);
        let requests: Vec<String> = hosts
            .iter()
            .map(|host| plural(host.requests, "request"))
            .collect();
        let requests_width = width(&requests);
        let failed: Vec<String> = hosts
            .iter()
            .map(|host| format!("{} failed", host.failed))
            .collect();
        let failed_width = width(&failed);
        let rows = hosts.iter().enumerate().map(|(at, host)| {
            let p95 = host.p95.map_or_else(String::new, |p95| {
                format!("   p95 {} ms", millis_shown(p95))
            });
            format!(
                "{:<name_width$}    {:>requests_width$}   {:>failed_width$}{p95}",
                names[at], requests[at], failed[at]
            )
        });
        titled("Worst hosts", rows)
    }

    fn errors_shown(&self) -> Vec<String> {
        let mut errors = self.top_errors();
        errors.truncate(ROWS);
        let text = |error: &TopError| {
            Escaped(format_args!("{} {}", error.error_type, error.message)).to_string()
        };
        let texts: Vec<String> = errors.iter().map(text).collect();
        let text_width = texts
            .iter()
            .map(|text| text.chars().count())
            .max()
            .unwrap_or(0)
            .clamp(45, 70);
        let count_width = errors
            .first()
            .map_or(0, |worst| worst.count.to_string().len());
        let rows = errors.iter().zip(&texts).map(|(error, text)| {
            format!(
                "{:>count_width$}  {text:<text_width$}  e.g. line {} {}",
                error.count,
                error.index + 1,
                Escaped(&error.url)
            )
        });
        titled("Top errors", rows)
    }
}

/// Rows under a title that stands before the first.
fn titled(title: &str, rows: impl Iterator<Item = String>) -> Vec<String> {
    rows.enumerate()
        .map(|(at, row)| format!("{:<14}{row}", if at == 0 { title } else { "" }))
        .collect()
}

/// A left-hand and a right-hand side, which keep their distance.
fn two(left: &str, right: &str) -> String {
    let gap = RIGHT.saturating_sub(left.chars().count()).max(2);
    format!("{left}{:gap$}{right}", "")
}

fn plural(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// A share that is neither none nor all does not read as either.
fn percent(part: u64, all: u64) -> String {
    let share = part as f64 * 100.0 / all as f64;
    if share < 0.05 {
        "<0.1 %".to_owned()
    } else if share > 99.94 && part < all {
        ">99.9 %".to_owned()
    } else {
        format!("{share:.1} %")
    }
}

/// The name a person knows: without the scheme, and without the port where it is the scheme's own.
fn host_name(figures: &HostFigures) -> String {
    let host = &figures.host;
    match (host.scheme(), host.port()) {
        ("http", 80) | ("https", 443) => Escaped(host.name()).to_string(),
        (_, port) => Escaped(format_args!("{}:{port}", host.name())).to_string(),
    }
}

fn mean(of: &Distribution) -> String {
    let ms = of.mean().as_secs_f64() * 1e3;
    if ms < 1.0 {
        format!("{ms:.2}")
    } else {
        format!("{ms:.1}")
    }
}

fn millis_shown(time: Duration) -> String {
    number(time.as_secs_f64() * 1e3)
}

/// About two digits: 0.25, 3.1, 96, 4120.
fn number(n: f64) -> String {
    if n == 0.0 {
        "0".to_owned()
    } else if n < 0.995 {
        format!("{n:.2}")
    } else if n < 9.95 {
        format!("{n:.1}")
    } else {
        format!("{n:.0}")
    }
}

fn span(time: Duration) -> String {
    let s = time.as_secs();
    match s {
        0 => format!("{:.2} s", time.as_secs_f64()),
        1..120 => format!("{:.1} s", time.as_secs_f64()),
        120..3600 => format!("{} min {} s", s / 60, s % 60),
        _ => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}

/// Decimal units, as networks are measured in.
fn size(bytes: u64) -> String {
    let mut n = bytes as f64;
    let mut units = ["kB", "MB", "GB", "TB"].iter();
    let mut unit = "B";
    while n >= 999.95
        && let Some(next) = units.next()
    {
        (n, unit) = (n / 1000.0, next);
    }
    if unit == "B" {
        format!("{bytes} B")
    } else {
        format!("{n:.1} {unit}")
    }
}
