//! The report as Markdown, for a pull request or a job summary.

use std::fmt::{self, Display, Write};

use super::figures::{counted, grouped, ms, ms_or_dash, share};
use super::{Comparison, GroupFigures, Report};
use crate::redact::escape::Escaped;
use crate::summary::Summary;
use crate::summary::numbers::{number, size, span};

/// Upper bound for the rows of a table: a comment of a pull request has room for 65,536 characters.
const ROWS: usize = 20;

/// Makes the text.
pub(super) fn text(report: &Report) -> String {
    let summary = report.summary();
    let mut text = headline(summary);
    text += &counts(summary);
    text += &latency(summary);
    text += &errors(summary);
    text += &rejections(summary);
    text += &hosts(summary);
    text += &groups(report);
    text += &slowest(summary);
    if report.unread_lines() > 0 {
        text += &format!(
            "\n{} of the input are no results.\n",
            counted(report.unread_lines(), "line")
        );
    }
    text
}

/// Makes the text of a comparison with an earlier run: the report of the new run, then the differences as a block of
/// code. Every line of the block is indented, so that no text of a server ends it.
pub(super) fn comparison(comparison: &Comparison) -> String {
    let mut text = text(comparison.new_report());
    text += "\n**Compared with the earlier run**\n\n";
    for line in comparison.to_string().lines() {
        text += &format!("    {line}\n");
    }
    text
}

fn headline(summary: &Summary) -> String {
    let total = counted(summary.total(), "request");
    let all_fine = summary.succeeded() == summary.total();
    let sign = if all_fine { "✅" } else { "❌" };
    let stopped = if summary.is_interrupted() {
        ", stopped early"
    } else {
        ""
    };
    let took = match summary.wall().is_zero() {
        true => String::new(),
        false => format!(" in {}", span(summary.wall())),
    };
    format!("### {sign} haul: {total}{took}{stopped}\n\n")
}

fn counts(summary: &Summary) -> String {
    let total = summary.total();
    let of_all = |count| {
        if total == 0 {
            "–".to_owned()
        } else {
            share(count, total)
        }
    };
    let mut rows = vec![
        ("succeeded", summary.succeeded()),
        ("rejected", summary.rejected()),
        ("failed", summary.failed()),
    ];
    let rare = [
        ("cancelled", summary.cancelled()),
        ("not done", summary.not_done()),
    ];
    rows.extend(rare.into_iter().filter(|(_, count)| *count > 0));
    let rows = rows
        .into_iter()
        .map(|(name, count)| vec![name.to_owned(), grouped(count), of_all(count)]);
    let mut text = table(&["Result", "#Requests", "#Share"], rows);
    let mut figures = Vec::new();
    if let Some(rate) = summary.rate() {
        figures.push(format!("{} requests/s", number(rate)));
    }
    figures.push(format!("received {}", size(summary.bytes_received())));
    if summary.retried_requests() > 0 {
        figures.push(format!(
            "{} tried again, {} then succeeded",
            counted(summary.retried_requests(), "request"),
            grouped(summary.later_successes())
        ));
    }
    if summary.redirects() > 0 {
        figures.push(counted(summary.redirects(), "redirect"));
    }
    let statuses = summary.by_status().iter().take(ROWS);
    let statuses = statuses.map(|(status, count)| format!("{status}: {}", grouped(*count)));
    let statuses: Vec<String> = statuses.collect();
    if !statuses.is_empty() {
        figures.push(format!("statuses {}", statuses.join(", ")));
    }
    text += &format!("\n{}\n", figures.join(" · "));
    text
}

fn latency(summary: &Summary) -> String {
    let latency = summary.latency();
    if latency.is_empty() {
        return String::new();
    }
    let of = |share| ms(latency.quantile(share));
    let row = vec![
        ms(latency.min()),
        ms(latency.mean()),
        of(0.5),
        of(0.9),
        of(0.95),
        of(0.99),
        ms(latency.max()),
    ];
    let titles = ["#min", "#mean", "#p50", "#p90", "#p95", "#p99", "#max"];
    let responses = counted(latency.count_of(), "response");
    let table = table(&titles, [row]);
    format!("\n**Latency of {responses}, ms**\n\n{table}")
}

fn errors(summary: &Summary) -> String {
    let errors = summary.top_errors();
    let rows = errors.iter().take(ROWS).map(|error| {
        let place = error.place.as_deref();
        let place = place.map_or(String::new(), |place| format!(" {}", MarkdownCode(place)));
        vec![
            grouped(error.count),
            MarkdownCode(error.error_type).to_string(),
            MarkdownCode(&error.message).to_string(),
            format!("{}{place}", MarkdownCode(&error.url)),
        ]
    });
    titled(
        "Failures",
        &["#Requests", "Class", "Message", "First example"],
        rows,
        errors.len(),
    )
}

fn rejections(summary: &Summary) -> String {
    let codes = summary.by_code();
    let rows = codes.iter().take(ROWS);
    let rows = rows.map(|(code, count)| vec![grouped(*count), MarkdownCode(code).to_string()]);
    titled("Rejections", &["#Requests", "Code"], rows, codes.len())
}

fn hosts(summary: &Summary) -> String {
    let hosts = summary.hosts();
    let rows = hosts.iter().take(ROWS).map(|host| {
        vec![
            MarkdownCode(&host.host).to_string(),
            grouped(host.requests),
            grouped(host.failed),
            grouped(host.rejected),
            ms_or_dash(host.p95),
        ]
    });
    let all = hosts.len() + usize::try_from(summary.other_hosts().0).unwrap_or(0);
    titled(
        "Hosts",
        &["Host", "#Requests", "#Failed", "#Rejected", "#p95 ms"],
        rows,
        all,
    )
}

fn groups(report: &Report) -> String {
    let Some(groups) = report.groups() else {
        return String::new();
    };
    let row = |name: String, group: &GroupFigures| {
        vec![
            name,
            grouped(group.requests),
            grouped(group.failed),
            grouped(group.rejected),
            ms_or_dash(group.p50),
            ms_or_dash(group.p95),
        ]
    };
    let all = groups.rows();
    let mut rows: Vec<_> = all
        .iter()
        .take(ROWS)
        .map(|group| {
            let name = group.name.as_ref();
            row(
                name.map_or("(none)".to_owned(), |name| MarkdownCode(name).to_string()),
                group,
            )
        })
        .collect();
    if let Some(others) = groups.others() {
        rows.push(row("others".to_owned(), &others));
    }
    let titles = [
        "Group",
        "#Requests",
        "#Failed",
        "#Rejected",
        "#p50 ms",
        "#p95 ms",
    ];
    titled(
        &format!("By {}", MarkdownCode(groups.by())),
        &titles,
        rows,
        all.len(),
    )
}

fn slowest(summary: &Summary) -> String {
    let slowest = summary.slowest();
    let rows = slowest.iter().take(5).map(|slow| {
        vec![
            ms(slow.elapsed),
            slow.status
                .map_or("–".to_owned(), |status| status.to_string()),
            MarkdownCode(&slow.url).to_string(),
        ]
    });
    titled("Slowest", &["#ms", "#Status", "URL"], rows, 0)
}

/// Makes a table with a title, and a line about rows that are left out. Without rows there is none.
fn titled(
    title: &str,
    titles: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
    all: usize,
) -> String {
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_none() {
        return String::new();
    }
    let more = match all.saturating_sub(ROWS) {
        0 => String::new(),
        more => format!("\nand {} more\n", grouped(more as u64)),
    };
    format!("\n**{title}**\n\n{}{more}", table(titles, rows))
}

/// Makes a table. A title that begins with `#` is of a column of figures.
fn table(titles: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let names: Vec<&str> = titles
        .iter()
        .map(|title| title.trim_start_matches('#'))
        .collect();
    let sides = titles.iter().map(|title| {
        if title.starts_with('#') {
            "---:"
        } else {
            "---"
        }
    });
    let sides: Vec<&str> = sides.collect();
    let mut text = format!("| {} |\n| {} |\n", names.join(" | "), sides.join(" | "));
    for row in rows {
        text += &format!("| {} |\n", row.join(" | "));
    }
    text
}

/// Displays foreign text as code. Characters with a meaning in Markdown, HTML or for the host of the text (mentions,
/// links, emoji) become entities, which have none.
struct MarkdownCode<T>(T);

impl<T: Display> Display for MarkdownCode<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<code>")?;
        for c in Escaped(&self.0).to_string().chars() {
            match c {
                '/' | '.' | '-' | ',' | '=' | '?' | '%' | '+' | ';' | '"' | '\'' | '(' | ')' => {
                    f.write_char(c)?
                }
                c if c.is_ascii_punctuation() => write!(f, "&#{};", u32::from(c))?,
                _ => f.write_char(c)?,
            }
        }
        f.write_str("</code>")
    }
}
