//! Head of the page: the verdict and the headline figures.

use std::time::SystemTime;

use jiff::Timestamp;

use super::PageSection;
use crate::report::Report;
use crate::report::figures::{counted, grouped, ms, share};
use crate::summary::Summary;
use crate::summary::numbers::{number, size, span};

/// Makes the title of the page, with the time of the run.
pub(super) fn title(summary: &Summary) -> String {
    match times(summary) {
        Some((start, _)) => format!("haul report, {}", minute(start)),
        None => "haul report".to_owned(),
    }
}

/// Adds the header of the page: what the run was, and how it ended.
pub(super) fn header(summary: &Summary, page: &mut String) {
    let (class, verdict) = verdict(summary);
    let mut about = Vec::new();
    if let Some((start, end)) = times(summary) {
        let (start, end) = (minute(start), minute(end));
        about.push(match start == end {
            true => start,
            false => format!("{start} to {end}"),
        });
    }
    if !summary.wall().is_zero() {
        about.push(span(summary.wall()));
    }
    if summary.at_once() > 0 {
        about.push(format!("{} at once", grouped(summary.at_once() as u64)));
    }
    *page += &format!(
        "<header>\n<p class=\"name\">haul report</p>\n<h1 class=\"{class}\">{verdict}</h1>\n<p>{}</p>\n</header>\n",
        about.join(" · ")
    );
}

/// Returns the class and the text of the heading.
fn verdict(summary: &Summary) -> (&'static str, String) {
    let total = summary.total();
    let counts = [
        (summary.failed(), "failed"),
        (summary.rejected(), "rejected"),
        (summary.cancelled(), "cancelled"),
        (summary.not_done(), "not done"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts = counts.map(|(count, what)| format!("{} {what}", grouped(*count)));
    let counts: Vec<String> = counts.collect();
    let (class, text) = match (total, counts.is_empty()) {
        (0, _) => ("", "No requests".to_owned()),
        (1, true) => ("fine", "The request succeeded".to_owned()),
        (_, true) => (
            "fine",
            format!("All {} succeeded", counted(total, "request")),
        ),
        _ => (
            "unfine",
            format!("{}: {}", counted(total, "request"), counts.join(", ")),
        ),
    };
    match summary.is_interrupted() {
        true => ("unfine", format!("Stopped early. {text}")),
        false => (class, text),
    }
}

/// Makes the section of the headline figures.
pub(super) fn section(report: &Report) -> Option<PageSection> {
    let summary = report.summary();
    let mut section = PageSection::new("overview", "Overview");
    section.content = parts(summary);
    section.content += "<dl class=\"cards\">\n";
    for (name, value, detail) in counts(summary).into_iter().chain(figures(summary)) {
        section.content += &format!(
            "<div><dt>{name}</dt><dd>{value}</dd><dd class=\"detail\">{detail}</dd></div>\n"
        );
    }
    section.content += "</dl>\n";
    Some(section)
}

/// Name, value and detail of a headline figure.
type HeadlineFigure = (&'static str, String, String);

/// Makes the figures of the requests by their result.
fn counts(summary: &Summary) -> Vec<HeadlineFigure> {
    let total = summary.total();
    let of_all = |name, count| {
        let share = if total == 0 {
            String::new()
        } else {
            share(count, total)
        };
        (name, grouped(count), share)
    };
    let attempts = counted(summary.attempts(), "attempt");
    let mut figures = vec![
        ("Requests", grouped(total), attempts),
        of_all("Succeeded", summary.succeeded()),
        of_all("Failed", summary.failed()),
        of_all("Rejected", summary.rejected()),
    ];
    let rare = [
        ("Cancelled", summary.cancelled()),
        ("Not done", summary.not_done()),
    ];
    let rare = rare.into_iter().filter(|(_, count)| *count > 0);
    figures.extend(rare.map(|(name, count)| of_all(name, count)));
    figures
}

/// Makes the figures of speed and traffic.
fn figures(summary: &Summary) -> Vec<HeadlineFigure> {
    let mut figures = Vec::new();
    if let Some(rate) = summary.rate() {
        let shown = match rate < 99.5 {
            true => number(rate),
            false => grouped(rate.round() as u64),
        };
        figures.push((
            "Rate",
            format!("{shown}/s"),
            format!("in {}", span(summary.wall())),
        ));
    }
    let latency = summary.latency();
    if !latency.is_empty() {
        let of = |share| format!("{} ms", ms(latency.quantile(share)));
        let mean = format!("mean {} ms", ms(latency.mean()));
        figures.push(("Median latency", of(0.5), mean));
        figures.push(("p95 latency", of(0.95), format!("p99 {}", of(0.99))));
    }
    let sent = match summary.bytes_sent() {
        0 => String::new(),
        sent => format!("sent {}", size(sent)),
    };
    figures.push(("Received", size(summary.bytes_received()), sent));
    figures
}

/// Makes the bar of all requests by their state, with its legend.
fn parts(summary: &Summary) -> String {
    let total = summary.total();
    if total == 0 {
        return "<p class=\"note\">There are no results to show.</p>\n".to_owned();
    }
    let states = [
        ("good", "succeeded", summary.succeeded()),
        ("odd", "rejected", summary.rejected()),
        ("bad", "failed", summary.failed()),
        (
            "none",
            "not done or cancelled",
            summary.not_done() + summary.cancelled(),
        ),
    ];
    let states = states.iter().filter(|(_, _, count)| *count > 0);
    let shares = states
        .clone()
        .map(|(_, name, count)| format!("{} {name}", grouped(*count)));
    let description = shares.collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "<svg class=\"parts\" role=\"img\" aria-labelledby=\"parts-title parts-desc\" width=\"100%\" height=\"20\">\n\
         <title id=\"parts-title\">Requests by result</title>\n<desc id=\"parts-desc\">{description}</desc>\n"
    );
    let mut legend = String::new();
    let mut left = 0.0;
    for (class, name, count) in states {
        let width = *count as f64 * 100.0 / total as f64;
        text += &format!(
            "<rect class=\"{class}\" x=\"{left:.3}%\" width=\"{width:.3}%\" height=\"20\"/>\n"
        );
        left += width;
        legend += &format!(
            "<li><span class=\"key {class}\" aria-hidden=\"true\"></span>{name} {}</li>\n",
            share(*count, total)
        );
    }
    format!("{text}</svg>\n<ul class=\"legend\">\n{legend}</ul>\n")
}

/// Makes the line at the end of the page.
pub(super) fn footer(report: &Report) -> String {
    let unread = match report.unread_lines() {
        0 => String::new(),
        n => format!(
            " {} of the input are no results, and count nowhere.",
            counted(n, "line")
        ),
    };
    format!(
        "Made by haul {}. Times are in UTC. Latencies are those of attempts that got a response of any status, body included.{unread}",
        env!("CARGO_PKG_VERSION")
    )
}

/// Returns the times between which the outcomes came. `None`: no request was sent.
fn times(summary: &Summary) -> Option<(SystemTime, SystemTime)> {
    let slices = summary.over_time();
    let (first, last) = (slices.first()?, slices.last()?);
    Some((first.start, last.start.checked_add(last.width)?))
}

fn minute(time: SystemTime) -> String {
    match Timestamp::try_from(time) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => "an unknown time".to_owned(),
    }
}
