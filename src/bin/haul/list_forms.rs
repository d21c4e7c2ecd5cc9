//! Formats of the lists of a run, and places in them as messages name them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use haul::record::{InputFormat, InputReader};

/// Formats of lists by their names in messages. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct ListForms(Arc<Mutex<HashMap<String, Arc<ListForm>>>>);

/// Format of a list and the names of its columns, if it is a table.
pub(crate) struct ListForm {
    format: InputFormat,
    /// True if the first line of a list of lines is JSON.
    json: bool,
    columns: Vec<String>,
    /// Column of the URLs that an option names. `None`: it is called `url`.
    url_column: Option<String>,
}

/// Mark of a request that stands for a line of a list, so that positions are those in the line.
#[derive(Clone, Copy)]
pub(crate) struct UnreadText {
    /// True if the line is JSON.
    pub(crate) json: bool,
}

/// Mistake whose place is looked for.
pub(crate) struct PlacedMistake<'m> {
    pub(crate) reason: &'m str,
    /// Part that the message shows. `None`: there is none.
    pub(crate) text: Option<&'m str>,
    pub(crate) position: Option<u64>,
    /// Line that could not be read. `None`: the request of the line cannot be sent.
    pub(crate) unread: Option<UnreadText>,
}

/// True if a line is JSON, and no URL.
pub(crate) fn is_json(line: &[u8]) -> bool {
    matches!(line.trim_ascii_start().first(), Some(b'{' | b'"' | b'['))
}

impl ListForms {
    /// Adds a list. `json`: true if its first line is JSON.
    pub(crate) fn add(&self, name: &str, list: &InputReader, json: bool, url: Option<&str>) {
        self.insert(
            name,
            ListForm {
                format: list.format(),
                json,
                columns: list.columns().unwrap_or_default().to_vec(),
                url_column: url.map(str::to_owned),
            },
        );
    }

    /// Adds a sitemap that was fetched.
    pub(crate) fn add_sitemap(&self, name: &str) {
        self.insert(
            name,
            ListForm {
                format: InputFormat::Sitemap,
                json: false,
                columns: Vec::new(),
                url_column: None,
            },
        );
    }

    fn insert(&self, name: &str, form: ListForm) {
        let mut forms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        forms.insert(name.to_owned(), Arc::new(form));
    }

    /// Returns the place of a mistake within its line, at this place. Empty: nothing is known of it.
    pub(crate) fn place(&self, at: Option<String>, mistake: &PlacedMistake<'_>) -> String {
        let name = at.as_deref().and_then(|at| at.rsplit_once(':'));
        let forms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let form = name.and_then(|(name, _)| forms.get(name));
        let parts = match form {
            Some(form) => form.place(mistake),
            None => without_form(mistake).into_iter().collect(),
        };
        match parts.is_empty() {
            true => String::new(),
            false => format!(" ({})", parts.join(", ")),
        }
    }
}

/// Returns the place of a mistake in a text of which no list is known.
fn without_form(mistake: &PlacedMistake<'_>) -> Option<String> {
    Some(format!("at byte {}", mistake.position?))
}

impl ListForm {
    fn place(&self, mistake: &PlacedMistake<'_>) -> Vec<String> {
        let json = mistake.unread.map_or(self.json, |unread| unread.json);
        let name = match self.format {
            InputFormat::Lines if json => InputFormat::JsonLines.to_string(),
            InputFormat::Lines => InputFormat::Urls.to_string(),
            format => format.to_string(),
        };
        // The reasons of some formats have the place.
        let is_told = mistake.reason.contains(&format!("({name}, "))
            || mistake.reason.ends_with(&format!("({name})"));
        if is_told {
            return without_form(mistake).into_iter().collect();
        }
        let mut parts = vec![name];
        let column = self.column_of(mistake);
        parts.extend(column.map(|at| format!("column {}", at + 1)));
        // A line that is a URL has the position of the URL.
        let is_line = mistake.unread.is_some() || matches!(self.format, InputFormat::Urls);
        let is_line = is_line || self.format == InputFormat::Lines && !json;
        parts.extend(mistake.position.map(|at| match is_line {
            true => format!("column {at}"),
            false => format!("at byte {at} of the URL"),
        }));
        parts
    }

    /// Returns the number of the column that is to blame, from 0. `None`: there is none, or it cannot be told.
    fn column_of(&self, mistake: &PlacedMistake<'_>) -> Option<usize> {
        let find = |name: &str| {
            let mut columns = self.columns.iter();
            columns.position(|column| column.trim().eq_ignore_ascii_case(name))
        };
        let url = || find(self.url_column.as_deref().unwrap_or("url"));
        let key = mistake.reason.split_once(':').map(|(key, _)| key);
        let by_key = || match key? {
            "url" => url(),
            key => find(key),
        };
        let by_text = || {
            let text = mistake.text?;
            let of = |kind: &str| find(&format!("{kind}{text}"));
            of("header:").or_else(|| of("param:")).or_else(|| of(""))
        };
        let by_reason = || {
            mistake
                .reason
                .starts_with("the method ")
                .then(|| find("method"))?
        };
        let of_url = || mistake.position.and_then(|_| url());
        by_key().or_else(by_reason).or_else(by_text).or_else(of_url)
    }
}
