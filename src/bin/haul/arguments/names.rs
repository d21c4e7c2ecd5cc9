//! Names of options in messages: as the user knows them, from the command line or the environment.

use std::env;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use super::foreign::counterpart;
use super::given_places::place_of;

/// Returns the environment variable of an option.
pub(crate) fn variable(long: &str) -> String {
    format!("HAUL_{}", long.replace('-', "_").to_uppercase())
}

/// Options whose values may be secret, or hold a secret.
const SECRET: [&str; 14] = [
    "header",
    "user",
    "bearer",
    "bearer-command",
    "oauth2-secret",
    "oauth2-param",
    "cookie",
    "proxy",
    "data",
    "json",
    "form",
    "form-string",
    "url-query",
    "base-url",
];

/// True if the value of the option may be, or hold, a secret.
pub(crate) fn is_secret(long: &str) -> bool {
    SECRET.contains(&long)
}

/// Returns the name of an option: `-j/--jobs`, `--rate`, its environment variable if it was given there, or its place in
/// the file of options (`haul.toml:3: rate`).
pub(crate) fn name_of(long: &str) -> String {
    if let Some(place) = place_of(long) {
        return format!("{place}: {long}");
    }
    let command = super::command();
    let option = command.get_arguments().find(|a| a.get_long() == Some(long));
    match option {
        Some(option) if is_from_environment(option) => variable(long),
        Some(option) => both_names(option),
        None => format!("--{long}"),
    }
}

fn both_names(option: &Arg) -> String {
    let long = option.get_long().unwrap_or_default();
    match option.get_short() {
        Some(short) => format!("-{short}/--{long}"),
        None => format!("--{long}"),
    }
}

/// True if the variable of the option is set and no argument can be the option.
fn is_from_environment(option: &Arg) -> bool {
    let Some(long) = option.get_long() else {
        return false;
    };
    let names = option.get_long_and_visible_aliases().unwrap_or_default();
    let letters = option.get_short_and_visible_aliases().unwrap_or_default();
    let is_option = |argument: String| match argument.strip_prefix("--") {
        Some(rest) => names.contains(&rest.split('=').next().unwrap_or_default()),
        None => argument.starts_with('-') && argument.contains(&letters[..]),
    };
    let mut typed = env::args_os()
        .skip(1)
        .map(|a| a.to_string_lossy().into_owned());
    env::var_os(variable(long)).is_some() && !typed.any(is_option)
}

/// Returns clap's message about the arguments, with the options named as the user knows them.
pub(super) fn explained(error: &clap::Error, command: &Command) -> String {
    let text = error.render().to_string();
    let mut text = text
        .strip_prefix("error:")
        .unwrap_or(&text)
        .trim_start()
        .to_owned();
    if error.kind() == ErrorKind::UnknownArgument
        && let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg)
        && let Some((typed, has)) = known_elsewhere(argument, command)
    {
        return format!(
            "unexpected argument '{typed}' found: haul has {has}\n\nFor more information, try '--help'.\n"
        );
    }
    let mut place = None;
    for kind in [ContextKind::InvalidArg, ContextKind::PriorArg] {
        let named = match error.get(kind) {
            Some(ContextValue::String(name)) => std::slice::from_ref(name),
            Some(ContextValue::Strings(names)) => names,
            _ => &[],
        };
        for shown in named {
            let option = command
                .get_arguments()
                .find(|option| is_shown_as(option, shown));
            let Some(option) = option else {
                continue;
            };
            let long = option.get_long().unwrap_or_default();
            if is_secret(long)
                && let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue)
            {
                text = text.replacen(&format!("'{value}'"), "'***'", 1);
            }
            let of_file = place_of(long);
            place = place.or(of_file);
            let name = match is_from_environment(option) {
                _ if of_file.is_some() => long.to_owned(),
                true => variable(long),
                false => format!(
                    "'{}'",
                    shown.replacen(&format!("--{long}"), &both_names(option), 1)
                ),
            };
            text = text.replacen(&format!("'{shown}'"), &name, 1);
        }
    }
    match place {
        // The usage of the command says nothing about a file.
        Some(place) => {
            let told = text.split("\n\n").next().unwrap_or(&text);
            format!("{place}: {told}\n")
        }
        None => text,
    }
}

/// True if clap shows the option as `shown`, such as `--jobs <N>`.
fn is_shown_as(option: &Arg, shown: &str) -> bool {
    let long = option.get_long().zip(shown.strip_prefix("--"));
    long.is_some_and(|(long, shown)| {
        let end = shown.find([' ', '=', '[', '.']).unwrap_or(shown.len());
        &shown[..end] == long
    })
}

/// Returns an argument that is an option of another tool, or an option of haul's in another spelling, and haul's
/// counterpart. `None`: the argument is not known.
fn known_elsewhere(argument: &str, command: &Command) -> Option<(String, String)> {
    let name = argument.split('=').next().unwrap_or_default();
    if !name.starts_with("--") {
        // Tools written in Go have long options with one dash.
        let mut typed = env::args_os()
            .skip(1)
            .map(|a| a.to_string_lossy().into_owned());
        let long = typed.find_map(|typed| {
            let long = typed.strip_prefix('-')?.split('=').next()?.to_owned();
            let known = long.len() > 2 && typed.starts_with(name);
            known
                .then(|| counterpart(&format!("--{long}")))?
                .map(|has| (format!("-{long}"), has))
        });
        let found = long.or_else(|| Some((name.to_owned(), counterpart(name)?)));
        return found.map(|(typed, has)| (typed, has.to_owned()));
    }
    if let Some(has) = counterpart(name) {
        return Some((name.to_owned(), has.to_owned()));
    }
    // The argument may be an option of haul's in another spelling: --max_time.
    let spelled = name
        .trim_start_matches('-')
        .to_ascii_lowercase()
        .replace('_', "-");
    let own = command
        .get_arguments()
        .find(|a| a.get_long() == Some(&spelled))?;
    Some((name.to_owned(), both_names(own)))
}
