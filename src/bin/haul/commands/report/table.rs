//! Table of groups.

use std::time::Duration;

use haul::report::{GroupFigures, Groups};

use super::escaped;

/// Columns of a name, so that one long name does not push the figures out of the window.
const LONGEST: usize = 60;

/// Makes the table of the groups, with a line for each.
pub(super) fn of(groups: &Groups) -> String {
    let title = [
        "",
        "requests",
        "succeeded",
        "rejected",
        "failed",
        "p50 ms",
        "p95 ms",
        "max ms",
    ];
    let mut rows = vec![title.map(str::to_owned)];
    rows[0][0] = format!("By {}", escaped(&groups.by().to_string()));
    rows.extend(groups.rows().iter().map(|group| row(group, name(group))));
    if let Some(others) = groups.others() {
        rows.push(row(&others, "others".to_owned()));
    }
    let width = |at: usize| {
        let of_column = rows.iter().map(|row| row[at].chars().count());
        of_column.max().unwrap_or(0)
    };
    let widths: [usize; 8] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &rows {
        let name = format!("{:<1$}", row[0], widths[0]);
        let figures = row[1..].iter().zip(&widths[1..]);
        let figures: String = figures
            .map(|(figure, width)| format!("  {figure:>width$}"))
            .collect();
        text += &format!("{name}{figures}\n");
    }
    text
}

fn name(group: &GroupFigures) -> String {
    let name = group.name.as_deref().map_or("(none)".to_owned(), escaped);
    match name.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name,
    }
}

fn row(group: &GroupFigures, name: String) -> [String; 8] {
    let ms = |time: Option<Duration>| {
        time.map_or("-".to_owned(), |time| {
            match time.as_secs_f64() * 1e3 {
                // A longer time is a mistake, and its digits would push the other figures away.
                ms @ 1e9.. => format!("{ms:.1e}"),
                ms => format!("{ms:.1}"),
            }
        })
    };
    [
        name,
        group.requests.to_string(),
        group.succeeded.to_string(),
        group.rejected.to_string(),
        group.failed.to_string(),
        ms(group.p50),
        ms(group.p95),
        ms(group.max),
    ]
}
