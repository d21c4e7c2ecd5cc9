//! Keys and tables that stand in a file twice, which TOML does not allow.

use clap::{Arg, Command};

use super::curl_form::written;

/// Returns the message about a line whose key, or whose table, an earlier line has too. `at`: place of a byte of the
/// line. It does not show the value. `None`: no earlier line has it.
pub(super) fn told(text: &str, at: usize, command: &Command) -> Option<String> {
    let before = &text.as_bytes()[..at.min(text.len())];
    let number = before.iter().filter(|byte| **byte == b'\n').count();
    let lines: Vec<&str> = text.lines().take(number + 1).map(str::trim).collect();
    let (line, earlier) = lines.split_last()?;
    if line.starts_with('[') {
        let first = earlier.iter().position(|other| other == line)? + 1;
        return Some(format!("{line}: line {first} has this table already"));
    }
    let key = key_of(line)?;
    let of_table = earlier.iter().rposition(|other| other.starts_with('['));
    let from = of_table.map_or(0, |table| table + 1);
    let is_same = |other: &&str| key_of(other) == Some(key);
    let first = from + earlier[from..].iter().position(is_same)? + 1;
    let option = command.get_arguments().find(|a| a.get_long() == Some(key));
    let several = option.filter(|option| is_list(option));
    let hint = several.map_or(String::new(), |option| {
        let one = written(option);
        let list = one.replacen("\"..\"", "\"..\", \"..\"", 1);
        format!(" (several values stand in one list: {list})")
    });
    Some(format!("{key}: line {first} has this key already{hint}"))
}

/// Returns the key of a line `KEY = VALUE`. `None`: the line is of another form.
fn key_of(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    let key = key.trim_end();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (!key.is_empty() && key.chars().all(is_plain)).then_some(key)
}

fn is_list(option: &Arg) -> bool {
    matches!(option.get_action(), clap::ArgAction::Append)
}
