//! Escapes in tab-separated values: `\t`, `\n`, `\r` and `\\`.

use std::borrow::Cow;

/// Writes tab, line feed, carriage return and backslash as escapes.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['\t', '\n', '\r', '\\']) {
        return text.into();
    }
    let text = text.replace('\\', "\\\\").replace('\t', "\\t");
    text.replace('\n', "\\n").replace('\r', "\\r").into()
}

/// Reads the escapes. A backslash before any other character is itself.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let escaped = match (c, rest.clone().next()) {
            ('\\', Some('t')) => Some('\t'),
            ('\\', Some('n')) => Some('\n'),
            ('\\', Some('r')) => Some('\r'),
            ('\\', Some('\\')) => Some('\\'),
            _ => None,
        };
        plain.push(escaped.unwrap_or(c));
        if escaped.is_some() {
            rest.next();
        }
    }
    plain.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_reads_back_from_its_escapes() {
        let mut random = fastrand::Rng::with_seed(30);
        let letters = ['\\', '\t', '\n', '\r', 't', 'n', 'r', 'x', '"'];
        for _ in 0..5000 {
            let length = random.usize(..8);
            let letters = (0..length).map(|_| *random.choice(&letters).unwrap());
            let text: String = letters.collect();
            let written = escaped(&text);
            assert!(!written.contains(['\t', '\n', '\r']));
            assert_eq!(unescaped(&written), text);
        }
    }

    #[test]
    fn a_backslash_before_another_character_is_itself() {
        assert_eq!(unescaped(r"C:\dir\\a\"), "C:\\dir\\a\\");
    }
}
