//! Latencies: histogram, percentiles, phases.

use std::time::Duration;

use super::PageSection;
use super::plot::{BarPlot, PlotBar, ShareBar};
use super::scale::{ScaleLabel, TimeScale, short_time};
use super::table::HtmlTable;
use crate::report::figures::{counted, grouped, ms};
use crate::summary::{Distribution, Summary, TimeFigures};

/// Number of bars of the histogram.
const BARS: usize = 40;

/// Makes the section of the latencies. `None`: there was no response.
pub(super) fn section(summary: &Summary) -> Option<PageSection> {
    let latency = summary.latency();
    if latency.is_empty() {
        return None;
    }
    let mut section = PageSection::new("latency", "Latency");
    section.content = format!("<figure>\n{}", histogram(latency));
    section.content +=
        "<figcaption>Responses by latency; the scale is logarithmic.</figcaption>\n</figure>\n";
    let shares = [
        ("p50", 0.5),
        ("p75", 0.75),
        ("p90", 0.9),
        ("p95", 0.95),
        ("p99", 0.99),
        ("p99.9", 0.999),
    ];
    let percentiles = shares.map(|(name, share)| (name, latency.quantile(share)));
    let mut figures = vec![("min", latency.min()), ("mean", latency.mean())];
    figures.extend(percentiles);
    figures.push(("max", latency.max()));
    section.content += "<dl class=\"figures\">\n";
    for (name, time) in figures {
        section.content += &format!("<div><dt>{name}</dt><dd>{} ms</dd></div>\n", ms(time));
    }
    section.content += "</dl>\n";
    Some(section)
}

fn histogram(latency: &Distribution) -> String {
    let scale = TimeScale::new(latency.min(), latency.max());
    let mut counts = [0_u64; BARS];
    for (time, count) in latency.counts() {
        let at = (scale.place(time) / 100.0 * BARS as f64) as usize;
        counts[at.min(BARS - 1)] += count;
    }
    let width = 100.0 / BARS as f64;
    let bar = |(n, count): (usize, &u64)| {
        let span = (n as f64 * width, (n + 1) as f64 * width);
        let (from, to) = (scale.time(span.0), scale.time(span.1));
        PlotBar {
            span,
            parts: vec![("bar", *count as f64)],
            hint: format!(
                "{} to {}: {}",
                short_time(from),
                short_time(to),
                counted(*count, "response")
            ),
        }
    };
    let mark = |(name, share): (&str, f64)| {
        let time = latency.quantile(share);
        ScaleLabel {
            at: scale.place(time),
            text: format!("{name} {}", short_time(time)),
        }
    };
    let marks = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)];
    let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|share| ms(latency.quantile(share)));
    let plot = BarPlot {
        id: "histogram",
        title: "Histogram of latencies",
        description: format!(
            "{} between {} and {} ms: half of them within {p50} ms, 95 % within {p95} ms, 99 % within {p99} ms",
            counted(latency.count_of(), "response"),
            ms(latency.min()),
            ms(latency.max()),
        ),
        bars: counts.iter().enumerate().map(bar).collect(),
        labels: scale.labels(),
        marks: marks.map(mark).into(),
    };
    plot.to_string()
}

/// Makes the section of the phases of requests. `None`: there was no response.
pub(super) fn phases(summary: &Summary) -> Option<PageSection> {
    let phases = summary.phases();
    if phases.is_empty() {
        return None;
    }
    let mut rows: Vec<_> = phases
        .iter()
        .map(|(phase, figures)| (capital(phase.as_str()), *figures, "bar"))
        .collect();
    rows.push(("First byte".to_owned(), summary.first_byte(), "none"));
    let longest = rows.iter().map(|(_, figures, _)| figures.mean).max();
    let longest = longest.unwrap_or_default().max(Duration::from_nanos(1));
    let row = |(name, figures, class): (String, TimeFigures, &'static str)| {
        let bar = ShareBar {
            class,
            share: figures.mean.as_secs_f64() / longest.as_secs_f64(),
        };
        let times = [figures.mean, figures.p50, figures.p95, figures.max].map(ms);
        let mut cells = vec![name, bar.to_string()];
        cells.extend(times);
        cells.push(grouped(figures.count));
        cells
    };
    let mut section = PageSection::new("phases", "Phases");
    HtmlTable {
        section: "phases-heading",
        caption: "",
        titles: &["Phase", "~Compared", "#mean ms", "#p50 ms", "#p95 ms", "#max ms", "#count"],
        rows: rows.into_iter().map(row).collect(),
        note: "Of the last attempt of each request that got a response. Resolving, connecting and TLS count where a connection was opened; the first byte is the time from the start of the attempt to the head of the response.".to_owned(),
    }
    .add_to(&mut section.content);
    Some(section)
}

fn capital(word: &str) -> String {
    if word == "tls" {
        return "TLS".to_owned();
    }
    let mut chars = word.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}
