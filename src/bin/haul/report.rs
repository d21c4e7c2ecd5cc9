//! The summary at the end of a run.

use haul::Summary;

use crate::failure::CommandError;
use crate::files::SummaryFile;
use crate::messages::{self, Messages};

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
        messages.block(&format!("{summary:width$}", width = messages::width()));
    }
    file.write(summary)
}
