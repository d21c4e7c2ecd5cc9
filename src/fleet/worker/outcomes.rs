//! Outcomes of the client, as the core takes them: settled with a record, or undone.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::engine::ResultClass;
use super::core::UndoneEntry;
use super::gate::ClientEntry;
use super::shared::SharedCore;
use crate::error::{ErrorType, Layer, StopReason};
use crate::key::{Key, KeyVersion};
use crate::outcome::Outcome;
use crate::record::{FileRegister, Kind, Record, RecordOptions, is_of_machine};
use crate::timing::Phase;

/// Message of a request that was cut off.
pub(super) const CUT_OFF: &str =
    "it was under way when its worker ended, and the server may have acted";

/// Number of attempts after which a body that cannot be saved is a failure: one that fits no disk is not to end all workers.
const MOST_UNSAVED: u32 = 2;

/// Course of a request after an outcome of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterOutcome {
    /// The request came to its end.
    Ended,
    /// The request was cut off, and ends as interrupted.
    CutOff,
    /// The request is sent later or elsewhere.
    GoesOn,
}

/// Tells the core of an outcome.
pub(super) fn tell(
    core: &SharedCore,
    outcome: &Outcome,
    options: &RecordOptions,
    files: &FileRegister,
) -> AfterOutcome {
    let Some(entry) = outcome.extension::<Arc<ClientEntry>>() else {
        return AfterOutcome::GoesOn;
    };
    // An outcome may come too late: then this worker may get the request again. No two requests of an input have one name.
    if let Some(path) = outcome.request().saves_to() {
        files.give_back_saved(path);
    }
    let given_back = outcome.stop_reason() == Some(StopReason::GivenBack);
    let is_final = outcome.is_final() && !entry.was_refused();
    let unsaved = unsaved(outcome).filter(|_| is_final);
    // Some names are found to be of no use before anything is sent.
    let is_unsent = outcome.report.bytes_sent == 0
        && outcome.attempts() <= entry.attempts + 1
        && outcome.report.rare().history.is_empty();
    let goes_elsewhere =
        unsaved.is_some() && (!entry.once || is_unsent) && entry.attempts < MOST_UNSAVED;
    if let Some(why) = unsaved {
        core.change(|core, now| core.cannot_save(why, now));
    }
    if is_final && !goes_elsewhere {
        let (class, record) = settled(entry, outcome, options);
        core.change_quietly(|core, now| core.ended(entry.key, class, record, now));
        return AfterOutcome::Ended;
    }
    let is_over = core.change(|core, now| {
        let undone = undone(entry, outcome, given_back || goes_elsewhere, now);
        core.undone(entry.key, undone, now)
    });
    if is_over {
        return AfterOutcome::GoesOn;
    }
    let record = interrupted(entry, outcome, options);
    core.change(|core, now| core.ended(entry.key, ResultClass::Failed, record, now));
    AfterOutcome::CutOff
}

/// Returns the message about a body that could not be saved for a reason of this machine. `None`: this did not happen.
fn unsaved(outcome: &Outcome) -> Option<String> {
    let error = outcome.error()?;
    outcome.request().saves_to()?;
    // The file of a request's own body, or a connection, may fail for such a reason too.
    if error.error_type() != ErrorType::Io || error.phase() == Some(Phase::Send) {
        return None;
    }
    let reason = error.source()?.downcast_ref::<io::Error>()?;
    is_of_machine(reason).then(|| error.message().to_owned())
}

fn undone(entry: &ClientEntry, outcome: &Outcome, given_back: bool, now: Instant) -> UndoneEntry {
    let delay = outcome
        .retry_at()
        .map(|at| at.saturating_duration_since(now));
    let is_unsent = outcome.report.bytes_sent == 0 && outcome.attempts() <= entry.attempts;
    // The server that a redirect came from has carried the request out.
    let is_redirected = !outcome.report.rare().history.is_empty();
    UndoneEntry {
        delay: delay.unwrap_or(Duration::ZERO),
        attempts: outcome.attempts().saturating_sub(entry.attempts),
        // A request that is given back would have been tried again here.
        is_repeatable: !entry.once
            || !is_redirected && (given_back || entry.was_refused() || is_unsent),
    }
}

/// Returns the class and the record of a final outcome.
fn settled(
    entry: &ClientEntry,
    outcome: &Outcome,
    options: &RecordOptions,
) -> (ResultClass, Vec<u8>) {
    let is_given_up = outcome.error().is_some_and(|error| {
        error.error_type() == ErrorType::Interrupted
            && error.stop_reason() == Some(StopReason::AttemptsExhausted)
    });
    let class = match () {
        () if is_given_up => ResultClass::GivenUp,
        () if outcome.is_failed() => ResultClass::Failed,
        () if outcome.is_rejected() => ResultClass::Rejected,
        () => ResultClass::Success,
    };
    let record = record_of(outcome, options);
    (class, line(entry, record))
}

fn record_of<'a>(outcome: &'a Outcome, options: &RecordOptions) -> Record<'a> {
    match outcome.is_failed() {
        true => Record::of_failure(outcome, options),
        false => Record::new(outcome, options),
    }
}

/// Returns the record of a request that was cut off, and may have reached its server.
fn interrupted(entry: &ClientEntry, outcome: &Outcome, options: &RecordOptions) -> Vec<u8> {
    let mut record = Record::of_failure(outcome, options);
    record.outcome = Kind::Failed;
    record.layer = Some(Layer::Local);
    record.error_type = Some(ErrorType::Interrupted);
    record.error_msg = Some(CUT_OFF.into());
    record.stop_reason = Some(StopReason::MethodNotIdempotent);
    record.prior_attempt_ambiguous = true;
    line(entry, record)
}

/// Writes a record under the key of its line of input: a worker that adds secrets would make another key.
fn line(entry: &ClientEntry, mut record: Record<'_>) -> Vec<u8> {
    record.key = Key::new(KeyVersion::Two, entry.digest);
    record.to_line().into_bytes()
}
