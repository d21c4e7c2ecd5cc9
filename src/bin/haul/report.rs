//! The summary at the end of a run.

use haul::Summary;

use crate::failure::Failure;
use crate::files::SummaryFile;
use crate::voice::{self, Voice};

/// Makes the note of a run that was stopped early.
pub(crate) fn stopped_early(reason: &str) -> String {
    format!("stopped early: {reason}")
}

/// Prints the summary, and writes it to the file of `--summary-json`.
pub(crate) fn report(
    summary: &Summary,
    file: &mut SummaryFile,
    voice: &Voice,
) -> Result<(), Failure> {
    if !voice.is_quiet() {
        voice.block(&format!("{summary:width$}", width = voice::width()));
    }
    file.write(summary)
}
