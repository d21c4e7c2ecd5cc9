//! Options of a run that another command has too.

use std::env;
use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, Parser};

use super::{
    Arguments, HostOptions, ProgramEnd, RequestArguments, command, config, config::Configured,
    names, told, with_variables,
};

/// Prepares a command that shares options with a run: these are also read from the environment. Options are the same if
/// they stand under the same heading.
pub(crate) fn with_shared_variables(own: Command) -> Command {
    let run = command();
    with_variables(own).mut_args(|argument| {
        let Some(long) = argument.get_long() else {
            return argument;
        };
        let of_run = run
            .get_arguments()
            .find(|other| other.get_long() == Some(long));
        let is_shared =
            of_run.is_some_and(|other| other.get_help_heading() == argument.get_help_heading());
        let variable = names::variable(long);
        match is_shared {
            true => argument.env(variable).hide_env(true),
            false => argument,
        }
    })
}

/// Reads the arguments of this process behind the name of a command that shares options with a run, with those of the
/// file of `--config`. The error is the text that is printed instead.
pub(crate) fn read_shared(name: &str, own: &Command) -> Result<ArgMatches, ProgramEnd> {
    read_shared_behind(2, name, own, &|_| false).map(|(matches, _)| matches)
}

/// Reads the arguments as [`read_shared`] does, behind the first `skipped` ones of this process. Returns the tables of
/// hosts of the file of `--config` too. `passed_over`: options of a file that have no meaning for the command.
pub(crate) fn read_shared_behind(
    skipped: usize,
    name: &str,
    own: &Command,
    passed_over: &dyn Fn(&Arg) -> bool,
) -> Result<(ArgMatches, Vec<HostOptions>), ProgramEnd> {
    let typed = env::args_os().skip(skipped);
    let typed: Vec<OsString> = [OsString::from(name)].into_iter().chain(typed).collect();
    let mut run = command();
    run.build();
    let mut built = own.clone();
    built.build();
    let configured =
        config::configured(&typed, &built, &run, passed_over).map_err(ProgramEnd::Wrong)?;
    let all = configured.as_ref().map_or(typed, Configured::arguments);
    let read = own.clone().try_get_matches_from(all);
    let read = read.map_err(|error| {
        let of_file = configured.as_ref();
        match of_file.and_then(|configured| configured.told(&error, own)) {
            Some(message) => ProgramEnd::Wrong(message),
            None => told(&error, own),
        }
    })?;
    let hosts = configured.map_or(Vec::new(), |configured| configured.hosts);
    Ok((read, hosts))
}

/// Reads the arguments of a run from a list, the name of the program first. The environment is not looked at.
#[cfg(feature = "fleet")]
pub(crate) fn read_given(
    list: impl IntoIterator<Item = OsString>,
) -> Result<Arguments, ProgramEnd> {
    let command = super::without_environment();
    let matches = command.clone().try_get_matches_from(list);
    let read =
        matches.and_then(|matches| <Arguments as clap::FromArgMatches>::from_arg_matches(&matches));
    read.map_err(|error| told(&error, &command))
}

/// True if the headers are those of the environment variable.
pub(crate) fn has_headers_of_variable(matches: &ArgMatches) -> bool {
    matches.value_source("headers") == Some(ValueSource::EnvVariable)
}

impl Arguments {
    /// Makes the arguments of a run with these inputs and options for requests, and no others.
    pub(crate) fn of_requests(requests: RequestArguments, inputs: Vec<String>) -> Arguments {
        let defaults = Arguments::try_parse_from(["haul"]);
        Arguments {
            inputs,
            requests,
            ..defaults.expect("no argument of a run is required")
        }
    }
}
