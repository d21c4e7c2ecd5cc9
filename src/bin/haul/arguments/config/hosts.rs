//! Tables of the file with options for some hosts.

use std::ffi::OsString;

use clap::builder::BoolishValueParser;
use clap::error::{ContextKind, ContextValue};
use clap::{ArgAction, FromArgMatches};

use super::read::{ConfigFile, ConfigHost, ConfigValue};
use crate::arguments::{Arguments, is_secret, without_environment};

/// Options that a table of a host may hold.
const OPTIONS: [&str; 28] = [
    "jobs-per-host",
    "rate-per-host",
    "burst",
    "breaker",
    "max-time",
    "connect-timeout",
    "retry",
    "retry-all-methods",
    "retry-delay",
    "retry-max-delay",
    "retry-on",
    "retry-max-time",
    "retry-after-max",
    "no-retry-after",
    "no-rate-limit-headers",
    "pace-by-headers",
    "hedge",
    "header",
    "user",
    "digest",
    "bearer",
    "bearer-command",
    "oauth2-url",
    "oauth2-id",
    "oauth2-secret",
    "oauth2-scope",
    "oauth2-param",
    "user-agent",
];

/// Options for the hosts of a pattern.
#[derive(Debug)]
pub(crate) struct HostOptions {
    pub(crate) pattern: String,
    /// `FILE:LINE` of the table.
    pub(crate) place: String,
    /// Options as if they had been typed alone.
    pub(crate) arguments: Box<Arguments>,
    given: Vec<String>,
}

impl HostOptions {
    /// True if the table has the option.
    pub(crate) fn gives(&self, long: &str) -> bool {
        self.given.iter().any(|given| given == long)
    }
}

/// Reads the tables of a file. The error is the message, which names the file, the line and the option.
pub(super) fn tables(file: &ConfigFile) -> Result<Vec<HostOptions>, String> {
    file.hosts.iter().map(table).collect()
}

fn table(host: &ConfigHost) -> Result<HostOptions, String> {
    for option in &host.options {
        let long = &option.long;
        if !OPTIONS.contains(&long.as_str()) {
            let known = OPTIONS.join(", ");
            return Err(format!(
                "{}: {long}: no option for a host (for a host there are {known})\n",
                option.place
            ));
        }
    }
    // An option without a value has one here, since false stands against true for all hosts.
    let command = without_environment().mut_args(|argument| match argument.get_action() {
        ArgAction::SetTrue => argument
            .action(ArgAction::Set)
            .num_args(1)
            .value_parser(BoolishValueParser::new())
            .default_value("false"),
        _ => argument,
    });
    let mut arguments = vec![OsString::from("haul")];
    for option in &host.options {
        match &option.value {
            ConfigValue::Truth(given) => {
                arguments.push(format!("--{}={given}", option.long).into())
            }
            _ => arguments.extend(option.arguments()),
        }
    }
    let matches = command.try_get_matches_from(arguments);
    let read = matches.and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = read.map_err(|error| told(host, &error))?;
    Ok(HostOptions {
        pattern: host.pattern.clone(),
        place: host.place.clone(),
        arguments: Box::new(arguments),
        given: host.options.iter().map(|o| o.long.clone()).collect(),
    })
}

/// Makes the message about options that clap refuses.
fn told(host: &ConfigHost, error: &clap::Error) -> String {
    let named = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(named)) => named.as_str(),
        _ => "",
    };
    let of_error = |long: &str| {
        named.strip_prefix("--").is_some_and(|rest| {
            rest.strip_prefix(long).is_some_and(|rest| {
                !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-')
            })
        })
    };
    let option = host.options.iter().find(|option| of_error(&option.long));
    let place = option.map_or(&host.place, |option| &option.place);
    let text = error.render().to_string();
    let text = text.strip_prefix("error:").unwrap_or(&text).trim_start();
    let first = text.lines().next().unwrap_or_default();
    let first = match (option, error.get(ContextKind::InvalidValue)) {
        (Some(option), Some(ContextValue::String(value))) if is_secret(&option.long) => {
            first.replacen(&format!("'{value}'"), "'***'", 1)
        }
        _ => first.to_owned(),
    };
    format!("{place}: host {:?}: {first}\n", host.pattern)
}
