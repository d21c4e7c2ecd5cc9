//! Loader of a run: it reads the input, and appends its lines to the queue.

mod digest;
mod missing;
mod of_run;
mod plan;
#[cfg(test)]
mod tests;
mod unfit;

use missing::{KnownOutcomes, LeftOut};
pub(super) use plan::{LoadEnd, LoadPlan, LoadStep};
use unfit::UnfitLines;

use super::engine::{Entry, RunState};
use super::error::FleetError;
use super::patient::PatientEngine;
use super::run::Run;
use super::stored_line;
use crate::key::{Key, KeyVersion};
use crate::record::KeyMaker;
use crate::redact::escape::log_line;
use crate::request::Request;

/// Largest number of entries in one call.
const MOST_AT_ONCE: usize = 500;

/// Numbers of requests that were loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    read: u64,
    found: u64,
    is_whole: bool,
}

impl Loaded {
    /// Number of requests that were read, and are in the queue or were in it.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// Number of them that an earlier call had loaded, or that have an outcome.
    pub fn found(&self) -> u64 {
        self.found
    }

    /// True if the input was read to its end, and the run knows that.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }
}

/// Part of an input that is loaded.
#[derive(Debug)]
enum LoadPart {
    /// All of it, or what an earlier call has left of it.
    Whole,
    /// Requests without the outcomes that are left out, after a run that is over.
    Missing {
        known: KnownOutcomes,
        left_out: LeftOut,
    },
}

/// Loads requests until the input or `stop` ends it. `open` opens the input. `None`: it cannot be read again.
// Long because it is one loop over the steps of a plan, each of which takes some lines.
fn load<I: Iterator<Item = Request>>(
    run: &Run,
    mut open: impl FnMut() -> Option<I>,
    mut part: LoadPart,
    stop: impl FnMut() -> bool,
) -> Result<Loaded, FleetError> {
    let wrong = |error| run.place.error(error);
    let mut engine = PatientEngine::new(run.place.engine()?, stop);
    let name = format!("{}:{:08x}", std::process::id(), fastrand::u32(..));
    let keys = KeyMaker {
        version: KeyVersion::Two,
        base: run.settings.base()?,
    };
    let (mut loaded, mut requests) = (Loaded::default(), open());
    let (saves_files, mut told) = (run.settings.stored.saves_files, UnfitLines::default());
    let Some(facts) = engine.call(|engine| engine.facts()).map_err(wrong)? else {
        return Ok(loaded);
    };
    let begin = |engine: &mut PatientEngine<_>| {
        let begun = engine.call(|engine| engine.begin_loading(&name));
        begun.map(|begun| begun.is_some()).map_err(wrong)
    };
    let mut plan = match &part {
        LoadPart::Whole => {
            if !begin(&mut engine)? {
                return Ok(loaded);
            }
            LoadPlan::new(&facts).with_batch(most_at_once(run))
        }
        LoadPart::Missing { .. } => {
            let lanes = 0..facts.lanes;
            let last = engine.call(|engine| {
                let figures = lanes.clone().map(|lane| engine.figures(lane));
                figures.collect::<Result<Vec<_>, _>>()
            });
            let Some(figures) = last.map_err(wrong)? else {
                return Ok(loaded);
            };
            if figures.iter().any(|lane| lane.entries + lane.results > 0) {
                return Err(FleetError::usage(format!(
                    "{}: requests are queued, or results wait to be collected (what is missing is known after the end of the run)",
                    run.name()
                )));
            }
            if !begin(&mut engine)? {
                return Ok(loaded);
            }
            // Workers that find the queue empty must wait for what comes.
            let running = engine.call(|engine| engine.set_state(RunState::Running));
            match running.map_err(wrong)? {
                Some(true) => {}
                Some(false) => return Err(FleetError::cancelled(run.name())),
                None => return Ok(loaded),
            }
            let last: Vec<_> = figures.iter().map(|lane| lane.last).collect();
            LoadPlan::later(&facts, &last).with_batch(most_at_once(run))
        }
    };
    loop {
        if engine.is_stopped() {
            return Ok(loaded);
        }
        let step = plan.next();
        let answered = match step {
            LoadStep::Read => {
                match requests.as_mut().and_then(Iterator::next) {
                    Some(request) => {
                        let (key, position) = (keys.of(&request), loaded.read);
                        loaded.read += 1;
                        let request = match &mut part {
                            LoadPart::Whole => {
                                loaded.found += u64::from(loaded.read <= facts.position);
                                Some(request)
                            }
                            LoadPart::Missing { known, left_out } => {
                                let missing = known.missing(key, request, *left_out);
                                loaded.found += u64::from(missing.is_none());
                                missing
                            }
                        };
                        if let Some(request) = request {
                            let sequence = plan.next_sequence();
                            let place = (key, sequence, position);
                            plan.take_line(entry_of(&request, place, saves_files, &mut told));
                        }
                    }
                    None => plan.take_end(),
                }
                Some(())
            }
            LoadStep::Rewind => {
                requests = match part {
                    LoadPart::Whole => open(),
                    // The known outcomes were taken off as they were met.
                    LoadPart::Missing { .. } => None,
                };
                if requests.is_none() {
                    return Err(FleetError::lost(run.name()));
                }
                log_line!(
                    Warn,
                    "{}: the server lost requests that were loaded; the input is read again",
                    run.name()
                );
                loaded = Loaded::default();
                plan.rewound();
                Some(())
            }
            LoadStep::Load {
                lane,
                expected_last,
                entries,
            } => {
                let bounds = run.settings.bounds();
                let reply =
                    engine.call(|engine| engine.load(lane, &name, expected_last, bounds, &entries));
                let reply = reply.map_err(wrong)?;
                reply.map(|reply| plan.load_done(lane, entries.len(), &reply))
            }
            LoadStep::Weigh => {
                let server = engine.call(|engine| engine.server_use()).map_err(wrong)?;
                server.map(|server| plan.weighed(server.fullest))
            }
            LoadStep::Wait(pause) => {
                if !engine.wait(pause) {
                    return Ok(loaded);
                }
                let facts = engine.call(|engine| engine.facts()).map_err(wrong)?;
                facts.map(|facts| plan.waited(facts.state))
            }
            LoadStep::Note {
                position,
                digest,
                is_end,
            } => {
                let noted =
                    engine.call(|engine| engine.note_loaded(&name, position, &digest, is_end));
                noted.map_err(wrong)?.map(|noted| plan.noted(noted))
            }
            LoadStep::Secure => {
                let secured = engine.call(|engine| engine.secure());
                secured.map_err(wrong)?.map(|()| plan.secured())
            }
            LoadStep::Check { lane } => {
                let figures = engine.call(|engine| engine.figures(lane)).map_err(wrong)?;
                figures.map(|figures| plan.checked(figures.last))
            }
            LoadStep::Finish => {
                let finished = engine.call(|engine| engine.finish_loading(&name));
                finished.map_err(wrong)?.map(|reply| plan.finished(reply))
            }
            LoadStep::Over(end) => {
                return match end {
                    LoadEnd::Done => {
                        loaded.is_whole = true;
                        Ok(loaded)
                    }
                    LoadEnd::OtherLoader => Err(FleetError::usage(format!(
                        "{}: a newer loader is at work, and this one ends",
                        run.name()
                    ))),
                    LoadEnd::OtherInput => {
                        if facts.is_loaded {
                            // The run ends as it would have without this call.
                            let loaded = engine.call(|engine| engine.finish_loading(&name));
                            loaded.map_err(wrong)?;
                        }
                        Err(FleetError::other_input(run.name()))
                    }
                    LoadEnd::Cancelled => Err(FleetError::cancelled(run.name())),
                };
            }
        };
        if answered.is_none() {
            return Ok(loaded);
        }
    }
}

/// Number of entries in one call: a part of a small queue, since an empty lane takes any number.
fn most_at_once(run: &Run) -> usize {
    let part = run.settings.bounds().entries / 4;
    usize::try_from(part).map_or(MOST_AT_ONCE, |part| part.clamp(1, MOST_AT_ONCE))
}

/// Makes the entry of a request, and tells what the queue does not hold of it.
fn entry_of(
    request: &Request,
    (key, sequence, position): (Key, u64, u64),
    saves_files: bool,
    told: &mut UnfitLines,
) -> Entry {
    let written = stored_line::write(request, saves_files);
    told.tell(request, &written);
    Entry {
        sequence,
        line: written.line,
        key: key.digest(),
        index: request.index().unwrap_or(position),
        supersedes: request.resumed().is_some_and(|resumed| resumed.supersedes),
        fault: written.fault,
    }
}
