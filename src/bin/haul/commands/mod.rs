//! Commands beside a run: the first argument names one.

#[cfg_attr(not(feature = "fleet"), path = "no_fleet.rs")]
mod fleet;
mod merge;
mod report;

use std::env;

use clap::Command;

use crate::failure::{self, Status};

/// Command that the first argument names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subcommand {
    /// `haul fleet`: one batch on many machines.
    Fleet,
    /// `haul merge`: results of several runs in one file.
    Merge,
    /// `haul report`: figures of finished runs.
    Report,
}

/// Returns the command that the first argument names. `None`: a run is asked for. A file of such a name is given as
/// `./report`.
pub(crate) fn asked() -> Option<Subcommand> {
    let first = env::args_os().nth(1)?;
    let named = |command: &Subcommand| first.to_str() == Some(command.name());
    Subcommand::ALL.into_iter().find(named)
}

impl Subcommand {
    pub(crate) const ALL: [Subcommand; 3] =
        [Subcommand::Fleet, Subcommand::Merge, Subcommand::Report];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Subcommand::Fleet => "fleet",
            Subcommand::Merge => "merge",
            Subcommand::Report => "report",
        }
    }

    /// Returns the options of the command, for help in other forms than that of the command itself.
    pub(crate) fn options(self) -> Command {
        match self {
            Subcommand::Fleet => fleet::options(),
            Subcommand::Merge => merge::MergeArguments::options(),
            Subcommand::Report => report::ReportArguments::options(),
        }
    }

    /// Carries out the command, prints its messages, and returns the exit status.
    pub(crate) fn carry_out(self) -> Status {
        match self {
            Subcommand::Fleet => fleet::carry_out(),
            Subcommand::Merge => match merge::MergeArguments::read() {
                Ok(arguments) => merge::carry_out(arguments),
                Err(told) => failure::of_usage(&told),
            },
            Subcommand::Report => match report::ReportArguments::read() {
                Ok(arguments) => report::carry_out(&arguments),
                Err(told) => failure::of_usage(&told),
            },
        }
    }
}
