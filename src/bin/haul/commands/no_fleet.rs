//! `haul fleet` in a build without the feature `fleet`.

use clap::Command;

use crate::arguments::ProgramEnd;
use crate::failure::{self, Status};

/// Returns the command, which has no options here.
pub(crate) fn options() -> Command {
    Command::new("haul fleet")
        .bin_name("haul fleet")
        .about("Run one batch on many machines (not in this build: it needs the feature fleet)")
}

/// Tells that the command is not in this build.
pub(crate) fn carry_out() -> Status {
    failure::of_usage(&ProgramEnd::Wrong(
        "fleet: not in this build (cargo install haul --features cli,fleet has it); a file of that name is ./fleet\n"
            .to_owned(),
    ))
}
