//! Text of servers and inputs as content of HTML, SVG and XML.

use std::fmt::{self, Write};

use crate::redact::escape::Escaped;

/// Displays a value as text of HTML or XML 1.0, also within an attribute in double quotes.
///
/// Characters with a meaning in markup become entities. Control characters, marks of direction and characters that XML
/// does not allow become visible escapes such as `\u{1b}`.
pub(super) struct MarkupText<T>(pub(super) T);

impl<T: fmt::Display> fmt::Display for MarkupText<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(MarkupWriter(f), "{}", Escaped(&self.0))
    }
}

struct MarkupWriter<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl Write for MarkupWriter<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '&' => self.0.write_str("&amp;")?,
                '<' => self.0.write_str("&lt;")?,
                '>' => self.0.write_str("&gt;")?,
                '"' => self.0.write_str("&quot;")?,
                '\'' => self.0.write_str("&#39;")?,
                '\u{fffe}' | '\u{ffff}' => write!(self.0, "\\u{{{:x}}}", u32::from(c))?,
                _ => self.0.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_element_or_attribute() {
        let text = MarkupText("<script>\"a\" & 'b'</script>").to_string();
        let expected = "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;";
        assert_eq!(text, expected);
    }

    #[test]
    fn characters_that_markup_does_not_allow_are_visible() {
        let text = MarkupText("a\0\u{b}\u{1b}[31m\u{202e}\u{ffff}\nb").to_string();
        let expected = r"a\u{0}\u{b}\u{1b}[31m\u{202e}\u{ffff}\nb";
        assert_eq!(text, expected);
    }
}
