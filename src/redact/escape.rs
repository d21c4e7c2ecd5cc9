//! Foreign text, made fit for a terminal and for a log with one entry per line.

use std::fmt::{self, Write};

/// Displays a value so that no character of it steers a terminal.
///
/// No character begins a new line or changes the order in which others are read: control characters, line separators
/// and invisible formatting characters appear as `\n`, `\t` or `\u{1b}`. All other characters are shown unchanged, so
/// the result is for people to read and cannot be parsed back.
///
/// Names, URLs and messages come from input files and servers. This crate's log lines and the `Display` of
/// [`Summary`](crate::Summary) escape them; records hold them unchanged.
///
/// ```
/// use haul::redact::Escaped;
///
/// assert_eq!(Escaped("caf\u{e9}\n\u{1b}[31mred").to_string(), r"café\n\u{1b}[31mred");
/// ```
///
/// Exhaustive: a wrapper of one value, which is named to make one.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)]
pub struct Escaped<T>(pub T);

impl Escaped<char> {
    /// True if the character is invisible but changes the display of others.
    ///
    /// Such are C0 and C1 controls, line and paragraph separators, marks of direction, zero-width characters and tags.
    /// Joiners, which scripts and emoji need, are not among them.
    pub fn steers(c: char) -> bool {
        c.is_control()
            || matches!(
                c,
                '\u{ad}'
                    | '\u{61c}'
                    | '\u{180e}'
                    | '\u{200b}'
                    | '\u{200e}'
                    | '\u{200f}'
                    | '\u{2028}'..='\u{202e}'
                    | '\u{2060}'..='\u{206f}'
                    | '\u{feff}'
                    | '\u{fff9}'..='\u{fffb}'
                    | '\u{e0000}'..='\u{e007f}'
            )
    }
}

impl<T: fmt::Display> fmt::Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

/// Logs a line, escaped as a whole. The crate logs only through this macro, so that no foreign text gets into the log
/// unescaped. `log_line!(Warn, "{host}: {error}")` takes the place of `log::warn!("{host}: {error}")`.
macro_rules! log_line {
    (target: $target:expr, $level:ident, $($text:tt)+) => {
        ::log::log!(
            target: $target,
            ::log::Level::$level,
            "{}",
            $crate::redact::escape::Escaped(::std::format_args!($($text)+))
        )
    };
    ($level:ident, $($text:tt)+) => {
        ::log::log!(
            ::log::Level::$level,
            "{}",
            $crate::redact::escape::Escaped(::std::format_args!($($text)+))
        )
    };
}

pub(crate) use log_line;

struct Escaping<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut shown = 0;
        for (at, c) in text.char_indices().filter(|(_, c)| Escaped::steers(*c)) {
            self.0.write_str(&text[shown..at])?;
            write!(self.0, "{}", c.escape_default())?;
            shown = at + c.len_utf8();
        }
        self.0.write_str(&text[shown..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_steer_a_terminal_are_escaped() {
        let text = "a\0b\x07c\x1b[2Jd\x7fe\u{9b}31mf\r\n\tg";
        let shown = r"a\u{0}b\u{7}c\u{1b}[2Jd\u{7f}e\u{9b}31mf\r\n\tg";
        assert_eq!(Escaped(text).to_string(), shown);
    }

    #[test]
    fn characters_that_change_the_order_of_others_are_escaped() {
        let text = "a\u{202e}b\u{2066}c\u{2028}d\u{feff}e\u{e0041}";
        let shown = r"a\u{202e}b\u{2066}c\u{2028}d\u{feff}e\u{e0041}";
        assert_eq!(Escaped(text).to_string(), shown);
    }

    #[test]
    fn a_value_within_a_format_is_escaped_once() {
        let once = Escaped(format_args!("{}\n", Escaped("\u{1b}")));
        assert_eq!(once.to_string(), r"\u{1b}\n");
    }

    #[test]
    fn text_of_any_script_is_shown_as_it_is() {
        let text = "café 余额不足 שלום \u{1f468}\u{200d}\u{1f469} C:\\a 'b' \"c\"";
        assert_eq!(Escaped(text).to_string(), text);
    }
}
