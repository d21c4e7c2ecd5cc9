//! Names of the formats of an input.

use std::fmt;

/// Format of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InputFormat {
    /// Lines, each a URL, or a request in JSON, or a record that haul wrote.
    Lines,
    /// Lines, each a URL to its end.
    Urls,
    /// Lines in JSON.
    JsonLines,
    /// An array of URLs and requests in JSON, or such values one after the other.
    Json,
    /// CSV with a header.
    Csv,
    /// Tab-separated values with a header.
    Tsv,
    /// A sitemap, or an index of sitemaps.
    Sitemap,
    /// Lines of a results file.
    Results,
    /// Lines of a failure log.
    Failures,
}

impl InputFormat {
    /// True for a format whose entries are no lines.
    pub(super) fn has_entries_of_its_own(self) -> bool {
        match self {
            InputFormat::Json | InputFormat::Csv | InputFormat::Tsv | InputFormat::Sitemap => true,
            InputFormat::Lines
            | InputFormat::Urls
            | InputFormat::JsonLines
            | InputFormat::Results
            | InputFormat::Failures => false,
        }
    }
}

impl fmt::Display for InputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InputFormat::Lines => "lines",
            InputFormat::Urls => "URLs",
            InputFormat::JsonLines => "JSON Lines",
            InputFormat::Json => "JSON",
            InputFormat::Csv => "CSV",
            InputFormat::Tsv => "TSV",
            InputFormat::Sitemap => "a sitemap",
            InputFormat::Results => "results",
            InputFormat::Failures => "a failure log",
        })
    }
}
