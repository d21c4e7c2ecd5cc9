//! Lines of an input that lead to a file which `--overwrite` would empty before they are read.

use std::fs::File;

use haul::Request;
use haul::record::{FileRegister, InputLines, InputOptions, InputReader, Record};

use crate::arguments::Arguments;
use crate::failure::CommandError;
use crate::files::RunFiles;
use crate::input::ListReader;
use crate::source::{STDIN, shown};

/// Names in a line that leads to another file: an entry of a failure log for a line that could not be read, and bodies.
/// An escape may hide one of the names.
const NAMES: [&str; 3] = ["invalid", "body_", "\\u"];

/// Refuses a run that would empty a file which its inputs lead to. Pipes are not checked, since they can be read only
/// once.
///
/// # Errors
/// When a line of an input leads to such a file.
pub(crate) fn check(
    arguments: &Arguments,
    files: &RunFiles,
    input: &ListReader,
) -> Result<(), CommandError> {
    let replaced = files.replaced(arguments);
    if replaced.is_empty() {
        return Ok(());
    }
    let emptied = EmptiedFiles(FileRegister::new());
    for (path, option) in replaced {
        // Files that clash were refused before.
        let _ = emptied.0.enter_written(path, option);
    }
    for (name, requests) in input.failures() {
        for (number, request) in (1..).zip(requests) {
            emptied.check(request, name, number)?;
        }
    }
    let stdin = [STDIN.to_owned()];
    let inputs = match &*arguments.inputs {
        [] => &stdin[..],
        inputs => inputs,
    };
    inputs
        .iter()
        .try_for_each(|name| emptied.check_lines(name, input.options()))
}

/// Register of the files that are to be emptied.
struct EmptiedFiles(FileRegister);

impl EmptiedFiles {
    /// Checks the lines of an input. A line that cannot be read is reported when its turn comes.
    fn check_lines(&self, name: &str, options: &InputOptions) -> Result<(), CommandError> {
        let Some(mut entries) = entries_of(name, options) else {
            return Ok(());
        };
        let mut lines = InputLines::new().lenient(true);
        let defaults = serde_json::Map::new();
        while let Some(entry) = entries.next_entry() {
            let Ok(text) = entry.text() else {
                continue;
            };
            let text = text.trim();
            let may_lead = text.starts_with('{') && NAMES.iter().any(|name| text.contains(name));
            if !may_lead {
                continue;
            }
            let read = lines.read(text).map(|read| read.request);
            // Without a directory for bodies, this reader refuses a line with an `output_file`.
            let read = read.or_else(|_| Record::parse_input_line(text, &defaults));
            if let Ok(request) = read {
                self.check(&request, name, entry.line())?;
            }
        }
        Ok(())
    }

    fn check(&self, request: &Request, name: &str, number: u64) -> Result<(), CommandError> {
        let source = request.unread_line();
        let source = source.map(|(source, line)| (source.as_ref(), format!("line {line} of it")));
        let bodies = request.body_files();
        let bodies = bodies.map(|path| (path, "its content".to_owned()));
        for (path, part) in bodies.chain(source) {
            if let Err(clash) = self.0.enter_read(path, "a line") {
                return Err(CommandError::usage(format!(
                    "{}: it would be emptied by {}, and {part} is to be sent: {}:{number} (a file for each is expected)",
                    clash.other_path().display(),
                    clash.other(),
                    shown(name)
                )));
            }
        }
        Ok(())
    }
}

/// Opens a regular file. `None`: the input is no regular file, or is not read.
fn entries_of(name: &str, options: &InputOptions) -> Option<InputReader> {
    let path = match name {
        STDIN => "/dev/stdin",
        name => name,
    };
    let file = File::open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    InputReader::open(file, options).ok()
}
