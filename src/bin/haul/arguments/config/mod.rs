//! `--config`: options from a TOML file, which stand after typed options and variables.

mod curl_form;
mod hosts;
mod read;
mod repeated;

use std::env;
use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

pub(crate) use hosts::HostOptions;
use read::{ConfigFile, ConfigOption};

use super::given_places;

/// Options that are of use only beside another one: they are left out with it.
const DEPENDENT: [(&str, &str); 17] = [
    ("key", "cert"),
    ("allow-files-from", "public-only"),
    ("continue", "output-dir"),
    ("checksums", "output-dir"),
    ("skip-existing", "output-dir"),
    ("timestamping", "output-dir"),
    ("output-name", "output-dir"),
    ("content-disposition", "output-dir"),
    ("continue-at", "output-dir"),
    ("oauth2-id", "oauth2-url"),
    ("oauth2-secret", "oauth2-url"),
    ("oauth2-scope", "oauth2-url"),
    ("oauth2-param", "oauth2-url"),
    ("paginate-while", "paginate"),
    ("paginate-while", "paginate-cursor"),
    ("max-pages", "paginate"),
    ("max-pages", "paginate-cursor"),
];

/// Options of a run that exclude each other whatever their values are, as a later check tells.
const CONTRADICTORY: [(&str, &str); 4] = [
    ("paginate", "max-cost"),
    ("paginate", "output-dir"),
    ("paginate-cursor", "max-cost"),
    ("paginate-cursor", "output-dir"),
];

/// Arguments of this process, and those of the file, with its tables of hosts.
pub(super) struct Configured {
    program: Vec<OsString>,
    /// Options of the file that hold.
    options: Vec<ConfigOption>,
    typed: Vec<OsString>,
    pub(super) hosts: Vec<HostOptions>,
}

impl Configured {
    /// Returns all arguments, with those of the file in front of the typed ones.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        self.arguments_without(None)
    }

    fn arguments_without(&self, left_out: Option<usize>) -> Vec<OsString> {
        let kept = self.options.iter().enumerate();
        let kept = kept.filter(|(place, _)| Some(*place) != left_out);
        let of_file = kept.flat_map(|(_, option)| option.arguments());
        let program = self.program.iter().cloned();
        program
            .chain(of_file)
            .chain(self.typed.iter().cloned())
            .collect()
    }

    /// Returns the message about an option of the file that needs another one beside it. `None`: no option of the file
    /// is the reason of this error.
    pub(super) fn told(&self, error: &clap::Error, command: &Command) -> Option<String> {
        if error.kind() != ErrorKind::MissingRequiredArgument {
            return None;
        }
        let missing = missing(error);
        // clap does not tell which option needs the missing one. Without that option, the error is another or none.
        let needing = (0..self.options.len()).find(|place| {
            let arguments = self.arguments_without(Some(*place));
            let read = command.clone().try_get_matches_from(arguments);
            read.err()
                .is_none_or(|other| self::missing(&other) != missing)
        })?;
        let ConfigOption { long, place, .. } = &self.options[needing];
        Some(format!("{place}: {long}: it needs {missing} beside it\n"))
    }
}

/// Returns the options that are missing by this error, as clap shows them.
fn missing(error: &clap::Error) -> String {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::Strings(shown)) => shown.join(", "),
        _ => String::new(),
    }
}

/// Reads the file that the arguments or the environment name. `None`: they name none, or they are wrong in a way that
/// clap tells. The file has options of a run; those that `command` shares with it, under the same heading, hold, apart from those
/// that are `passed_over`.
///
/// # Errors
/// The message about a file that cannot be read or understood.
pub(super) fn configured(
    typed: &[OsString],
    command: &Command,
    run: &Command,
    passed_over: &dyn Fn(&Arg) -> bool,
) -> Result<Option<Configured>, String> {
    let Ok(matches) = without_rules(command).try_get_matches_from(typed) else {
        return Ok(None);
    };
    let of_variable = || env::var_os(super::names::variable("config"));
    let path = matches.get_one::<OsString>("config").cloned();
    // clap tells an empty name.
    let Some(path) = path.or_else(of_variable).filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let mut file = read::read(Path::new(&path), run)?;
    file.options.retain(|option| {
        let mut options = run.get_arguments();
        let of_run = options.find(|argument| argument.get_long() == Some(&option.long));
        !of_run.is_some_and(passed_over)
    });
    let is_explicit = |argument: &Arg| {
        let is_typed =
            matches.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine);
        let variable = argument.get_long().map(super::names::variable);
        is_typed || variable.is_some_and(|name| env::var_os(name).is_some())
    };
    let settings = command.get_arguments().filter(|a| is_setting(a));
    let explicit: Vec<&Arg> = settings.filter(|a| is_explicit(a)).collect();
    let (kept, yielded) = kept(&file, (command, run), &explicit, &matches);
    let hosts = hosts::tables(&file)?;
    let places = kept
        .iter()
        .map(|option| (option.long.clone(), option.place.clone()));
    given_places::set(places.collect(), yielded);
    let (program, rest) = typed.split_at(typed.len().min(1));
    Ok(Some(Configured {
        program: program.to_vec(),
        options: kept,
        typed: rest.to_vec(),
        hosts,
    }))
}

/// Returns the options of the file that hold: neither they nor options that contradict them were given otherwise. Beside
/// them, a message about each option that yields to one that contradicts it.
fn kept(
    file: &ConfigFile,
    (command, run): (&Command, &Command),
    explicit: &[&Arg],
    matches: &ArgMatches,
) -> (Vec<ConfigOption>, Vec<String>) {
    let find = |long: &str| {
        let in_both =
            [command, run].map(|of| of.get_arguments().find(|a| a.get_long() == Some(long)));
        let [own, of_run] = in_both.map(|found| found.map(|a| (a, a.get_help_heading())));
        own.filter(|(_, heading)| of_run.is_some_and(|(_, other)| *heading == other))
            .map(|(argument, _)| argument)
    };
    let mut left_out = Vec::new();
    let (mut kept, mut yielded) = (Vec::new(), Vec::new());
    for option in &file.options {
        let Some(argument) = find(&option.long) else {
            continue;
        };
        if explicit
            .iter()
            .any(|other| other.get_id() == argument.get_id())
        {
            continue;
        }
        let contradicts = |other: &&&Arg| contradict(command, argument, other);
        match explicit.iter().find(contradicts) {
            Some(other) => {
                left_out.push(option.long.as_str());
                if !option.arguments().is_empty() {
                    yielded.push(yields_to(option, other, matches));
                }
            }
            None => kept.push(option.clone()),
        }
    }
    kept.retain(|option| {
        let mut bases = DEPENDENT.iter().filter(|(long, _)| *long == option.long);
        !bases.any(|(_, base)| left_out.contains(base))
    });
    (kept, yielded)
}

/// True if two options exclude each other.
fn contradict(command: &Command, one: &Arg, other: &Arg) -> bool {
    let excludes = |one: &Arg, other: &Arg| {
        let conflicts = command.get_arg_conflicts_with(one);
        conflicts
            .iter()
            .any(|found| found.get_id() == other.get_id())
    };
    let longs = (one.get_long(), other.get_long());
    let is_pair =
        |(a, b): &(&str, &str)| longs == (Some(*a), Some(*b)) || longs == (Some(*b), Some(*a));
    one.get_id() != other.get_id()
        && (excludes(one, other) || excludes(other, one) || CONTRADICTORY.iter().any(is_pair))
}

/// Returns the message about an option of the file that another one takes the place of. It shows no value.
fn yields_to(option: &ConfigOption, other: &Arg, matches: &ArgMatches) -> String {
    let long = other.get_long().unwrap_or_default();
    let is_typed = matches.value_source(other.get_id().as_str()) == Some(ValueSource::CommandLine);
    let name = match is_typed {
        true => format!("--{long}"),
        false => super::names::variable(long),
    };
    format!(
        "{}: {}: it yields to {name}, which contradicts it",
        option.place, option.long
    )
}

/// False for --help and --version, beside which nothing else matters.
fn is_setting(argument: &Arg) -> bool {
    let action = argument.get_action();
    action.takes_values() || matches!(action, ArgAction::SetTrue | ArgAction::Count)
}

/// Makes a command with the same options and no rule about their values or about several of them.
fn without_rules(command: &Command) -> Command {
    let mut plain = Command::new("haul")
        .args_override_self(true)
        .disable_help_flag(true)
        .disable_version_flag(true);
    for argument in command.get_arguments().filter(|a| is_setting(a)) {
        let mut copy = Arg::new(argument.get_id().clone())
            .action(argument.get_action().clone())
            .allow_hyphen_values(argument.is_allow_hyphen_values_set())
            .allow_negative_numbers(argument.is_allow_negative_numbers_set());
        if let Some(long) = argument.get_long() {
            copy = copy.long(long.to_owned());
        }
        if let Some(short) = argument.get_short() {
            copy = copy.short(short);
        }
        copy = copy.aliases(
            argument
                .get_all_aliases()
                .unwrap_or_default()
                .into_iter()
                .map(str::to_owned),
        );
        copy = copy.short_aliases(argument.get_all_short_aliases().unwrap_or_default());
        if let Some(range) = argument.get_num_args() {
            copy = copy.num_args(range);
        }
        if matches!(argument.get_action(), ArgAction::Set | ArgAction::Append) {
            copy = copy.value_parser(value_parser!(OsString));
        }
        plain = plain.arg(copy);
    }
    plain
}
