//! Course of the run: throughput and failures over time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

use super::PageSection;
use super::plot::{BarPlot, PlotBar};
use super::scale::{elapsed, elapsed_labels};
use crate::report::figures::{counted, grouped};
use crate::summary::numbers::{number, span};
use crate::summary::{Summary, TimeSlice};

/// Upper bound for the number of bars: more would be too thin on a narrow screen.
const BARS: u64 = 60;

/// Counts of some slices of time.
#[derive(Clone, Copy, Default)]
struct CourseColumn {
    succeeded: u64,
    rejected: u64,
    failed: u64,
}

impl CourseColumn {
    fn finished(self) -> u64 {
        self.succeeded + self.rejected + self.failed
    }

    fn unsuccessful(self) -> u64 {
        self.rejected + self.failed
    }
}

/// Course of a run, cut into columns of one width.
struct RunCourse {
    start: u64,
    /// Width of a column in seconds.
    width: u64,
    columns: Vec<CourseColumn>,
}

impl RunCourse {
    /// Returns the course. `None`: no outcome has a time.
    fn of(slices: &[TimeSlice]) -> Option<RunCourse> {
        let (first, last) = (slices.first()?, slices.last()?);
        let slice = first.width.as_secs().max(1);
        let start = second(first.start);
        let count = (second(last.start) - start) / slice + 1;
        let width = slice * count.div_ceil(BARS);
        let count = (count * slice).div_ceil(width);
        let mut columns = vec![CourseColumn::default(); usize::try_from(count).ok()?];
        for slice in slices {
            let at = (second(slice.start) - start) / width;
            if let Some(column) = usize::try_from(at).ok().and_then(|at| columns.get_mut(at)) {
                column.succeeded += slice.succeeded;
                column.rejected += slice.rejected;
                column.failed += slice.failed;
            }
        }
        Some(RunCourse {
            start,
            width,
            columns,
        })
    }

    fn seconds(&self) -> u64 {
        self.width * self.columns.len() as u64
    }

    fn bars(
        &self,
        parts: impl Fn(CourseColumn) -> Vec<(&'static str, u64)>,
        what: impl Fn(CourseColumn) -> String,
    ) -> Vec<PlotBar> {
        let width = 100.0 / self.columns.len() as f64;
        let bar = |(n, column): (usize, &CourseColumn)| {
            let per_second = |(class, count)| (class, count as f64 / self.width as f64);
            PlotBar {
                span: (n as f64 * width, (n + 1) as f64 * width),
                parts: parts(*column).into_iter().map(per_second).collect(),
                hint: format!(
                    "{}: {}",
                    time_of_day(self.start + n as u64 * self.width),
                    what(*column)
                ),
            }
        };
        self.columns.iter().enumerate().map(bar).collect()
    }
}

/// Makes the section of throughput and failures over time. `None`: no outcome has a time.
pub(super) fn section(summary: &Summary) -> Option<PageSection> {
    let course = RunCourse::of(&summary.over_time())?;
    let mut section = PageSection::new("course", "Over time");
    if course.columns.len() < 2 {
        section.content = "<p class=\"note\">All requests ended within one second, which leaves nothing to plot.</p>\n".to_owned();
        return Some(section);
    }
    let unit = match course.width {
        1 => "second".to_owned(),
        width => elapsed(width),
    };
    section.content = format!(
        "<figure>\n{}<figcaption>Finished requests per second, in each {unit}.</figcaption>\n</figure>\n",
        throughput(&course)
    );
    if course
        .columns
        .iter()
        .any(|column| column.unsuccessful() > 0)
    {
        section.content += &format!(
            "<figure>\n{}<figcaption>Failed and rejected requests per second, on a scale of their own.</figcaption>\n</figure>\n",
            failures(&course)
        );
    }
    Some(section)
}

fn throughput(course: &RunCourse) -> String {
    let most = course.columns.iter().map(|column| column.finished()).max();
    let all: u64 = course.columns.iter().map(|column| column.finished()).sum();
    BarPlot {
        id: "throughput",
        title: "Throughput over time",
        description: format!(
            "{} in {}, up to {} per second",
            counted(all, "finished request"),
            span(Duration::from_secs(course.seconds())),
            number(most.unwrap_or(0) as f64 / course.width as f64)
        ),
        bars: course.bars(
            |column| {
                vec![
                    ("good", column.succeeded),
                    ("odd", column.rejected),
                    ("bad", column.failed),
                ]
            },
            |column| {
                format!(
                    "{} succeeded, {} rejected, {} failed",
                    grouped(column.succeeded),
                    grouped(column.rejected),
                    grouped(column.failed)
                )
            },
        ),
        labels: elapsed_labels(course.seconds()),
        marks: Vec::new(),
    }
    .to_string()
}

fn failures(course: &RunCourse) -> String {
    let sum = |of: fn(&CourseColumn) -> u64| course.columns.iter().map(of).sum::<u64>();
    let worst = course.columns.iter().enumerate();
    // The first of equal columns.
    let worst = worst.rev().max_by_key(|(_, column)| column.unsuccessful());
    let worst = worst.map_or(0, |(n, _)| n as u64 * course.width + course.start);
    BarPlot {
        id: "failures",
        title: "Failures over time",
        description: format!(
            "{} failed and {} rejected, most of them about {}",
            counted(sum(|column| column.failed), "request"),
            grouped(sum(|column| column.rejected)),
            time_of_day(worst)
        ),
        bars: course.bars(
            |column| vec![("odd", column.rejected), ("bad", column.failed)],
            |column| {
                let (failed, rejected) = (grouped(column.failed), grouped(column.rejected));
                format!("{failed} failed, {rejected} rejected")
            },
        ),
        labels: elapsed_labels(course.seconds()),
        marks: Vec::new(),
    }
    .to_string()
}

fn second(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

fn time_of_day(second: u64) -> String {
    let time = i64::try_from(second)
        .ok()
        .and_then(|second| Timestamp::from_second(second).ok());
    time.map_or(String::new(), |time| {
        time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
    })
}
