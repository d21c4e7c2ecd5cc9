//! Sections of the page that compare the run with an earlier one.

use super::PageSection;
use super::lists::{ROWS, and_more, example};
use super::table::{HtmlTable, code};
use crate::report::figures::{grouped, ms};
use crate::report::markup::MarkupText;
use crate::report::{Comparison, Differences, DifferentRequest, LatencyChange};

/// Makes the sections. Lists without a row are left out.
pub(super) fn sections(comparison: &Comparison) -> Vec<PageSection> {
    let lists = [
        (
            "newly-failed",
            "Newly failed",
            "Requests that succeeded in the earlier run and fail now.",
            comparison.newly_failed(),
        ),
        (
            "still-failing",
            "Still failing",
            "Requests that fail in both runs.",
            comparison.still_failing(),
        ),
        (
            "mended",
            "Mended",
            "Requests that failed in the earlier run and succeed now.",
            comparison.mended(),
        ),
        (
            "changed-statuses",
            "Changed statuses",
            "Requests whose response has another status.",
            comparison.changed_statuses(),
        ),
        (
            "changed-bodies",
            "Changed bodies",
            "Requests that succeed in both runs with the same status and another body.",
            comparison.changed_bodies(),
        ),
    ];
    let lists = lists.into_iter().filter_map(|(id, title, caption, of)| {
        let mut section = requests(id, title, caption, of)?;
        if id == "changed-statuses" {
            pairs(comparison, &mut section);
        }
        Some(section)
    });
    let mut sections = vec![counts(comparison)];
    sections.extend(lists);
    sections.extend(hosts(comparison));
    sections
}

/// Makes the section of the numbers.
fn counts(comparison: &Comparison) -> PageSection {
    let (only_new, only_new_failed) = comparison.only_new();
    let class = |class, of: &Differences| (class, grouped(of.count()));
    let plain = |count| ("", grouped(count));
    let mut figures = vec![
        ("Requests in both runs", plain(comparison.joined())),
        ("Newly failed", class("bad", comparison.newly_failed())),
        ("Mended", class("good", comparison.mended())),
        ("Still failing", class("odd", comparison.still_failing())),
        ("Status changed", class("", comparison.changed_statuses())),
        ("Body changed", class("", comparison.changed_bodies())),
        ("Bodies compared", plain(comparison.compared_bodies())),
        ("Only in the earlier run", plain(comparison.only_old())),
        ("Only in this run", plain(only_new)),
        ("Failed of those", plain(only_new_failed)),
    ];
    if comparison.without_key() > 0 {
        let count = plain(comparison.without_key());
        figures.push(("Not compared, without a key", count));
    }
    let mut section = PageSection::new("comparison", "Compared with the earlier run");
    section.content += "<dl class=\"figures wider\">\n";
    for (name, (class, count)) in figures {
        let count = match (class, count.as_str()) {
            ("", _) | (_, "0") => count,
            _ => format!("<span class=\"{class}-text\">{count}</span>"),
        };
        section.content += &format!("<div><dt>{name}</dt><dd>{count}</dd></div>\n");
    }
    section.content += "</dl>\n";
    section
}

/// Makes the section of requests that differ in one way. `None`: there are none.
fn requests(
    id: &'static str,
    title: &str,
    caption: &str,
    differences: &Differences,
) -> Option<PageSection> {
    if differences.count() == 0 {
        return None;
    }
    let text = |text: &str| format!("<span class=\"text\">{}</span>", MarkupText(text));
    let row = |request: &DifferentRequest| {
        vec![
            example(request.place.as_deref(), request.index, &request.url),
            text(&request.old),
            text(&request.new),
        ]
    };
    let mut section = PageSection::new(id, title);
    HtmlTable {
        section: &format!("{id}-heading"),
        caption,
        titles: &["Request", "Earlier", "Now"],
        rows: differences.examples().iter().take(ROWS).map(row).collect(),
        note: and_more(usize::try_from(differences.count()).unwrap_or(usize::MAX)),
    }
    .add_to(&mut section.content);
    Some(section)
}

/// Adds the table of the old and new statuses.
fn pairs(comparison: &Comparison, section: &mut PageSection) {
    let changes = comparison.status_changes();
    let row = |((old, new), count): (&(u16, u16), &u64)| {
        vec![old.to_string(), new.to_string(), grouped(*count)]
    };
    HtmlTable {
        section: "changed-statuses-heading",
        caption: "Numbers of requests by the earlier status and the one now.",
        titles: &["Earlier", "Now", "#requests"],
        rows: changes.iter().take(ROWS).map(row).collect(),
        note: and_more(changes.len()),
    }
    .add_to(&mut section.content);
}

/// Makes the table of the hosts that became slower or faster. `None`: no host of both runs has a latency.
fn hosts(comparison: &Comparison) -> Option<PageSection> {
    let changes = comparison.latency_changes();
    let unclear = comparison.hosts_with_few_responses();
    if changes.is_empty() && unclear == 0 {
        return None;
    }
    let row = |change: &LatencyChange| {
        let class = if change.change > 0.0 { "bad" } else { "good" };
        vec![
            code(&change.host.to_string()),
            change.quantile.to_owned(),
            ms(change.old),
            grouped(change.old_responses),
            ms(change.new),
            grouped(change.new_responses),
            format!("<span class=\"{class}-text\">{}</span>", change.percent()),
        ]
    };
    let mut section = PageSection::new("changed-hosts", "Slower and faster hosts");
    let few = match unclear {
        0 => String::new(),
        1 => "1 host has too few responses for a comparison.".to_owned(),
        n => format!(
            "{} hosts have too few responses for a comparison.",
            grouped(n)
        ),
    };
    if changes.is_empty() {
        section.content = format!("<p class=\"note\">{few}</p>\n");
        return Some(section);
    }
    HtmlTable {
        section: "changed-hosts-heading",
        caption: "Hosts whose p50 or p95 differs by more than chance explains.",
        titles: &[
            "Host",
            "Percentile",
            "#earlier ms",
            "#of",
            "#now ms",
            "#of",
            "#change",
        ],
        rows: changes.iter().take(ROWS).map(row).collect(),
        note: [and_more(changes.len()), few].join(" ").trim().to_owned(),
    }
    .add_to(&mut section.content);
    Some(section)
}
