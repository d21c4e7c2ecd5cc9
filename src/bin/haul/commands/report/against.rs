//! Comparison with an earlier run.

use haul::report::{Comparison, ReportError, ReportReader, RequestCases};

use super::{ResultInput, failed, read_all};
use crate::failure::CommandError;
use crate::messages::Messages;

/// Compares the results of two runs. The single requests of the new one are kept in `cases`. The inner error is that of
/// an input that cannot be read to its end: the results before it are compared.
///
/// # Errors
/// When one of the runs has no results, or a temporary file fails.
pub(super) fn compare(
    old: &[ResultInput],
    new: &[ResultInput],
    cases: Option<RequestCases>,
    messages: &Messages,
) -> Result<(Comparison, Result<(), ReportError>), CommandError> {
    let (old, of_old) = read(old, None, messages)?;
    let (new, of_new) = read(new, cases, messages)?;
    let comparison = Comparison::of(old, new).map_err(|error| failed(&error))?;
    let has_requests = comparison.only_old() > 0 && comparison.only_new().0 > 0;
    if comparison.joined() == 0 && has_requests {
        messages.warning(
            "no request is in both runs: requests are told by all that is sent (id, method, URL, headers, body)",
        );
    }
    if let count @ 1.. = comparison.without_key() {
        let results = if count == 1 {
            "result has"
        } else {
            "results have"
        };
        messages.warning(&format!(
            "{count} {results} no key, or an empty one, and cannot be compared (they count in the figures)"
        ));
    }
    Ok((comparison, of_old.and(of_new)))
}

/// Reads the results of one run.
fn read(
    inputs: &[ResultInput],
    cases: Option<RequestCases>,
    messages: &Messages,
) -> Result<(ReportReader, Result<(), ReportError>), CommandError> {
    let mut reader = ReportReader::new().comparable();
    if let Some(cases) = cases {
        reader = reader.cases(cases);
    }
    let read = read_all(inputs, &mut reader, messages)?;
    match read {
        Err(error) if reader.results() == 0 => Err(failed(&error)),
        read => Ok((reader, read)),
    }
}

/// Tells how many requests failed newly, and returns true if some did.
pub(super) fn tell_newly_failed(comparison: &Comparison, messages: &Messages) -> bool {
    let runs = [
        ("old", comparison.old_report()),
        ("new", comparison.new_report()),
    ];
    for (name, report) in runs {
        if report.summary().total() == 0 {
            messages.warning(&format!(
                "the {name} run has no results, so that nothing is newly failed (--fail-on)"
            ));
        }
    }
    let count = comparison.newly_failed().count();
    let requests = if count == 1 { "request" } else { "requests" };
    if count > 0 {
        messages.error(&format!("newly failed: {count} {requests} (--fail-on)"));
    }
    count > 0
}
