//! Lines of curl's own configuration, which are answered with haul's option.

use clap::{Arg, ArgAction, Command};

use crate::arguments::foreign::counterpart;

/// Returns the message about a line that is written as in curl's configuration: `--max-time 5`, `-o file`,
/// `max-time: 5`, `user = a:b`, `silent`. It does not show the value. `None`: the line is of another form.
pub(super) fn told(line: &str, command: &Command) -> Option<String> {
    let line = line.trim();
    let end = line.find([' ', '\t', '=', ':']).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let dashes = name.len() - name.trim_start_matches('-').len();
    if name.is_empty() || !is_curls_value(rest, dashes) {
        return None;
    }
    let plain = &name[dashes..];
    let is_meant = |a: &&Arg| match dashes {
        1 => a.get_short() == plain.chars().next(),
        _ => a.get_long() == Some(plain),
    };
    let has = match command.get_arguments().find(is_meant) {
        Some(option) => written(option),
        None if dashes == 1 => counterpart(&format!("-{}", plain.chars().next()?))?.to_owned(),
        None => counterpart(&format!("--{plain}"))?.to_owned(),
    };
    let shown = match dashes {
        // A value may follow without a blank.
        1 => name.chars().take(2).collect(),
        _ => name.to_owned(),
    };
    Some(format!(
        "{shown}: this is a line of curl's configuration, and haul's is TOML (haul has {has})"
    ))
}

/// True if the part of a line behind the name of an option is as in curl's configuration and not as in TOML: there is no
/// `=`, or the text after it is not in quotes.
fn is_curls_value(rest: &str, dashes: usize) -> bool {
    match rest.trim_start().strip_prefix('=').map(str::trim_start) {
        Some(value) => {
            dashes > 0 || !value.is_empty() && !value.starts_with(['"', '\'', '[', '{', '#'])
        }
        None => true,
    }
}

/// Returns the option as a line of TOML, without its value.
pub(super) fn written(option: &Arg) -> String {
    let long = option.get_long().unwrap_or_default();
    match option.get_action() {
        ArgAction::SetTrue => format!("{long} = true"),
        ArgAction::Count => format!("{long} = 1"),
        ArgAction::Append => format!("{long} = [\"..\"]"),
        _ => format!("{long} = \"..\""),
    }
}
