//! Inputs that haul itself wrote: databases of failures, which are read, and results, which are refused.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use haul::Request;
use haul::sink::Sqlite;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::failure::CommandError;
use crate::line::{LineRead, read_line};
use crate::messages::Messages;
use crate::recognize::{DetectedFormat, UnreadFormat, format_of};
use crate::shell::quoted;

/// Length in bytes of the beginning that every SQLite database has.
const MAGIC: u64 = 16;

/// Returns true if the file is an SQLite database.
pub(crate) fn is_database(file: &File) -> io::Result<bool> {
    let mut first = Vec::new();
    file.take(MAGIC).read_to_end(&mut first)?;
    Ok(format_of(&first, false) == DetectedFormat::Other(UnreadFormat::Sqlite))
}

/// Reads the newest failure of each request from a database, and prints a note about it.
pub(crate) fn read_database(path: &str, messages: &Messages) -> Result<Vec<Request>, CommandError> {
    let requests = Sqlite::last_failures(Path::new(path)).map_err(|e| {
        let (text, advice) = (
            e.to_string(),
            UnreadFormat::Sqlite.advice(Some(&quoted(path))),
        );
        let reason = text.strip_prefix(&format!("{path}: ")).unwrap_or(&text);
        CommandError::usage(format!("{path}: {reason}; {advice}"))
    })?;
    messages.note(&format!(
        "{path}: opened read-only; last_failures, the newest failure of each request, has {} to send again",
        requests.len()
    ));
    Ok(requests)
}

/// Refuses a file whose first line is a record of a results file.
pub(crate) fn check_first_line(path: &str, file: &File) -> Result<(), CommandError> {
    let (mut from, mut line, mut is_first) = (BufReader::new(file), Vec::new(), true);
    loop {
        // A file that cannot be read is reported when its turn comes.
        let Ok(LineRead::Whole) = read_line(&mut from, &mut line, is_first) else {
            return Ok(());
        };
        is_first = false;
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        return match is_result(text) {
            true => Err(CommandError::usage(refusal(path))),
            false => Ok(()),
        };
    }
}

/// Returns true if the line is a record without its request, as results files have them.
pub(crate) fn is_result(line: &str) -> bool {
    #[derive(Deserialize)]
    struct RecordKeys {
        #[serde(rename = "v")]
        _v: u64,
        #[serde(rename = "key")]
        _key: IgnoredAny,
        #[serde(rename = "outcome")]
        _outcome: IgnoredAny,
        #[serde(default)]
        request: Option<IgnoredAny>,
    }
    line.starts_with('{')
        && serde_json::from_str::<RecordKeys>(line).is_ok_and(|line| line.request.is_none())
}

/// Returns the message that a results file is no input.
pub(crate) fn refusal(name: &str) -> String {
    format!(
        "{name}: it is a results file, and holds no requests (--resume --retry-failed -o FILE, with the input of its run, \
         sends again what failed; a failure log, which --failures FILE writes, is an input)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_a_result_unless_its_request_is_with_it() {
        let record =
            r#""v":1,"index":0,"key":"2-0","outcome":"failed","url":"http://h/","method":"GET""#;
        assert!(is_result(&format!("{{{record}}}")));
        let spaced = record.replace(':', ": ");
        assert!(is_result(&format!("{{ \"more\": 1, {spaced} }}")));
        assert!(!is_result(&format!(
            "{{{record},\"request\":{{\"url\":\"http://h/\"}}}}"
        )));
    }

    #[test]
    fn other_lines_are_no_results() {
        for line in [
            "http://h/",
            "{\"url\":\"http://h/\"}",
            "{\"v\":1,\"url\":\"http://h/\",\"outcome\":1}",
            "{\"v\":1,\"key\":\"x\",\"outcome\":",
            "[{\"v\":1,\"key\":\"x\",\"outcome\":\"failed\"}]",
        ] {
            assert!(!is_result(line), "{line}");
        }
    }
}
