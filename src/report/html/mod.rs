//! The report as one page that stands for itself: no script, and nothing is loaded.

mod comparison;
mod course;
mod latency;
mod lists;
mod overview;
mod plot;
mod scale;
mod table;

use std::fmt::Write;

use super::{Comparison, Report};

const STYLE: &str = include_str!("style.css");

/// Policy of the page: a browser loads nothing and runs no script, even if markup came through.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Makes the page of a report, with its comparison with an earlier run if there is one.
pub(super) fn page(report: &Report, comparison: Option<&Comparison>) -> String {
    let summary = report.summary();
    let title = overview::title(summary);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"generator\" content=\"haul {}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the figures</a>\n",
        env!("CARGO_PKG_VERSION")
    );
    let mut main = String::new();
    let mut contents = Vec::new();
    let compared = comparison.map(comparison::sections).unwrap_or_default();
    let others = [
        course::section(summary),
        latency::section(summary),
        latency::phases(summary),
        lists::hosts(summary),
        lists::statuses(summary),
        lists::errors(summary),
        lists::rejections(summary),
        lists::groups(report),
        lists::slowest(summary),
        lists::again(summary),
    ];
    let sections = overview::section(report).into_iter().chain(compared);
    for section in sections.chain(others.into_iter().flatten()) {
        section.add_to(&mut main);
        contents.push((section.id, section.title));
    }
    overview::header(summary, &mut page);
    page += "<nav aria-label=\"Sections\"><ul>\n";
    for (id, title) in contents {
        // Writing to a string does not fail.
        let _ = writeln!(page, "<li><a href=\"#{id}\">{title}</a></li>");
    }
    page += "</ul></nav>\n<main id=\"main\" tabindex=\"-1\">\n";
    page += &main;
    page += "</main>\n<footer><p>";
    page += &overview::footer(report);
    page += "</p></footer>\n</body>\n</html>\n";
    page
}

/// Section of the page, with its heading.
struct PageSection {
    id: &'static str,
    /// Heading, as markup.
    title: String,
    /// Markup below the heading.
    content: String,
}

impl PageSection {
    fn new(id: &'static str, title: impl Into<String>) -> PageSection {
        PageSection {
            id,
            title: title.into(),
            content: String::new(),
        }
    }

    fn add_to(&self, page: &mut String) {
        let (id, title, content) = (self.id, &self.title, &self.content);
        *page += &format!(
            "<section id=\"{id}\" aria-labelledby=\"{id}-heading\">\n<h2 id=\"{id}-heading\">{title}</h2>\n{content}</section>\n"
        );
    }
}
