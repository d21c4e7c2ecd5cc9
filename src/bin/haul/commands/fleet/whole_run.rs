//! `haul fleet pause`, `resume`, `cancel` and `remove`.

use clap::{Args, FromArgMatches};
use haul::fleet::{Fleet, FleetError, FleetWorker, RunPhase, RunStatus};

use super::server::ServerArguments;
use super::{CommandEnd, MessageOptions, failed};
use crate::failure::{CommandError, Status};
use crate::messages::Messages;

/// Returns what a person should know before the step.
fn details(name: &str) -> String {
    let details = match name {
        "pause" => {
            "Requests that are under way end and are settled. Workers stay, and go on when the run is resumed."
        }
        "resume" => "It ends a pause. A run that was cancelled cannot be resumed.",
        "cancel" => {
            "Requests that are under way end and are settled; the queue stays on the server. Workers and collectors end \
             with status 4. It cannot be taken back. A run that is over stays over."
        }
        _ => {
            "Collectors have two seconds to notice it, and workers one lease to leave, but for those that are silent for a lease; then the queue and all results that \
             nobody collected are deleted. Workers and collectors end with status 4."
        }
    };
    format!("{}\n\n{details}", super::about(name))
}

#[derive(Debug, Args)]
struct RunArguments {
    /// Name of the run
    #[arg(value_name = "RUN")]
    run: String,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    messages: MessageOptions,
}

/// Step. It returns the note about it once it is done.
type Step = fn(&Fleet, &str, &Messages) -> Result<&'static str, FleetError>;

fn pause(fleet: &Fleet, name: &str, _: &Messages) -> Result<&'static str, FleetError> {
    fleet.run(name)?.pause()?;
    Ok("paused: what is under way ends, nothing else is handed out")
}

fn resume(fleet: &Fleet, name: &str, _: &Messages) -> Result<&'static str, FleetError> {
    fleet.run(name)?.resume()?;
    Ok("resumed")
}

fn cancel(fleet: &Fleet, name: &str, _: &Messages) -> Result<&'static str, FleetError> {
    let run = fleet.run(name)?;
    let is_over = |status: RunStatus| status.phase == RunPhase::Over;
    let was_over = run.status().is_ok_and(is_over);
    run.cancel()?;
    Ok(match was_over {
        true => "it is over, and stays so: nothing is left to cancel",
        false => "cancelled: what is under way ends, the queue stays",
    })
}

fn remove(fleet: &Fleet, name: &str, messages: &Messages) -> Result<&'static str, FleetError> {
    if let Ok(run) = fleet.run(name) {
        let lives = |worker: &&FleetWorker| !worker.is_silent;
        let told = run.status().map_or((0, 0), |status| {
            let workers = status.workers.iter().filter(lives).count();
            (workers, status.results_waiting)
        });
        let (workers, results) = told;
        if results > 0 {
            messages.warning(&format!(
                "{name}: {results} results that nobody collected are deleted with it"
            ));
        }
        if workers > 0 {
            messages.note(&format!(
                "{name}: waits until its workers ({workers}) have left or are silent for a lease"
            ));
        }
    }
    fleet.remove(name)?;
    Ok("removed")
}

pub(super) fn carry_out(name: &str) -> CommandEnd {
    let step: Step = match name {
        "pause" => pause,
        "resume" => resume,
        "cancel" => cancel,
        _ => remove,
    };
    let command = RunArguments::augment_args(super::command_of(name))
        .about(super::about(name))
        .long_about(details(name));
    let matches = super::read(name, &command)?;
    let own = RunArguments::from_arg_matches(&matches)
        .map_err(|error| crate::arguments::told(&error, &command))?;
    let messages = own.messages.messages();
    super::warnings::print(&messages);
    super::end(&messages, carry_out_step(&own, step, &messages))
}

fn carry_out_step(
    own: &RunArguments,
    step: Step,
    messages: &Messages,
) -> Result<Status, CommandError> {
    let fleet = own.server.connect()?;
    let done = step(&fleet, &own.run, messages).map_err(|error| failed(&error))?;
    messages.note(&format!("{}: {done}", own.run));
    Ok(Status::Fine)
}
