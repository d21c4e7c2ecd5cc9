//! Lines of text that fit a width: columns counted, figures wrapped, long texts shortened.

/// Column at which the right-hand side begins, if the width leaves room for it.
const RIGHT: usize = 38;

/// Right-hand sides narrower than this go on lines of their own.
const NARROWEST: usize = 24;

/// Sign in place of a part of a text that is left out.
pub(super) const GAP: char = '…';

/// Columns that a text takes on a terminal.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// Columns of a character: 2 for those that a terminal may show wide (Unicode's East Asian Width), else 1. A character
/// whose width is not certain counts as 2, so that no line becomes too long.
fn columns_of(c: char) -> usize {
    match u32::from(c) {
        // Alphabets; punctuation, arrows and operators; box drawing; private use; presentation forms; U+FFFD.
        0..0x1100
        | 0x1160..0x2300
        | 0x2400..0x25FD
        | 0xD7B0..0xF900
        | 0xFB00..0xFE10
        | 0xFE70..0xFF01
        | 0xFF61..0xFFE0
        | 0xFFE8..0x1_0000 => 1,
        _ => 2,
    }
}

/// Shortens the text: its middle is left out if it takes more than `width` columns.
pub(super) fn shortened(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let Some(room) = width.checked_sub(columns_of(GAP)) else {
        return String::new();
    };
    let head = beginning(text, room.div_ceil(2));
    let tail = ending(text, room - columns(head));
    format!("{head}{GAP}{tail}")
}

/// Cuts the line: its end is left out if it takes more than `width` columns.
pub(super) fn cut(line: &str, width: usize) -> String {
    if columns(line) <= width {
        return line.to_owned();
    }
    match width.checked_sub(columns_of(GAP)) {
        Some(room) => format!("{}{GAP}", beginning(line, room)),
        None => String::new(),
    }
}

fn beginning(text: &str, width: usize) -> &str {
    let mut taken = 0;
    let end = text.char_indices().find(|(_, c)| {
        taken += columns_of(*c);
        taken > width
    });
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

fn ending(text: &str, width: usize) -> &str {
    let mut taken = 0;
    let start = text.char_indices().rev().find(|(_, c)| {
        taken += columns_of(*c);
        taken > width
    });
    &text[start.map_or(0, |(at, c)| at + c.len_utf8())..]
}

/// Fills the text up with blanks to `width` columns.
pub(super) fn padded(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(columns(text));
    format!("{text}{:blanks$}", "")
}

/// Puts blanks before the text to fill `width` columns.
pub(super) fn right_aligned(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(columns(text));
    format!("{:blanks$}{text}", "")
}

/// Columns of the widest of the texts.
pub(super) fn widest(texts: &[String]) -> usize {
    texts.iter().map(|text| columns(text)).max().unwrap_or(0)
}

/// Figures that stand side by side if there is room for all of them, else each group on a line of its own.
pub(super) struct Figures {
    groups: Vec<Vec<String>>,
    separator: &'static str,
}

impl Figures {
    pub(super) fn new(groups: Vec<Vec<String>>) -> Figures {
        Figures {
            groups,
            separator: "   ",
        }
    }

    /// A single group, with this text between its figures.
    pub(super) fn separated(separator: &'static str, figures: Vec<String>) -> Figures {
        Figures {
            groups: vec![figures],
            separator,
        }
    }

    /// Lines that take at most `width` columns, except where a single figure takes more.
    fn lines(&self, width: usize) -> Vec<String> {
        let groups = self.groups.iter().filter(|group| !group.is_empty());
        let all: Vec<&String> = groups.clone().flatten().collect();
        let whole = self.joined(all.iter().copied());
        if whole.len() <= 1 || columns(&whole) <= width {
            return vec![whole]
                .into_iter()
                .filter(|line| !line.is_empty())
                .collect();
        }
        let mut lines = Vec::new();
        for group in groups {
            let mut line: Vec<&String> = Vec::new();
            for figure in group {
                let longer = self.joined(line.iter().copied().chain([figure]));
                if !line.is_empty() && columns(&longer) > width {
                    lines.push(self.joined(line.drain(..)));
                }
                line.push(figure);
            }
            lines.push(self.joined(line.into_iter()));
        }
        lines
    }

    fn joined<'a>(&self, figures: impl Iterator<Item = &'a String>) -> String {
        let figures: Vec<&str> = figures.map(String::as_str).collect();
        figures.join(self.separator)
    }
}

/// Puts a left-hand and a right-hand side on one line. A right-hand side that does not fit beside the left goes on
/// below.
pub(super) fn two(left: &str, right: &Figures, width: usize) -> Vec<String> {
    let beside = width >= RIGHT + NARROWEST;
    let from = if beside { RIGHT } else { 4 };
    let mut lines = right.lines(width.saturating_sub(from)).into_iter();
    let first = match lines.len() {
        0 => return vec![left.to_owned()],
        _ if beside && columns(left) + 2 <= RIGHT => {
            format!(
                "{}{}",
                padded(left, RIGHT),
                lines.next().unwrap_or_default()
            )
        }
        _ => left.to_owned(),
    };
    let below = lines.map(|line| format!("{:from$}{line}", ""));
    [first].into_iter().chain(below).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_loses_its_middle() {
        assert_eq!(shortened("http://h/1", 10), "http://h/1");
        assert_eq!(shortened("http://h/a/b/c", 10), "http:…/b/c");
        assert_eq!(shortened("余额不足余额不足", 7), "余…不足");
        assert_eq!(shortened("余额", 3), "…额");
        assert_eq!(
            (shortened("ab", 1), shortened("ab", 0)),
            ("…".to_owned(), String::new())
        );
    }

    #[test]
    fn a_wide_character_counts_two_columns() {
        assert_eq!((columns("é→┌…"), columns("余✅한🦀")), (4, 8));
    }

    #[test]
    fn no_width_is_exceeded() {
        for text in ["abcdef", "余额不足", "a余b额c", "✅✅", ""] {
            for width in 0..12 {
                assert!(
                    columns(&shortened(text, width)) <= width,
                    "{text} in {width}"
                );
                assert!(columns(&cut(text, width)) <= width, "{text} in {width}");
            }
        }
    }

    #[test]
    fn figures_stand_side_by_side_or_group_by_group() {
        let text = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let figures = Figures::new(vec![text(&["a 1", "b 2"]), text(&["c 3"])]);
        assert_eq!(figures.lines(15), ["a 1   b 2   c 3"]);
        assert_eq!(figures.lines(14), ["a 1   b 2", "c 3"]);
        assert_eq!(figures.lines(8), ["a 1", "b 2", "c 3"]);
        assert!(Figures::new(vec![Vec::new()]).lines(9).is_empty());
    }

    #[test]
    fn a_right_hand_side_goes_below_where_there_is_no_room_beside() {
        let figures = Figures::separated(" · ", vec!["right".to_owned()]);
        let beside = format!("{:38}right", "left");
        assert_eq!(two("left", &figures, 80), [beside]);
        assert_eq!(two("left", &figures, 40), ["left", "    right"]);
    }
}
