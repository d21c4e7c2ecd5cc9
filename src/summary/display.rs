//! Closing block of a run.

use std::fmt;

use crate::redact::escape::Escaped;

use super::layout::{Figures, columns, cut, shortened, two};
use super::numbers::{mean, millis_shown, number, percent, plural, size, span};
use super::tables::{SHORTEST_URL, error_shown};
use super::{HostFigures, Summary};

/// Columns of a line if the format gives no width.
const WIDTH: usize = 80;
/// Statuses that are shown.
const STATUSES: usize = 8;

/// Figures as in
///
/// ```text
/// Done in 19.6 s                        10000 requests, 16 at once
///   succeeded   9951   99.5 %           statuses  200: 9900  204: 51  404: 37
///   rejected       0
///   cancelled      0
///   failed        49    0.5 %           http_status 37 · timeout 9 · dns 3
/// Latency of 9988 responses, ms         mean 142.7   min 12   max 4120
///                                       p50 96   p90 260   p95 330   p99 910
///   first byte  mean 130   p95 310      connect  mean 8.2   p95 21
///   queue wait  mean 3.1   p95 11       510 requests/s   received 48.2 MB
///                                       connections 24 new, 10207 reused
///   retries     212 requests (+231 attempts), 205 then succeeded
/// Throughput    ▂▅▇█▇▇▆▇▇▇▇█▇▆▇▇▇▇▇▃  up to 560/s
/// Slowest       4120 ms  200  line 7312 https://api.x.org/7312
/// Worst hosts   api.x.org    4000 requests   44 failed   p95 640 ms
/// Top errors    37  http_status 404 Not Found  e.g. line 17 https://api.x.org/17
/// ```
///
/// No line takes more than 80 columns, or than the width of the format: `{summary:120}` makes use of 120. Long URLs are
/// shortened in the middle, and long paths of an input to its name. Lines without figures are left out; a single
/// request takes only two lines. The line of throughput is a plot of block characters, and is only in the alternate form
/// (`{summary:#}`). The last line has no line feed.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = f.width().unwrap_or(WIDTH);
        let lines = match self.total() {
            1 if self.duplicates == 0 && self.numbered_files == 0 => self.of_one(width),
            _ => [
                self.headline(width),
                self.counts(width),
                self.duplicates_shown().into_iter().collect(),
                self.saved_files_shown(),
                self.times(width),
                self.retries(),
                self.limit_of_one_host(),
                self.throughput_shown()
                    .filter(|_| f.alternate())
                    .into_iter()
                    .collect(),
                self.rejections_shown(width),
                self.slowest_shown(width),
                self.worst_hosts(width),
                self.errors_shown(width),
            ]
            .concat(),
        };
        for (n, line) in lines.iter().enumerate() {
            let end = if n > 0 { "\n" } else { "" };
            write!(f, "{end}{}", cut(line.trim_end(), width))?;
        }
        Ok(())
    }
}

impl Summary {
    fn how_long(&self) -> String {
        let how = if self.interrupted { "Stopped" } else { "Done" };
        match (self.wall.is_zero(), self.interrupted) {
            (true, _) => how.to_owned(),
            (false, false) => format!("{how} in {}", span(self.wall)),
            (false, true) => format!("{how} after {}", span(self.wall)),
        }
    }

    fn headline(&self, width: usize) -> Vec<String> {
        let mut figures = vec![plural(self.total(), "request")];
        if self.at_once > 0 {
            figures.push(format!("{} at once", self.at_once));
        }
        two(&self.how_long(), &Figures::separated(", ", figures), width)
    }

    /// Makes the two lines for a single request.
    fn of_one(&self, width: usize) -> Vec<String> {
        let states = [
            (self.succeeded, "succeeded"),
            (self.rejected, "rejected"),
            (self.cancelled, "cancelled"),
            (self.failed, "failed"),
            (self.not_done, "not done"),
        ];
        let state = states.iter().find(|(n, _)| *n > 0).map_or("", |(_, s)| s);
        let mut first = format!("{}: 1 request {state}", self.how_long());
        if let Some(status) = self.statuses.keys().next() {
            first += &format!(", status {status}");
        }
        for (count, what) in [(self.skipped, "skipped"), (self.unchecked, "unchecked")] {
            if count > 0 {
                first += &format!(", {what}");
            }
        }
        if self.attempts > 1 {
            first += &format!(", {} attempts", self.attempts);
        }
        let second = match self.top_errors().first() {
            Some(error) => {
                let text = cut(&error_shown(error), width.saturating_sub(2));
                let url = Escaped(&error.url).to_string();
                let room = width.saturating_sub(2 + columns(&text) + 3);
                match room >= columns(&url).min(SHORTEST_URL) {
                    true => format!("  {text}   {}", shortened(&url, room)),
                    false => format!("  {text}"),
                }
            }
            None => format!("  {}", self.figures_of_one().join("   ")),
        };
        vec![first, second]
    }

    fn figures_of_one(&self) -> Vec<String> {
        let mut figures = Vec::new();
        if !self.latency.is_empty() {
            figures.push(format!("latency {} ms", millis_shown(self.latency.max())));
        }
        if !self.queue_wait.is_empty() {
            let wait = millis_shown(self.queue_wait.max());
            figures.push(format!("queue wait {wait} ms"));
        }
        figures.extend(self.bytes_shown());
        figures
    }

    fn counts(&self, width: usize) -> Vec<String> {
        let digits = self.total().to_string().len().max(5) + 2;
        let row = |name: &str, n: u64, right: &Figures| {
            let count = format!("  {name:<9}{n:>digits$}");
            let share = if n > 0 {
                format!("{:>9}", percent(n, self.total()))
            } else {
                String::new()
            };
            two(&format!("{count}{share}"), right, width)
        };
        let none = Figures::new(Vec::new());
        [
            row("succeeded", self.succeeded, &self.statuses_shown()),
            row("rejected", self.rejected, &none),
            row("cancelled", self.cancelled, &none),
            row("failed", self.failed, &self.classes_shown()),
        ]
        .into_iter()
        .chain((self.not_done > 0).then(|| row("not done", self.not_done, &none)))
        .collect::<Vec<_>>()
        .concat()
    }

    fn statuses_shown(&self) -> Figures {
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
        if let Some(first) = shown.first_mut() {
            first.insert_str(0, "statuses  ");
        }
        Figures::separated("  ", shown)
    }

    fn classes_shown(&self) -> Figures {
        let mut classes: Vec<_> = self.error_types.iter().collect();
        classes.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        let shown = classes.iter().map(|(class, n)| format!("{class} {n}"));
        Figures::separated(" · ", shown.collect())
    }

    fn times(&self, width: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let l = &self.latency;
        if !l.is_empty() {
            let extremes = vec![
                format!("mean {}", mean(l)),
                format!("min {}", millis_shown(l.min())),
                format!("max {}", millis_shown(l.max())),
            ];
            let shares = [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)];
            let quantiles = shares
                .iter()
                .map(|(name, share)| format!("{name} {}", millis_shown(l.quantile(*share))));
            let left = format!("Latency of {}, ms", plural(l.count_of(), "response"));
            let figures = Figures::new(vec![extremes, quantiles.collect()]);
            lines.extend(two(&left, &figures, width));
        }
        lines.extend(self.phases_shown(width));
        let wait = if self.queue_wait.is_empty() {
            String::new()
        } else {
            let p95 = millis_shown(self.queue_wait.quantile(0.95));
            format!("  queue wait  mean {}   p95 {p95}", mean(&self.queue_wait))
        };
        let rate = self.rate().filter(|_| self.attempts > 0);
        let rate = rate.map(|rate| format!("{} requests/s", number(rate)));
        let traffic: Vec<String> = rate.into_iter().chain(self.bytes_shown()).collect();
        let connections = (self.connections_opened + self.connections_reused > 0).then(|| {
            format!(
                "connections {} new, {} reused",
                self.connections_opened, self.connections_reused
            )
        });
        let connections: Vec<String> = connections.into_iter().collect();
        if !(wait.is_empty() && traffic.is_empty() && connections.is_empty()) {
            lines.extend(two(&wait, &Figures::new(vec![traffic, connections]), width));
        }
        lines
    }

    fn bytes_shown(&self) -> Option<String> {
        (self.bytes_received > 0).then(|| format!("received {}", size(self.bytes_received)))
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

    /// Returns the adaptive limit of the only host, which has no row of its own.
    fn limit_of_one_host(&self) -> Vec<String> {
        let hosts = self.hosts();
        let limit = match self.shows_hosts(&hosts) {
            true => None,
            false => hosts.first().and_then(|host| host.limit),
        };
        let line = limit.map(|limit| format!("  limit       {limit} at once to the host, adapted"));
        line.into_iter().collect()
    }

    /// True if the table of hosts is shown: there are several hosts, or failures.
    pub(super) fn shows_hosts(&self, hosts: &[HostFigures]) -> bool {
        let (others, ..) = self.other_hosts();
        hosts.len() as u64 + others > 1 || hosts.iter().any(|host| host.failed > 0)
    }
}
