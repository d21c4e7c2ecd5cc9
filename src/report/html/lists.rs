//! Lists of the page: hosts, statuses, kinds of failure, rejections, groups, slow requests, retries.

use http::StatusCode;

use super::PageSection;
use super::plot::ShareBar;
use super::table::{HtmlTable, code};
use crate::report::figures::{counted, grouped, ms, ms_or_dash, share};
use crate::report::markup::MarkupText;
use crate::report::{GroupFigures, Report};
use crate::summary::{HostFigures, SlowRequest, Summary, TopError};

/// Upper bound for the rows of a table: the rest is in the report as JSON.
pub(super) const ROWS: usize = 100;

/// Makes the table of the hosts, worst first. `None`: no host is known.
pub(super) fn hosts(summary: &Summary) -> Option<PageSection> {
    let hosts = summary.hosts();
    let all = hosts.iter().map(|host| host.requests).max()?;
    let row = |host: &HostFigures| {
        let bar = ShareBar {
            class: "bar",
            share: host.requests as f64 / all.max(1) as f64,
        };
        vec![
            code(&host.host.to_string()),
            bar.to_string(),
            grouped(host.requests),
            count_of("bad", host.failed),
            share(host.failed, host.requests),
            count_of("odd", host.rejected),
            ms_or_dash(host.p95),
        ]
    };
    let (others, requests, failed) = summary.other_hosts();
    let hidden = &hosts[hosts.len().min(ROWS)..];
    let (mut left, mut left_requests, mut left_failed) = (others, requests, failed);
    for host in hidden {
        left += 1;
        left_requests += host.requests;
        left_failed += host.failed;
    }
    let mut section = PageSection::new("hosts", "Hosts");
    HtmlTable {
        section: "hosts-heading",
        caption: "",
        titles: &[
            "Host",
            "~Share",
            "#requests",
            "#failed",
            "#failed %",
            "#rejected",
            "#p95 ms",
        ],
        rows: hosts.iter().take(ROWS).map(row).collect(),
        note: match left {
            0 => String::new(),
            _ => format!(
                "And {} with {}, of which {} failed.",
                counted(left, "other host"),
                counted(left_requests, "request"),
                grouped(left_failed)
            ),
        },
    }
    .add_to(&mut section.content);
    Some(section)
}

/// Makes the table of the statuses. `None`: there was no response.
pub(super) fn statuses(summary: &Summary) -> Option<PageSection> {
    let statuses = summary.by_status();
    let all: u64 = statuses.values().sum();
    let row = |(status, count): (&u16, &u64)| {
        let class = match status {
            ..400 => "good",
            400..500 => "odd",
            _ => "bad",
        };
        let name = StatusCode::from_u16(*status).ok();
        let name = name.and_then(|status| status.canonical_reason());
        let bar = ShareBar {
            class,
            share: *count as f64 / all.max(1) as f64,
        };
        vec![
            status.to_string(),
            name.unwrap_or_default().to_owned(),
            bar.to_string(),
            grouped(*count),
            share(*count, all),
        ]
    };
    if statuses.is_empty() {
        return None;
    }
    let mut section = PageSection::new("statuses", "Statuses");
    HtmlTable {
        section: "statuses-heading",
        caption: "",
        titles: &["Status", "Name", "~Share", "#requests", "#%"],
        rows: statuses.iter().take(ROWS).map(row).collect(),
        note: and_more(statuses.len()),
    }
    .add_to(&mut section.content);
    Some(section)
}

/// Makes the table of the kinds of failure, each with an example. `None`: no request failed.
pub(super) fn errors(summary: &Summary) -> Option<PageSection> {
    let errors = summary.top_errors();
    if errors.is_empty() {
        return None;
    }
    let mut section = PageSection::new("errors", "Errors");
    HtmlTable {
        section: "errors-heading",
        caption: "",
        titles: &["Class", "#requests", "Message", "First example"],
        rows: errors.iter().take(ROWS).map(error_row).collect(),
        note: and_more(errors.len()),
    }
    .add_to(&mut section.content);
    Some(section)
}

fn error_row(error: &TopError) -> Vec<String> {
    let phase = error.phase.map(|phase| format!(" · {phase}"));
    let class = format!(
        "<code>{}</code><br><small>{}{}</small>",
        error.error_type,
        error.error_type.layer(),
        phase.unwrap_or_default()
    );
    vec![
        class,
        count_of("bad", error.count),
        format!("<span class=\"text\">{}</span>", MarkupText(&error.message)),
        example(error.place.as_deref(), error.index, &error.url),
    ]
}

/// Makes the cell of a request: its place in the input, and its URL.
pub(super) fn example(place: Option<&str>, index: u64, url: &str) -> String {
    let place = match place {
        Some(place) => MarkupText(place).to_string(),
        None => format!("request {}", index.saturating_add(1)),
    };
    format!("{}<br><small class=\"text\">{place}</small>", code(url))
}

/// Makes the table of the rejections by code. `None`: no request was rejected.
pub(super) fn rejections(summary: &Summary) -> Option<PageSection> {
    let codes = summary.by_code();
    let all = summary.rejected();
    if codes.is_empty() {
        return None;
    }
    let row = |(name, count): &(String, u64)| {
        let bar = ShareBar {
            class: "odd",
            share: *count as f64 / all.max(1) as f64,
        };
        vec![
            code(name),
            bar.to_string(),
            grouped(*count),
            share(*count, all),
        ]
    };
    let mut section = PageSection::new("rejections", "Rejections");
    HtmlTable {
        section: "rejections-heading",
        caption: "",
        titles: &["Code", "~Share", "#requests", "#%"],
        rows: codes.iter().take(ROWS).map(row).collect(),
        note: and_more(codes.len()),
    }
    .add_to(&mut section.content);
    Some(section)
}

/// Makes the table of the groups that were asked for. `None`: there are none.
pub(super) fn groups(report: &Report) -> Option<PageSection> {
    let groups = report.groups()?;
    let row = |name: String, group: &GroupFigures| {
        vec![
            name,
            grouped(group.requests),
            grouped(group.succeeded),
            count_of("bad", group.failed),
            count_of("odd", group.rejected),
            ms_or_dash(group.p50),
            ms_or_dash(group.p95),
            ms_or_dash(group.max),
        ]
    };
    let all = groups.rows();
    let shown = all.iter().take(ROWS);
    let mut rows: Vec<_> = shown
        .map(|group| {
            row(
                group.name.as_deref().map_or("(none)".to_owned(), code),
                group,
            )
        })
        .collect();
    if let Some(others) = groups.others() {
        rows.push(row("others".to_owned(), &others));
    }
    let by = MarkupText(groups.by()).to_string();
    let mut section = PageSection::new("groups", format!("By {by}"));
    HtmlTable {
        section: "groups-heading",
        caption: "",
        titles: &[
            "Group",
            "#requests",
            "#succeeded",
            "#failed",
            "#rejected",
            "#p50 ms",
            "#p95 ms",
            "#max ms",
        ],
        rows,
        note: and_more(all.len()),
    }
    .add_to(&mut section.content);
    Some(section)
}

/// Makes the table of the slowest requests. `None`: there was no response.
pub(super) fn slowest(summary: &Summary) -> Option<PageSection> {
    let slowest = summary.slowest();
    let longest = slowest
        .first()?
        .elapsed
        .as_secs_f64()
        .max(f64::MIN_POSITIVE);
    let row = |slow: &SlowRequest| {
        let bar = ShareBar {
            class: "bar",
            share: slow.elapsed.as_secs_f64() / longest,
        };
        vec![
            example(slow.place.as_deref(), slow.index, &slow.url),
            bar.to_string(),
            ms(slow.elapsed),
            ms_or_dash(slow.first_byte),
            slow.status
                .map_or("–".to_owned(), |status| status.to_string()),
            grouped(slow.attempts.into()),
        ]
    };
    let mut section = PageSection::new("slowest", "Slowest requests");
    HtmlTable {
        section: "slowest-heading",
        caption: "",
        titles: &[
            "Request",
            "~Compared",
            "#ms",
            "#first byte ms",
            "#status",
            "#attempts",
        ],
        rows: slowest.iter().map(row).collect(),
        note: "By the time of the last attempt.".to_owned(),
    }
    .add_to(&mut section.content);
    Some(section)
}

/// Makes the section of retries, redirects and connections.
pub(super) fn again(summary: &Summary) -> Option<PageSection> {
    let mut section = PageSection::new("retries", "Retries, redirects, connections");
    let wait = summary.queue_wait();
    let figures = [
        ("Requests tried again", grouped(summary.retried_requests())),
        (
            "Attempts beyond the first",
            grouped(summary.retry_attempts()),
        ),
        (
            "Succeeded after a retry",
            grouped(summary.later_successes()),
        ),
        (
            "Not retried, budget spent",
            grouped(summary.budget_refusals()),
        ),
        (
            "Requests redirected",
            grouped(summary.redirected_requests()),
        ),
        ("Redirects followed", grouped(summary.redirects())),
        ("Connections opened", grouped(summary.connections_opened())),
        (
            "Connections used again",
            grouped(summary.connections_reused()),
        ),
        ("Queue wait, mean", format!("{} ms", ms(wait.mean()))),
        ("Queue wait, p95", format!("{} ms", ms(wait.quantile(0.95)))),
    ];
    section.content += "<dl class=\"figures wider\">\n";
    for (name, value) in figures {
        section.content += &format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n");
    }
    section.content += "</dl>\n";
    (summary.total() > 0).then_some(section)
}

/// Makes the cell of a count that is marked unless it is zero.
fn count_of(class: &str, count: u64) -> String {
    match count {
        0 => "0".to_owned(),
        _ => format!("<span class=\"{class}-text\">{}</span>", grouped(count)),
    }
}

/// Makes the line about rows that are left out.
pub(super) fn and_more(all: usize) -> String {
    match all.saturating_sub(ROWS) {
        0 => String::new(),
        more => format!(
            "The first {ROWS} are shown; {} more are in the report as JSON (--summary-json).",
            grouped(more as u64)
        ),
    }
}
