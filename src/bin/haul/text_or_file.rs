//! Text of an option: its own, or that of a file that it names.

use std::fs;
use std::io::{self, Read};

use crate::arguments::name_of;
use crate::failure::CommandError;
use crate::shell::quoted;

/// Returns the text itself, or after `@` the text of a file, or after `@-` the text of standard input.
pub(crate) fn text_or_file(option: &str, text: &str) -> Result<String, CommandError> {
    String::from_utf8(bytes_or_file(option, text)?).map_err(|e| {
        let hint = match (e.as_bytes(), text.strip_prefix('@')) {
            ([0xff, 0xfe, ..] | [0xfe, 0xff, ..], Some(file)) if file != "-" => {
                format!(" (iconv -f UTF-16 -t UTF-8 {} converts it)", quoted(file))
            }
            _ => String::new(),
        };
        CommandError::usage(format!("{}: not UTF-8: {text:?}{hint}", name_of(option)))
    })
}

/// Returns bytes as [`text_or_file`] does text, in any encoding.
pub(crate) fn bytes_or_file(option: &str, text: &str) -> Result<Vec<u8>, CommandError> {
    let Some(path) = text.strip_prefix('@') else {
        return Ok(text.as_bytes().to_vec());
    };
    let mut bytes = Vec::new();
    let read = if path == "-" {
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    read.map_err(|e| {
        CommandError::usage(format!("{}: {path}: cannot be read: {e}", name_of(option)))
    })
}
