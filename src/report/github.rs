//! The report as workflow commands of GitHub Actions, which become annotations.

use std::fmt::{self, Display, Write};

use super::figures::{counted, grouped, ms};
use super::{Comparison, LatencyChange, Report};
use crate::redact::escape::Escaped;
use crate::summary::Summary;

/// Annotations of one level that GitHub shows for a step.
const MOST: usize = 10;

/// Annotation: its level, the place that it is shown at, and its text.
struct Annotation {
    level: &'static str,
    title: String,
    /// Place in a file. `None`: the annotation is shown with the step.
    place: Option<(String, u64)>,
    text: String,
}

/// Requests that failed newly, of which each has an annotation of its own.
const NEWLY_FAILED: usize = 5;

/// Makes the workflow commands, one a line: errors for requests that failed newly and for all failures, warnings for
/// rejections, for an early stop and for slower hosts.
pub(super) fn commands(report: &Report, comparison: Option<&Comparison>) -> String {
    let summary = report.summary();
    let mut annotations = comparison.map(newly_failed).unwrap_or_default();
    annotations.extend(failures(summary, MOST - annotations.len()));
    let mut warned = warnings(summary);
    let room = MOST - warned.len();
    warned.extend(
        comparison
            .map(|comparison| slower_hosts(comparison, room))
            .unwrap_or_default(),
    );
    let annotations = annotations.into_iter().chain(warned);
    annotations
        .map(|annotation| format!("{annotation}\n"))
        .collect()
}

/// Makes an error for each of the first requests that failed newly, and one for the others.
fn newly_failed(comparison: &Comparison) -> Vec<Annotation> {
    let failed = comparison.newly_failed();
    let shown = failed.examples().iter().take(NEWLY_FAILED);
    let mut annotations: Vec<_> = shown
        .map(|request| {
            let place = request.place.as_deref();
            Annotation {
                level: "error",
                title: "haul: newly failed".to_owned(),
                place: place.and_then(file_and_line),
                text: format!("{}: {}, was {}", request.url, request.new, request.old),
            }
        })
        .collect();
    let left = failed.count().saturating_sub(NEWLY_FAILED as u64);
    if left > 0 {
        annotations.push(Annotation {
            level: "error",
            title: format!("haul: newly failed × {}", grouped(failed.count())),
            place: None,
            text: format!("{} more failed newly", counted(left, "request")),
        });
    }
    annotations
}

/// Makes a warning for each host that became slower, up to a number.
fn slower_hosts(comparison: &Comparison, room: usize) -> Vec<Annotation> {
    let changes = comparison.latency_changes().iter();
    let slower = changes.filter(|change| change.change > 0.0);
    let warning = |change: &LatencyChange| Annotation {
        level: "warning",
        title: "haul: slower host".to_owned(),
        place: None,
        text: format!(
            "{}: {} {} ms (of {}) to {} ms (of {}), {}",
            change.host,
            change.quantile,
            ms(change.old),
            grouped(change.old_responses),
            ms(change.new),
            grouped(change.new_responses),
            change.percent()
        ),
    };
    slower.take(room).map(warning).collect()
}

/// Makes an error for each kind of failure, the most frequent first, up to a number. The last one stands for the kinds
/// that are left.
fn failures(summary: &Summary, room: usize) -> Vec<Annotation> {
    let errors = summary.top_errors();
    let shown = if errors.len() > room { room - 1 } else { room };
    let mut annotations: Vec<_> = errors
        .iter()
        .take(shown)
        .map(|error| {
            let place = error.place.as_deref();
            let at = place.map_or(String::new(), |place| format!(" ({place})"));
            Annotation {
                level: "error",
                title: format!("haul: {} × {}", grouped(error.count), error.error_type),
                place: place.and_then(file_and_line),
                text: format!(
                    "{} failed: {} {}, first {}{at}",
                    counted(error.count, "request"),
                    error.error_type,
                    error.message,
                    error.url
                ),
            }
        })
        .collect();
    let told: u64 = errors.iter().take(shown).map(|error| error.count).sum();
    let left = summary.failed().saturating_sub(told);
    if left > 0 {
        annotations.push(Annotation {
            level: "error",
            title: format!("haul: {} × other failures", grouped(left)),
            place: None,
            text: format!("{} failed in other ways", counted(left, "request")),
        });
    }
    annotations
}

/// Makes warnings about an early stop, and about the rejections by code.
fn warnings(summary: &Summary) -> Vec<Annotation> {
    let warning = |title: String, text: String| Annotation {
        level: "warning",
        title,
        place: None,
        text,
    };
    let mut annotations = Vec::new();
    if summary.is_interrupted() {
        let not_done = counted(summary.not_done(), "request");
        let text = format!("The run was stopped early; {not_done} of those read were not done");
        annotations.push(warning("haul: stopped early".to_owned(), text));
    }
    let codes = summary.by_code();
    let room = MOST - annotations.len();
    let shown = if codes.len() > room { room - 1 } else { room };
    let told: u64 = codes.iter().take(shown).map(|(_, count)| count).sum();
    annotations.extend(codes.iter().take(shown).map(|(code, count)| {
        let title = format!("haul: {} × rejected", grouped(*count));
        let requests = counted(*count, "request");
        warning(title, format!("{requests} rejected with code {code}"))
    }));
    let left = summary.rejected().saturating_sub(told);
    if left > 0 {
        let title = format!("haul: {} × rejected", grouped(left));
        let requests = counted(left, "request");
        annotations.push(warning(
            title,
            format!("{requests} rejected with other codes"),
        ));
    }
    annotations
}

/// Returns the file and the line of a place such as `urls.txt:17`. `None`: the request was read from no file.
fn file_and_line(place: &str) -> Option<(String, u64)> {
    let (file, line) = place.rsplit_once(':')?;
    let line = line.parse().ok()?;
    (file != "stdin").then(|| (file.to_owned(), line))
}

impl Display for Annotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "::{} title={}",
            self.level,
            CommandText::property(&self.title)
        )?;
        if let Some((file, line)) = &self.place {
            write!(f, ",file={},line={line}", CommandText::property(file))?;
        }
        write!(f, "::{}", CommandText::message(&self.text))
    }
}

/// Displays a text as a part of a workflow command. Control characters become visible escapes before.
struct CommandText<'a> {
    text: &'a str,
    is_property: bool,
}

impl CommandText<'_> {
    fn property(text: &str) -> CommandText<'_> {
        CommandText {
            text,
            is_property: true,
        }
    }

    fn message(text: &str) -> CommandText<'_> {
        CommandText {
            text,
            is_property: false,
        }
    }
}

impl Display for CommandText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in Escaped(self.text).to_string().chars() {
            match c {
                '%' => f.write_str("%25")?,
                '\r' => f.write_str("%0D")?,
                '\n' => f.write_str("%0A")?,
                ':' if self.is_property => f.write_str("%3A")?,
                ',' if self.is_property => f.write_str("%2C")?,
                _ => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
