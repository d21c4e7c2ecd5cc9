//! Options that the commands beside a run have.

use clap::{ArgAction, Args};

use super::{Color, MessageArguments, ProgressForm};

#[derive(Clone, Debug, Args)]
pub(crate) struct CommandArguments {
    /// Replace existing output files
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Print nothing to standard output; -qq: no warnings and no errors either
    #[arg(short = 'q', long, action = ArgAction::Count)]
    quiet: u8,
    /// Colours in messages: auto, always or never
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    color: Color,
}

impl CommandArguments {
    /// Returns the arguments about messages, as a run has them.
    pub(crate) fn messages(&self) -> MessageArguments {
        MessageArguments {
            quiet: self.quiet,
            verbose: 0,
            progress: ProgressForm::None,
            color: self.color,
            generate: None,
        }
    }
}
