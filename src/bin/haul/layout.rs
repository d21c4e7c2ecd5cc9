//! Forms of the results: records, tables, lines of text.

use std::path::Path;

use haul::record::{Layout, RowFormat, WriteOut};

use crate::arguments::{Arguments, BodyForm, name_of};
use crate::failure::CommandError;
use crate::files::{is_database, results_path};
use crate::messages::Messages;
use crate::text_or_file::text_or_file;

/// Endings of names that promise JSON Lines.
const OF_JSON: [&str; 3] = ["jsonl", "ndjson", "json"];

/// Returns the form of the results.
///
/// # Errors
/// When the name of the results file promises another form than was asked for.
pub(crate) fn of_results(arguments: &Arguments) -> Result<Layout, CommandError> {
    let to = &arguments.results;
    let path = results_path(arguments);
    let promised = path.and_then(promised);
    let format = match (to.format, promised) {
        (Some(asked), Some(promised)) if asked != promised => {
            let path = path.unwrap_or(Path::new("")).display();
            let option = name_of("format");
            return Err(CommandError::usage(format!(
                "{path}: the name promises {promised}, and {option} asks for {asked} (one of them is enough)"
            )));
        }
        (asked, promised) => asked.or(promised).unwrap_or(RowFormat::Jsonl),
    };
    let layout = match format {
        RowFormat::Jsonl => Layout::records(),
        format => Layout::rows(format),
    };
    Ok(match &to.select {
        Some(selection) => layout.select(selection.clone()),
        None => layout,
    })
}

/// Returns the format that the ending of a name promises. `None`: it promises none.
fn promised(path: &Path) -> Option<RowFormat> {
    let ends = |end: &str| {
        path.extension()
            .is_some_and(|e| e.eq_ignore_ascii_case(end))
    };
    let is_json = OF_JSON.iter().any(|end| ends(end));
    RowFormat::by_ending(path).or(is_json.then_some(RowFormat::Jsonl))
}

/// Returns the form of the lines that stand on standard output in place of the results. `None`: there are none.
///
/// # Errors
/// When the text of `--write-out` cannot be read, or has an unknown variable.
fn of_lines(arguments: &Arguments) -> Result<Option<Layout>, CommandError> {
    let to = &arguments.results;
    let Some(text) = &to.write_out else {
        return Ok(to.line.clone());
    };
    let option = name_of("write-out");
    if text.bytes().all(|b| b.is_ascii_digit()) {
        let jobs = name_of("jobs");
        return Err(CommandError::usage(format!(
            "{option}: a text with variables is expected, not {text} ({jobs} is the number of requests at once)"
        )));
    }
    let text = text_or_file("write-out", text)?;
    let text = WriteOut::parse(&text);
    let text = text.map_err(|e| CommandError::usage(format!("{option}: {e}")))?;
    Ok(Some(Layout::write_out(text)))
}

/// Refuses forms that contradict other arguments. Returns the form of the lines on standard output, whose text may have
/// been read from standard input. `None`: there are none.
pub(crate) fn check(arguments: &Arguments) -> Result<Option<Layout>, CommandError> {
    let (ending, to) = (&arguments.ending, &arguments.results);
    let layout = of_results(arguments)?;
    let lines = of_lines(arguments)?;
    let path = results_path(arguments);
    let shaped = match (&to.select, &to.format) {
        (Some(_), _) => Some("select"),
        (_, Some(_)) => Some("format"),
        _ => None,
    };
    if let (Some(_), None, Some(shaped)) = (&lines, path, shaped) {
        let (line, shaped) = (
            name_of(if to.line.is_some() {
                "line"
            } else {
                "write-out"
            }),
            name_of(shaped),
        );
        return Err(CommandError::usage(format!(
            "{shaped}: the results give place to the lines of {line} (-o FILE keeps both)"
        )));
    }
    let Some(path) = path else {
        return Ok(lines);
    };
    if let Some(shaped) = shaped.filter(|_| is_database(path)) {
        return Err(CommandError::usage(format!(
            "{}: a database has columns of its own ({} needs another name, like run.csv)",
            path.display(),
            name_of(shaped)
        )));
    }
    let wanting = [
        (ending.resume, "resume"),
        (ending.retry_failed, "retry-failed"),
        (ending.durable, "durable"),
    ];
    let wanting = wanting.into_iter().find(|(is_given, _)| *is_given);
    if let Some((_, option)) = wanting.filter(|_| !layout.is_resumable()) {
        return Err(CommandError::usage(format!(
            "{}: {} needs results that can be continued: JSON Lines without --select, or CSV or TSV with the column key",
            path.display(),
            name_of(option),
        )));
    }
    // The columns of a file are known only when it is open.
    if ending.retry_failed && to.select.is_some() {
        check_failures(path, &layout)?;
    }
    let has_pages = arguments.pages.paginate.is_some() || arguments.pages.paginate_cursor.is_some();
    if has_pages && layout.columns().is_some() {
        return Err(CommandError::usage(format!(
            "{}: pages of a list go to JSON Lines, which can be continued (another name, without --format and --select, \
             is expected)",
            path.display()
        )));
    }
    Ok(lines)
}

/// Refuses to send failures of a file again whose columns do not tell them.
pub(crate) fn check_failures(path: &Path, layout: &Layout) -> Result<(), CommandError> {
    match layout.tells_failures() {
        true => Ok(()),
        false => Err(CommandError::usage(format!(
            "{}: {} needs the columns outcome, error_type, attempts or timestamp, and supersedes or index, beside key",
            path.display(),
            name_of("retry-failed")
        ))),
    }
}

/// True if the results have bodies, which may be cut.
pub(crate) fn has_bodies(arguments: &Arguments) -> bool {
    let to = &arguments.results;
    let is_table =
        to.select.is_some() || of_results(arguments).is_ok_and(|layout| layout.columns().is_some());
    let selected = |name| {
        to.select
            .as_ref()
            .is_some_and(|selection| selection.has(name))
    };
    let is_lines =
        results_path(arguments).is_none() && (to.line.is_some() || to.write_out.is_some());
    match is_table || is_lines {
        true => !is_lines && selected("body"),
        false => to.body != BodyForm::None,
    }
}

/// Warns of selected values that rows lack, with the numbers of those rows.
pub(crate) fn tell_missing(layouts: &[Layout], messages: &Messages) {
    let missing = layouts.iter().flat_map(Layout::missing);
    let shown: Vec<_> = missing
        .map(|of| format!("{} in {} of {}", of.name, of.missing, of.rows))
        .collect();
    if !shown.is_empty() {
        messages.warning(&format!(
            "selected values that rows lack, whose fields are empty: {}",
            shown.join(", ")
        ));
    }
}
