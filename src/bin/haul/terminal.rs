//! Terminal that the summary is for: its characters, and its width.

use std::env;
use std::io;

/// True if the locale of the terminal is UTF-8, so that it shows more characters than ASCII.
pub(crate) fn shows_utf8() -> bool {
    if cfg!(windows) {
        return true;
    }
    // The first one that is set decides (POSIX, Base Definitions, 8.2).
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter();
    let locale = set
        .filter_map(|name| env::var(name).ok())
        .find(|value| !value.is_empty());
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Columns of the terminal that standard output goes to; else the value of `COLUMNS`, else 80.
pub(crate) fn columns_of_stdout() -> usize {
    columns(terminal_size::terminal_size_of(io::stdout()))
}

/// Columns of the terminal that standard error goes to; else the value of `COLUMNS`, else 80.
pub(crate) fn columns_of_stderr() -> usize {
    columns(terminal_size::terminal_size_of(io::stderr()))
}

fn columns(terminal: Option<(terminal_size::Width, terminal_size::Height)>) -> usize {
    let of_terminal = terminal.map(|(width, _)| width.0.into());
    let of_environment = || env::var("COLUMNS").ok()?.parse().ok();
    let known = of_terminal
        .filter(|width| *width > 0)
        .or_else(of_environment);
    known.filter(|width| *width > 0).unwrap_or(80)
}
