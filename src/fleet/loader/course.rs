//! Course of a load: the steps of a plan, carried out.

mod later;

use std::path::PathBuf;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::lines::LoadLines;
use super::missing::LeftOut;
use super::unfit::UnfitLines;
use super::{LoadEnd, LoadPlan, LoadStep, Loaded, entry_of, most_at_once};
use crate::fleet::engine::{EngineError, FleetEngine, LaterNote, RunFacts};
use crate::fleet::error::FleetError;
use crate::fleet::patient::PatientEngine;
use crate::fleet::run::Run;
use crate::key::KeyVersion;
use crate::record::KeyMaker;
use crate::redact::escape::log_line;
use crate::request::Request;
use later::LaterCourse;

/// Time for which a line waits for others before it is loaded.
const LONGEST_HELD: Duration = Duration::from_secs(1);

/// Time between two looks whether to stop, while no line comes.
const LOOK: Duration = Duration::from_millis(50);

/// Part of an input that is loaded.
#[derive(Clone, Debug)]
pub(super) enum LoadPart {
    /// All of it, or what an earlier call has left of it.
    Whole,
    /// Requests without the outcomes that are left out, after a run that is over, or what an earlier call has left of them.
    Missing {
        results: Vec<PathBuf>,
        left_out: LeftOut,
    },
}

/// Load that is under way. `O`: opens the input.
struct Course<'r, S, O, L> {
    run: &'r Run,
    engine: PatientEngine<S>,
    name: String,
    keys: KeyMaker,
    open: O,
    lines: Option<L>,
    /// `None`: all requests are loaded.
    later: Option<LaterCourse>,
    told: UnfitLines,
    read: u64,
    /// Number of requests that are left out, since they have an outcome.
    left_out: u64,
    /// Time since which lines wait for others. `None`: none do.
    held_since: Option<Instant>,
    /// True if the run was loaded before this loader became the newest one, and it has loaded nothing.
    is_as_before: bool,
}

/// Loads requests until the input or `stop` ends it. `open` opens the input. `None`: it cannot be read again.
pub(super) fn load<L: LoadLines>(
    run: &Run,
    mut open: impl FnMut() -> Result<Option<L>, FleetError>,
    part: LoadPart,
    stop: impl FnMut() -> bool,
) -> Result<Loaded, FleetError> {
    let lines = open()?;
    let mut course = Course {
        run,
        engine: PatientEngine::new(run.place.engine()?, stop),
        name: format!("{}:{:08x}", std::process::id(), fastrand::u32(..)),
        keys: KeyMaker {
            version: KeyVersion::Two,
            base: run.settings.base()?,
        },
        open,
        lines,
        later: None,
        told: UnfitLines::default(),
        read: 0,
        left_out: 0,
        held_since: None,
        is_as_before: false,
    };
    let loaded = course.run(part);
    if course.is_as_before && !loaded.as_ref().is_ok_and(|loaded| loaded.is_whole) {
        course.restore();
    }
    loaded
}

impl<S, O, L> Course<'_, S, O, L>
where
    S: FnMut() -> bool,
    O: FnMut() -> Result<Option<L>, FleetError>,
    L: LoadLines,
{
    fn run(&mut self, part: LoadPart) -> Result<Loaded, FleetError> {
        let Some(facts) = self.call(|engine| engine.facts())? else {
            return Ok(Loaded::default());
        };
        let plan = match part {
            LoadPart::Whole => Some(LoadPlan::new(&facts)),
            LoadPart::Missing { results, left_out } => {
                self.plan_later(&facts, results, left_out)?
            }
        };
        let Some(plan) = plan else {
            return Ok(Loaded::default());
        };
        let mut plan = plan.with_batch(most_at_once(self.run));
        let mut is_whole = false;
        while !self.engine.is_stopped() {
            let step = plan.next();
            if let LoadStep::Over(end) = step {
                let note = &plan.facts().later;
                self.ended(end, note)?;
                is_whole = true;
                break;
            }
            if self.take(step, &mut plan)?.is_none() {
                break;
            }
        }
        Ok(Loaded {
            read: self.read - plan.unloaded(),
            found: self.left_out + plan.found(),
            is_whole,
        })
    }

    /// Takes a step of the engine until it has an answer. `None`: the caller is to stop.
    fn call<T>(
        &mut self,
        step: impl FnMut(&mut dyn FleetEngine) -> Result<T, EngineError>,
    ) -> Result<Option<T>, FleetError> {
        let answer = self.engine.call(step);
        answer.map_err(|error| self.run.place.error(error))
    }

    /// Becomes the newest loader. Workers that find the queue empty wait for what comes. False: the run is not as these
    /// facts say.
    fn begin(&mut self, facts: &RunFacts) -> Result<Option<bool>, FleetError> {
        let name = self.name.clone();
        let begun = self.call(|engine| engine.begin_loading_after(&name, facts))?;
        // A caller that is to stop may have begun: the answer was lost.
        self.is_as_before = facts.is_loaded && begun != Some(false);
        Ok(begun)
    }

    /// Takes a step of the plan. `None`: the caller is to stop.
    // Long because it is one list of all steps.
    fn take(&mut self, step: LoadStep, plan: &mut LoadPlan) -> Result<Option<()>, FleetError> {
        let name = self.name.clone();
        Ok(match step {
            LoadStep::Read => {
                self.read_line(plan);
                Some(())
            }
            LoadStep::Rewind => {
                self.rewind(plan.has_passed_over())?;
                plan.rewound();
                Some(())
            }
            LoadStep::Begin(facts) => {
                self.check_match()?;
                match self.begin(&facts)? {
                    Some(true) => self.check_begun(facts.lanes)?.map(|()| plan.begun(true)),
                    begun => begun.map(|begun| plan.begun(begun)),
                }
            }
            LoadStep::Look => {
                let facts = self.call(|engine| engine.facts())?;
                facts.map(|facts| plan.looked(facts))
            }
            LoadStep::Load {
                lane,
                expected_last,
                entries,
            } => {
                let bounds = self.run.settings.bounds();
                // The answer may be lost.
                self.is_as_before = false;
                let reply =
                    self.call(|engine| engine.load(lane, &name, expected_last, bounds, &entries))?;
                reply.map(|reply| plan.load_done(lane, entries.len(), &reply))
            }
            LoadStep::Weigh => {
                let server = self.call(|engine| engine.server_use())?;
                server.map(|server| {
                    if plan.weighed(server.fullest) {
                        self.tell_full(server.fullest.share());
                    }
                })
            }
            LoadStep::Wait(pause) => {
                if !self.engine.wait(pause) {
                    return Ok(None);
                }
                let facts = self.call(|engine| engine.facts())?;
                facts.map(|facts| plan.waited(facts.state))
            }
            LoadStep::Note {
                position,
                digest,
                is_end,
            } => {
                let noted =
                    self.call(|engine| engine.note_loaded(&name, position, &digest, is_end))?;
                noted.map(|noted| plan.noted(noted))
            }
            LoadStep::NoteLater { position, digest } => {
                let facts = self.later.as_ref().map(|later| later.facts.to_string());
                let text = format!("{} {digest}", facts.unwrap_or_default());
                let noted = self.call(|engine| engine.note_later(&name, position, &text))?;
                noted.map(|noted| plan.noted(noted))
            }
            LoadStep::Secure => self
                .call(|engine| engine.secure())?
                .map(|()| plan.secured()),
            LoadStep::Check { lane } => {
                let figures = self.call(|engine| engine.figures(lane))?;
                figures.map(|figures| plan.checked(figures.last))
            }
            LoadStep::Finish => {
                let reply = self.call(|engine| engine.finish_loading(&name))?;
                reply.map(|reply| plan.finished(reply))
            }
            LoadStep::Over(_) => None,
        })
    }

    /// Hands the next line to the plan, if one comes. Lines that waited for others for long are loaded before.
    fn read_line(&mut self, plan: &mut LoadPlan) {
        self.held_since = match plan.holds_lines() {
            true => self.held_since.or_else(|| Some(Instant::now())),
            false => None,
        };
        if self
            .held_since
            .is_some_and(|since| since.elapsed() >= LONGEST_HELD)
        {
            self.held_since = None;
            plan.flush();
            return;
        }
        let next = self.lines.as_mut().map(|lines| lines.next(LOOK));
        match next.unwrap_or(Poll::Ready(None)) {
            Poll::Ready(Some(request)) => self.take_request(request, plan),
            Poll::Ready(None) => plan.take_end(),
            Poll::Pending => {}
        }
    }

    fn take_request(&mut self, request: Request, plan: &mut LoadPlan) {
        let (key, position) = (self.keys.of(&request), self.read);
        self.read += 1;
        let request = match &mut self.later {
            None => Some(request),
            Some(later) => later.known.missing(key, request, later.left_out),
        };
        if self
            .later
            .as_ref()
            .is_some_and(|later| later.known.has_match())
        {
            plan.matched();
        }
        let Some(request) = request else {
            self.left_out += 1;
            plan.leave_out(&key.digest());
            return;
        };
        let place = (key, plan.next_sequence(), position);
        let saves_files = self.run.settings.stored.saves_files;
        plan.take_line(entry_of(&request, place, saves_files, &mut self.told));
    }

    /// Opens the input once more. `is_second`: it was read so far to be verified, and is too large to be kept.
    fn rewind(&mut self, is_second: bool) -> Result<(), FleetError> {
        let run = self.run.name();
        self.lines = (self.open)()?;
        if self.lines.is_none() && is_second {
            return Err(FleetError::usage(format!(
                "{run}: the input has to be read twice, to be verified before so many lines of it are loaded (a file is expected)"
            )));
        } else if self.lines.is_none() {
            return Err(FleetError::lost(run));
        } else if !is_second {
            log_line!(
                Warn,
                "{run}: the server lost requests that were loaded; the input is read again"
            );
        }
        if let Some(later) = &mut self.later {
            later.known.rewind();
        }
        (self.read, self.left_out) = (0, 0);
        Ok(())
    }

    fn tell_full(&self, share: f64) {
        log_line!(
            Warn,
            "{}: {:.0} % of the server's memory (maxmemory) are in use; loading waits until it is less than 70 %",
            self.run.name(),
            share * 100.0
        );
    }

    /// Returns the error of an end that is none of the input.
    fn ended(&self, end: LoadEnd, note: &LaterNote) -> Result<(), FleetError> {
        let run = self.run.name();
        match end {
            LoadEnd::Done => Ok(()),
            LoadEnd::OtherLoader => Err(FleetError::usage(format!(
                "{run}: a newer loader is at work, and this one ends"
            ))),
            LoadEnd::OtherInput => Err(FleetError::other_input(run)),
            LoadEnd::LaterUnfinished => Err(FleetError::usage(format!(
                "{} (the same command, with --results as they were, goes on from there)",
                later::unfinished(run, note)
            ))),
            LoadEnd::Cancelled => Err(FleetError::cancelled(run)),
        }
    }

    /// Marks the run as loaded, as it was, so that workers and collectors end. A newer loader is left alone.
    fn restore(&mut self) {
        let name = self.name.clone();
        if let Err(error) = self.engine.call(|engine| engine.finish_loading(&name)) {
            log_line!(
                Warn,
                "{}: workers and collectors wait for another load: {error}",
                self.run.name()
            );
        }
    }
}
