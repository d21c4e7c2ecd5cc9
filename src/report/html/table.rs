//! Tables of the page.

use std::fmt::Write;

use crate::report::markup::MarkupText;

/// Table with a heading of its own. Cells are markup.
pub(super) struct HtmlTable<'a> {
    /// Identifier of the section that the table is named by.
    pub(super) section: &'a str,
    /// Text above the table. Empty: the heading of the section says enough.
    pub(super) caption: &'a str,
    /// Titles of the columns. `#` begins the title of a column of figures, and `~` that of a column of bars, which is left
    /// out where there is little room.
    pub(super) titles: &'a [&'a str],
    /// Cells of each row; the first is the head of the row.
    pub(super) rows: Vec<Vec<String>>,
    /// Line below the table, about rows that are left out. Empty: no line.
    pub(super) note: String,
}

impl HtmlTable<'_> {
    /// Adds the table to a page.
    pub(super) fn add_to(&self, page: &mut String) {
        // A region that can be scrolled must be reached by the keyboard.
        *page += &format!(
            "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"{}\">\n",
            self.section
        );
        *page += &match self.caption {
            "" => format!("<table aria-labelledby=\"{}\">\n", self.section),
            caption => format!("<table>\n<caption>{caption}</caption>\n"),
        };
        *page += "<thead><tr>";
        let classes: Vec<&str> = self
            .titles
            .iter()
            .map(|title| match title.chars().next() {
                Some('#') => " class=\"figure\"",
                Some('~') => " class=\"bars\"",
                _ => "",
            })
            .collect();
        for (title, class) in self.titles.iter().zip(&classes) {
            let title = title.trim_start_matches(['#', '~']);
            *page += &format!("<th scope=\"col\"{class}>{title}</th>");
        }
        *page += "</tr></thead>\n<tbody>\n";
        for row in &self.rows {
            *page += "<tr>";
            for (at, (cell, class)) in row.iter().zip(&classes).enumerate() {
                let cell = match at {
                    0 => format!("<th scope=\"row\"{class}>{cell}</th>"),
                    _ => format!("<td{class}>{cell}</td>"),
                };
                *page += &cell;
            }
            *page += "</tr>\n";
        }
        *page += "</tbody>\n</table>\n</div>\n";
        if !self.note.is_empty() {
            // Writing to a string does not fail.
            let _ = writeln!(page, "<p class=\"note\">{}</p>", MarkupText(&self.note));
        }
    }
}

/// Makes a cell of foreign text, which keeps its own direction and wraps anywhere.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", MarkupText(text))
}
