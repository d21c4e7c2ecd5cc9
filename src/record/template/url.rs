//! Templates of URLs: values are percent-encoded, and change no other part of the URL.

use super::{Placeholder, Template, TemplatePiece, TemplateValue, ValueEscaping, ValueForm};
use crate::record::InvalidLine;

/// Part of a URL that a piece of its text stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UrlPart {
    /// Scheme, user, host and port.
    Authority,
    Path,
    /// Query or fragment.
    Query,
}

/// A segment of the path, as far as it was written.
#[derive(Debug, Default)]
struct PathSegment {
    text: String,
    /// Name of the last value in it. `None`: it has no value in it.
    value: Option<String>,
    /// True if the segment may be empty: the value has parts of a URL of its own.
    may_be_empty: bool,
}

/// A URL that is being filled.
struct FilledUrl {
    text: String,
    part: UrlPart,
    segment: PathSegment,
}

impl Template {
    /// Makes a URL: puts the values in the places of the placeholders, percent-encoded.
    ///
    /// `{name:raw}` and a placeholder that begins the URL are put in as they are. `values` as in
    /// [`fill`](Template::fill).
    ///
    /// ```
    /// use haul::record::Template;
    ///
    /// let url = Template::parse("https://example.com/items/{sku}?lang={lang}")?;
    /// let of = |sku: &'static str| url.fill_url(move |name| Some(match name {
    ///     "sku" => sku.into(),
    ///     _ => "de&fr".into(),
    /// }));
    /// assert_eq!(of("a/b").unwrap(), "https://example.com/items/a%2Fb?lang=de%26fr");
    /// assert!(of("..").is_err());
    /// # Ok::<(), haul::record::InvalidTemplate>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`fill`](Template::fill), and when values would make a segment of the path `.` or `..`, which lead
    /// to another path, or leave it empty.
    pub fn fill_url<'v>(
        &self,
        mut values: impl FnMut(&str) -> Option<TemplateValue<'v>>,
    ) -> Result<String, InvalidLine> {
        let mut url = FilledUrl {
            text: String::new(),
            part: self.first_part(),
            segment: PathSegment::default(),
        };
        for (at, piece) in self.pieces.iter().enumerate() {
            match piece {
                TemplatePiece::Text(text) => url.add(text, None)?,
                TemplatePiece::Place(place) => {
                    let value = place.value(&mut values)?;
                    url.put(place, &value, at == 0)?;
                }
            }
        }
        url.end_segment()?;
        Ok(url.text)
    }

    /// Returns the part of a URL that the text begins in: a URL without a scheme in its first text is relative.
    fn first_part(&self) -> UrlPart {
        match self.pieces.first() {
            Some(TemplatePiece::Text(text)) if !text.contains("://") && !text.starts_with("//") => {
                UrlPart::Path
            }
            _ => UrlPart::Authority,
        }
    }
}

impl FilledUrl {
    fn put(
        &mut self,
        place: &Placeholder,
        value: &str,
        begins_url: bool,
    ) -> Result<(), InvalidLine> {
        let is_raw = place.form == ValueForm::Raw || begins_url;
        if !is_raw {
            let from = self.text.len();
            ValueEscaping::Percent.add(value, &mut self.text);
            if self.part == UrlPart::Path {
                self.segment.text.push_str(&self.text[from..]);
                self.segment.value = Some(place.name.clone());
            }
            return Ok(());
        }
        if begins_url && !value.contains("://") {
            self.part = UrlPart::Path;
        }
        let has_parts = value.contains(['/', '\\', '?', '#']);
        // A value that begins the URL may be a URL of its own, with dot segments that its author wrote.
        match begins_url && has_parts {
            true => self.add(value, None),
            false => self.add(value, Some((&place.name, has_parts))),
        }
    }

    /// Adds text in which `/`, `?` and `#` end parts of the URL. `of`: name of the value that the text is, and true if it
    /// has such parts. `None`: the text is the template's.
    fn add(&mut self, text: &str, of: Option<(&String, bool)>) -> Result<(), InvalidLine> {
        self.note_value(of);
        for c in text.chars() {
            match (self.part, c) {
                (UrlPart::Query, _) => {}
                (_, '?' | '#') => {
                    self.end_segment()?;
                    self.part = UrlPart::Query;
                }
                // The first two slashes stand before the host.
                (UrlPart::Authority, '/') if self.text.contains("//") => {
                    self.part = UrlPart::Path;
                    self.note_value(of);
                }
                (UrlPart::Path, '/' | '\\') => {
                    self.end_segment()?;
                    self.note_value(of);
                }
                (UrlPart::Path, c) => self.segment.text.push(c),
                (UrlPart::Authority, _) => {}
            }
            self.text.push(c);
        }
        Ok(())
    }

    /// Notes that the segment of the path has text of this value in it.
    fn note_value(&mut self, of: Option<(&String, bool)>) {
        if let (UrlPart::Path, Some((name, has_parts))) = (self.part, of) {
            self.segment.value = Some(name.clone());
            self.segment.may_be_empty |= has_parts;
        }
    }

    /// Checks the segment that ends, and begins the next one.
    fn end_segment(&mut self) -> Result<(), InvalidLine> {
        let segment = std::mem::take(&mut self.segment);
        let Some(name) = segment.value else {
            return Ok(());
        };
        // Browsers and haul skip tabs and line feeds, and read %2e as a dot.
        let text = segment.text.replace(['\t', '\n', '\r'], "");
        let text = text.replace("%2e", ".").replace("%2E", ".");
        let reason = match text.trim() {
            "." | ".." => {
                "a value would be a dot segment of the URL's path, which leads to another path"
            }
            "" if !segment.may_be_empty => "a value leaves a segment of the URL's path empty",
            _ => return Ok(()),
        };
        Err(InvalidLine::new(reason).showing(&name))
    }
}
