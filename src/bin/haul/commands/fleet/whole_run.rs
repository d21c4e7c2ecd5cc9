//! `haul fleet pause`, `resume`, `cancel` and `remove`.

use clap::{Args, FromArgMatches};
use haul::fleet::{FleetError, Run};

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
             with status 4. It cannot be taken back."
        }
        _ => {
            "Collectors have two seconds to notice it, and workers one lease to leave; then the queue and all results that \
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

/// Step, and the note about it once it is done.
type Step = (fn(&Run) -> Result<(), FleetError>, &'static str);

pub(super) fn carry_out(name: &str) -> CommandEnd {
    let step: Step = match name {
        "pause" => (
            Run::pause,
            "paused: what is under way ends, nothing else is handed out",
        ),
        "resume" => (Run::resume, "resumed"),
        "cancel" => (
            Run::cancel,
            "cancelled: what is under way ends, the queue stays",
        ),
        _ => (Run::remove, "removed"),
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
    (step, done): Step,
    messages: &Messages,
) -> Result<Status, CommandError> {
    let run = own.server.connect()?.run(&own.run);
    run.and_then(|run| step(&run))
        .map_err(|error| failed(&error))?;
    messages.note(&format!("{}: {done}", own.run));
    Ok(Status::Fine)
}
