//! The file as options, each with the place where it stands.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, Command};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{curl_form, repeated};
use crate::arguments::foreign::counterpart;
use crate::arguments::names::name_of;

/// Key of the tables with options for some hosts.
const HOST: &str = "host";

/// The tables that a file may have, in messages.
const A_TABLE: &str = "a table for each host is expected, such as [host.\"*.example.com\"]";

/// Options that have no meaning in a file.
const NOT_HERE: [&str; 5] = ["config", "generate", "demo", "help", "version"];

/// Options whose value is a list with commas: in the file it may be an array.
const LISTS: [&str; 3] = ["accept", "retry-on", "noproxy"];

/// Options of a file, in the order in which they stand.
pub(super) struct ConfigFile {
    pub(super) options: Vec<ConfigOption>,
    pub(super) hosts: Vec<ConfigHost>,
}

/// Table of options for the hosts of a pattern.
pub(super) struct ConfigHost {
    pub(super) pattern: String,
    /// `FILE:LINE` of the table.
    pub(super) place: String,
    pub(super) options: Vec<ConfigOption>,
}

/// Option with its values, as they would be typed.
#[derive(Clone)]
pub(super) struct ConfigOption {
    pub(super) long: String,
    /// `FILE:LINE` of the option.
    pub(super) place: String,
    pub(super) value: ConfigValue,
}

#[derive(Clone)]
pub(super) enum ConfigValue {
    /// Value of an option that is given or not.
    Truth(bool),
    /// Number of times that the option is given.
    Count(usize),
    Texts(Vec<String>),
}

impl ConfigOption {
    /// Returns the arguments that would give the option.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let long = &self.long;
        match &self.value {
            ConfigValue::Truth(given) => vec![format!("--{long}").into(); usize::from(*given)],
            ConfigValue::Count(times) => vec![format!("--{long}").into(); *times],
            ConfigValue::Texts(texts) => {
                let given = texts.iter().map(|text| format!("--{long}={text}").into());
                given.collect()
            }
        }
    }
}

/// Upper bound for the size of a file of options, in bytes. A device has no end.
const LONGEST: u64 = 1 << 20;

/// Reads a file of options of the command.
///
/// # Errors
/// The message, which names the file, the line and the key, and shows no value.
pub(super) fn read(path: &Path, command: &Command) -> Result<ConfigFile, String> {
    let shown = path.display();
    let bytes = bytes_of(path)
        .map_err(|e| format!("{}: {shown}: cannot be read: {e}\n", name_of("config")))?;
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || bytes.contains(&0) {
        return Err(format!(
            "{shown}:1: it is in UTF-16, or no text (TOML is text in UTF-8)\n"
        ));
    }
    let text = String::from_utf8(bytes).map_err(|e| {
        let line = 1 + e.as_bytes()[..e.utf8_error().valid_up_to()]
            .iter()
            .filter(|b| **b == b'\n')
            .count();
        format!("{shown}:{line}: not UTF-8 (TOML is text in UTF-8)\n")
    })?;
    let reader = ConfigReader {
        file: shown.to_string(),
        text: &text,
        command,
    };
    reader.file().map_err(|message| message + "\n")
}

fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LONGEST + 1)
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > LONGEST {
        true => Err(io::Error::other("it is larger than 1 MiB")),
        false => Ok(bytes),
    }
}

struct ConfigReader<'a> {
    file: String,
    text: &'a str,
    command: &'a Command,
}

impl ConfigReader<'_> {
    fn file(&self) -> Result<ConfigFile, String> {
        let table = DeTable::parse(self.text).map_err(|error| {
            // The error itself shows the line, which may hold a secret.
            let at = error.span().map_or(0, |span| span.start);
            let reason = error.message().lines().next().unwrap_or("it is not TOML");
            let (place, line) = (self.place(at..at), self.line(at));
            let told = repeated::told(self.text, at, self.command);
            match told.or_else(|| curl_form::told(line, self.command)) {
                Some(told) => format!("{place}: {told}"),
                None => format!("{place}: not TOML: {reason}"),
            }
        })?;
        let mut file = ConfigFile {
            options: Vec::new(),
            hosts: Vec::new(),
        };
        for (key, value) in in_order(table.get_ref()) {
            match &**key.get_ref() {
                HOST => file.hosts = self.hosts(value)?,
                _ => file
                    .options
                    .push(self.option(key.get_ref(), key.span(), value)?),
            }
        }
        Ok(file)
    }

    fn hosts(&self, value: &Spanned<DeValue<'_>>) -> Result<Vec<ConfigHost>, String> {
        let place = self.place(value.span());
        let Some(tables) = value.get_ref().as_table() else {
            return Err(format!("{place}: {HOST}: {A_TABLE}"));
        };
        let mut hosts: Vec<ConfigHost> = Vec::new();
        for (pattern, value) in in_order(tables) {
            let (name, place) = (pattern.get_ref(), self.place(pattern.span()));
            let Some(table) = value.get_ref().as_table() else {
                return Err(format!("{place}: {HOST}.{name}: {A_TABLE}"));
            };
            let is_same = |other: &&ConfigHost| other.pattern.eq_ignore_ascii_case(name);
            if let Some(first) = hosts.iter().find(is_same) {
                return Err(format!(
                    "{place}: {HOST}.{name}: {} has a table for these hosts already",
                    first.place
                ));
            }
            let mut options = Vec::new();
            for (key, value) in in_order(table) {
                if value.get_ref().is_table() {
                    let place = self.place(key.span());
                    return Err(format!(
                        "{place}: {HOST}.{name}.{}: a name with dots has to stand in quotes ({A_TABLE})",
                        key.get_ref()
                    ));
                }
                options.push(self.option(key.get_ref(), key.span(), value)?);
            }
            hosts.push(ConfigHost {
                pattern: name.to_string(),
                place,
                options,
            });
        }
        Ok(hosts)
    }

    fn option(
        &self,
        key: &str,
        span: Range<usize>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<ConfigOption, String> {
        let place = self.place(span);
        if NOT_HERE.contains(&key) {
            return Err(format!("{place}: {key}: a file cannot give this option"));
        }
        let option = self
            .command
            .get_arguments()
            .find(|a| a.get_long() == Some(key));
        let Some(option) = option else {
            if value.get_ref().is_table() {
                return Err(format!(
                    "{place}: {key}: there is no such table ({A_TABLE})"
                ));
            }
            return Err(format!(
                "{place}: unknown key: {key:?}{}",
                self.nearest(key)
            ));
        };
        let value = value_of(option, value.get_ref())
            .map_err(|expected| format!("{place}: {key}: {expected} is expected"))?;
        Ok(ConfigOption {
            long: key.to_owned(),
            place,
            value,
        })
    }

    /// Returns the hint at an option for a key that is none: ` (haul has ..)`. Empty: no option is near.
    fn nearest(&self, key: &str) -> String {
        if let Some(has) = counterpart(&format!("--{key}")) {
            return format!(" (haul has {has})");
        }
        let spelled = key
            .trim_start_matches('-')
            .to_ascii_lowercase()
            .replace('_', "-");
        let own = |a: &&Arg| {
            a.get_long() == Some(&spelled)
                || a.get_short().is_some_and(|c| spelled == c.to_string())
        };
        if let Some(long) = self
            .command
            .get_arguments()
            .find(own)
            .and_then(Arg::get_long)
        {
            return format!(" ({long} is expected)");
        }
        let arguments = ["haul".to_owned(), format!("--{spelled}")];
        let Err(error) = self.command.clone().try_get_matches_from(arguments) else {
            return String::new();
        };
        match error.get(ContextKind::SuggestedArg) {
            Some(ContextValue::String(long)) => {
                format!(" (is {} meant?)", long.trim_start_matches('-'))
            }
            _ => " (the keys are the long names of the options: haul --help)".to_owned(),
        }
    }

    fn place(&self, span: Range<usize>) -> String {
        let before = &self.text.as_bytes()[..span.start.min(self.text.len())];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        format!("{}:{line}", self.file)
    }

    /// Returns the line of the text that holds this byte.
    fn line(&self, at: usize) -> &str {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        let start = before
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |end| end + 1);
        self.text[start..].lines().next().unwrap_or_default()
    }
}

/// Returns the keys and values of a table in the order in which they stand in the file.
fn in_order<'a, 'i>(
    table: &'a DeTable<'i>,
) -> Vec<(
    &'a Spanned<std::borrow::Cow<'i, str>>,
    &'a Spanned<DeValue<'i>>,
)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// Reads the value of an option. The error says what is expected.
fn value_of(option: &Arg, value: &DeValue<'_>) -> Result<ConfigValue, &'static str> {
    let long = option.get_long().unwrap_or_default();
    match option.get_action() {
        ArgAction::SetTrue => value
            .as_bool()
            .map(ConfigValue::Truth)
            .ok_or("true or false"),
        ArgAction::Count => match (value.as_bool(), value.as_integer()) {
            (Some(given), _) => Ok(ConfigValue::Count(usize::from(given))),
            (_, Some(number)) => {
                let count = number.as_str().parse().ok().filter(|count| *count < 10);
                count.map(ConfigValue::Count).ok_or("a number from 0 to 9")
            }
            _ => Err("a number from 0 to 9"),
        },
        action => {
            let Some(array) = value.as_array() else {
                let text = text_of(value).ok_or("text or a number")?;
                return Ok(ConfigValue::Texts(vec![text]));
            };
            let texts: Option<Vec<String>> =
                array.iter().map(|value| text_of(value.get_ref())).collect();
            let texts = texts.ok_or("a list of texts or numbers")?;
            match action {
                ArgAction::Append => Ok(ConfigValue::Texts(texts)),
                _ if LISTS.contains(&long) => Ok(ConfigValue::Texts(vec![texts.join(",")])),
                _ => Err("one value"),
            }
        }
    }
}

/// Returns text, or a number as it is written. `None`: the value is of another kind.
fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        _ => None,
    }
}
