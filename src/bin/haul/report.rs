//! The summary at the end of a run.

use haul::Summary;

use crate::failure::CommandError;
use crate::files::SummaryFile;
use crate::messages::Messages;
use crate::terminal;

/// Makes the note of a run that was stopped early.
pub(crate) fn stopped_early(reason: &str) -> String {
    format!("stopped early: {reason}")
}

/// Prints the summary, and writes it to the file of `--summary-json`.
pub(crate) fn report(
    summary: &Summary,
    file: &mut SummaryFile,
    messages: &Messages,
) -> Result<(), CommandError> {
    if !messages.is_quiet() {
        let width = terminal::columns_of_stderr();
        messages.block(&match terminal::shows_utf8() {
            true => format!("{summary:#width$}"),
            false => format!("{summary:width$}"),
        });
    }
    file.write(summary)
}
