//! Comparison with an earlier run.

use haul::report::{Comparison, ReportReader, RequestCases};

use super::{ResultInput, failed, read_all};
use crate::failure::CommandError;
use crate::messages::Messages;

/// Compares the results of two runs. The single requests of the new one are kept in `cases`.
///
/// # Errors
/// When an input cannot be read to its end: a comparison with a part of a run would claim what is not so.
pub(super) fn compare(
    old: &[ResultInput],
    new: &[ResultInput],
    cases: Option<RequestCases>,
    messages: &Messages,
) -> Result<Comparison, CommandError> {
    let read = |inputs: &[ResultInput], cases| -> Result<ReportReader, CommandError> {
        let mut reader = ReportReader::new().comparable();
        if let Some(cases) = cases {
            reader = reader.cases(cases);
        }
        read_all(inputs, &mut reader, messages)?.map_err(|error| failed(&error))?;
        Ok(reader)
    };
    let comparison =
        Comparison::of(read(old, None)?, read(new, cases)?).map_err(|error| failed(&error))?;
    let has_requests = comparison.only_old() > 0 && comparison.only_new().0 > 0;
    if comparison.joined() == 0 && has_requests {
        messages.warning(
            "no request is in both runs: requests are told by all that is sent (id, method, URL, headers, body)",
        );
    }
    Ok(comparison)
}

/// Returns the comparison as a block of code in Markdown: every line is indented, so that no text of a server ends it.
pub(super) fn markdown(comparison: &Comparison) -> String {
    let lines = comparison.to_string();
    let lines = lines.lines().map(|line| format!("    {line}\n"));
    format!(
        "\n**Compared with the earlier run**\n\n{}",
        lines.collect::<String>()
    )
}

/// Tells how many requests failed newly, and returns true if some did.
pub(super) fn tell_newly_failed(comparison: &Comparison, messages: &Messages) -> bool {
    let count = comparison.newly_failed().count();
    let requests = if count == 1 { "request" } else { "requests" };
    if count > 0 {
        messages.error(&format!("newly failed: {count} {requests} (--fail-on)"));
    }
    count > 0
}
