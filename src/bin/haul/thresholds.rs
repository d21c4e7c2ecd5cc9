//! Conditions of `--fail-if`, which decide the exit status.

use haul::Summary;
use haul::summary::{Threshold, ThresholdCheck};

use crate::arguments::EndingArguments;
use crate::messages::Messages;

/// Returns true if the exit status of a finished run is 1: by the conditions alone if there are some, else if a request
/// did not succeed.
pub(crate) fn is_unsuccessful(
    ending: &EndingArguments,
    summary: &Summary,
    messages: &Messages,
) -> bool {
    match ending.fail_if.is_empty() {
        true => summary.succeeded() < summary.total() && !ending.exit_zero,
        false => exceeded(&ending.fail_if, summary, messages),
    }
}

/// Returns true if a condition holds. Each one that holds is told with the value of its figure.
pub(crate) fn exceeded(thresholds: &[Threshold], summary: &Summary, messages: &Messages) -> bool {
    let mut is_exceeded = false;
    for threshold in thresholds {
        match threshold.check(summary) {
            ThresholdCheck::Exceeded(value) => {
                messages.error(&format!("threshold exceeded: {threshold} (it is {value})"));
                is_exceeded = true;
            }
            ThresholdCheck::NoData => messages.warning(&format!(
                "threshold {threshold}: there is no such figure, since no request has one"
            )),
            _ => {}
        }
    }
    is_exceeded
}
