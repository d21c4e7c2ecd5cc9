//! Options of a run that a command of the fleet has too, and those that are refused with the reason.

use std::ffi::{OsStr, OsString};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, Id};

use crate::arguments::{self, Arguments, HostOptions, ProgramEnd};

/// Choice of options: those of a run that a command has, and those that belong to another command of the fleet.
pub(super) struct RunOptions {
    /// Headings of groups that the command has, by how they begin.
    pub(super) groups: &'static [&'static str],
    /// Long names of further options that the command has.
    pub(super) also: &'static [&'static str],
    /// Options of the other command, and the reason for those that this one does not have.
    pub(super) other: fn() -> (&'static RunOptions, &'static str),
    /// Long names of options that it does not have, each with the reason.
    pub(super) refused: &'static [(&'static str, &'static str)],
    /// Options of which the help of a run is not true here.
    pub(super) helps: &'static [OwnHelp],
}

/// Help of an option, in place of the one of a run.
pub(super) struct OwnHelp {
    /// Long name of the option.
    pub(super) long: &'static str,
    /// First line of the help.
    pub(super) help: &'static str,
    /// Rest of the help. Empty: there is none.
    pub(super) more: &'static str,
    /// Default that is shown. `None`: the one of a run.
    pub(super) default: Option<&'static str>,
    /// Name of the value. `None`: the one of a run.
    pub(super) value: Option<&'static str>,
}

impl OwnHelp {
    pub(super) const fn new(long: &'static str, help: &'static str, more: &'static str) -> OwnHelp {
        OwnHelp {
            long,
            help,
            more,
            default: None,
            value: None,
        }
    }

    fn of(&self, option: Arg) -> Arg {
        let long = match self.more {
            "" => self.help.to_owned(),
            more => format!("{}\n\n{more}", self.help),
        };
        let option = option.help(self.help).long_help(long);
        let option = match self.value {
            Some(value) => option.value_name(value),
            None => option,
        };
        match self.default {
            Some(default) => option.default_value(default),
            None => option,
        }
    }
}

/// Reason for options that a fleet has in no command.
const NOWHERE: &str = "it is of no use in a fleet";

impl RunOptions {
    /// True if the option is one of the other command.
    pub(super) fn is_of_other(&self, option: &Arg) -> bool {
        (self.other)().0.has(option)
    }

    /// Returns the first option of a table for some hosts that the command does not have, with its place and the reason.
    pub(super) fn foreign(&self, table: &HostOptions) -> Option<String> {
        let run = arguments::command();
        let mut options = run.get_arguments().filter(|option| !self.has(option));
        let of_table = |option: &&Arg| option.get_long().is_some_and(|long| table.gives(long));
        let long = options.find(of_table)?.get_long()?;
        Some(format!(
            "{}: host {:?}: {long}: it is one of the run, whose options hold for all hosts alike",
            table.place, table.pattern
        ))
    }

    pub(super) fn has(&self, option: &Arg) -> bool {
        let long = option.get_long().unwrap_or_default();
        if self.refused.iter().any(|(name, _)| *name == long) {
            return false;
        }
        let heading = option.get_help_heading().unwrap_or_default();
        self.also.contains(&long) || self.groups.iter().any(|group| heading.starts_with(group))
    }

    /// Returns an option that the command has, with its own help.
    fn helped(&self, option: &Arg) -> Arg {
        let own = self
            .helps
            .iter()
            .find(|own| option.get_long() == Some(own.long));
        match own {
            Some(own) => own.of(option.clone()),
            None => option.clone(),
        }
    }

    /// Adds the options of a run to a command: hidden those that it does not have, so that they can be told.
    pub(super) fn add_to(&self, own: Command) -> Command {
        let run = arguments::command();
        let is_own = |option: &Arg| {
            let long = option.get_long();
            own.get_arguments()
                .any(|other| other.get_id() == option.get_id() || other.get_long() == long)
        };
        let options = run
            .get_arguments()
            .filter(|option| option.get_long().is_some() && !is_own(option))
            // The option stands in place of the inputs, and clap wants to know these beside it.
            .filter(|option| option.get_long() != Some("demo"));
        let options: Vec<Arg> = options
            .map(|option| match self.has(option) {
                true => self.helped(option),
                // A variable is meant for the runs that have the option.
                false => option
                    .clone()
                    .hide(true)
                    .env(clap::builder::Resettable::Reset),
            })
            .collect();
        let own = own.args(options);
        let is_there = |id: &Id| own.get_arguments().any(|option| option.get_id() == id);
        let groups = run
            .get_groups()
            .filter(|group| group.get_args().all(is_there));
        let groups: Vec<_> = groups.cloned().collect();
        own.groups(groups)
    }

    /// Refuses options that the command does not have.
    pub(super) fn check(&self, command: &Command, matches: &ArgMatches) -> Result<(), ProgramEnd> {
        let run = arguments::command();
        for option in run.get_arguments() {
            let Some(long) = option.get_long() else {
                continue;
            };
            let of_command = command
                .get_arguments()
                .find(|other| other.get_long() == Some(long));
            let is_hidden = of_command.is_some_and(Arg::is_hide_set) && !option.is_hide_set();
            if !is_hidden || !is_given(matches, option, &[ValueSource::CommandLine]) {
                continue;
            }
            let reason = self.refused.iter().find(|(name, _)| *name == long);
            let (other, of_other) = (self.other)();
            let reason = match reason {
                Some((_, reason)) => reason,
                None if other.has(option) => of_other,
                None => NOWHERE,
            };
            let name = command.get_bin_name().unwrap_or("haul fleet");
            return Err(ProgramEnd::Wrong(format!(
                "--{long}: not an option of {name}: {reason}\n"
            )));
        }
        Ok(())
    }

    /// Returns the options of a run that were given, in a form that is read again.
    pub(super) fn given(&self, matches: &ArgMatches) -> Vec<String> {
        let sources = [ValueSource::CommandLine, ValueSource::EnvVariable];
        let run = arguments::command();
        let mut given = Vec::new();
        for option in run.get_arguments().filter(|option| self.has(option)) {
            let Some(long) = option.get_long() else {
                continue;
            };
            if !is_given(matches, option, &sources) {
                continue;
            }
            let id = option.get_id().as_str();
            match option.get_action() {
                ArgAction::SetTrue => {
                    if matches.get_flag(id) {
                        given.push(format!("--{long}"));
                    }
                }
                ArgAction::Count => {
                    let times = usize::from(matches.get_count(id));
                    given.extend(std::iter::repeat_n(format!("--{long}"), times));
                }
                _ => {
                    let is_variable = matches.value_source(id) == Some(ValueSource::EnvVariable);
                    let values = matches.get_raw(id).into_iter().flatten();
                    for value in values.map(OsStr::to_string_lossy) {
                        // A variable has several headers as lines.
                        let one_each = is_variable && long == "header";
                        let parts = match one_each {
                            true => value.lines().collect(),
                            false => vec![&*value],
                        };
                        let option = |part: &&str| format!("--{long}={part}");
                        given.extend(parts.iter().map(option));
                    }
                }
            }
        }
        given
    }
}

fn is_given(matches: &ArgMatches, option: &Arg, sources: &[ValueSource]) -> bool {
    let id = option.get_id().as_str();
    if !matches.ids().any(|known| known.as_str() == id) {
        return false;
    }
    matches
        .value_source(id)
        .is_some_and(|source| sources.contains(&source))
}

/// Reads the arguments of a run from options that were given to commands of the fleet.
///
/// # Errors
/// The message about options that contradict each other.
pub(super) fn run_of(options: &[String], inputs: &[String]) -> Result<Arguments, ProgramEnd> {
    let program = [OsString::from("haul")];
    let options = options.iter().map(OsString::from);
    let end = [OsString::from("--")];
    let inputs = inputs.iter().map(OsString::from);
    arguments::read_given(program.into_iter().chain(options).chain(end).chain(inputs))
}
