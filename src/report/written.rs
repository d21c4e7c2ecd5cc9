//! Forms in which a report is written: HTML, Markdown, JUnit XML, annotations of GitHub Actions.

use std::io::{self, Write};

use super::{Comparison, Report, RequestCases, github, html, junit, markdown};

impl Report {
    /// Adds the single requests, which [`junit`](Report::junit) writes.
    ///
    /// Default: none, so that each host is a case.
    #[must_use]
    pub fn with_cases(mut self, cases: RequestCases) -> Report {
        self.cases = Some(cases);
        self
    }

    /// Writes the report as an HTML page that stands for itself.
    ///
    /// The page has plots and tables, for light and dark screens and for paper. It has no script and loads nothing.
    /// All text of servers and inputs is escaped.
    ///
    /// # Errors
    /// When the writer fails.
    ///
    /// ```
    /// use haul::report::ReportReader;
    ///
    /// let mut reader = ReportReader::new();
    /// reader.read("run.jsonl", &b""[..])?;
    /// let mut page = Vec::new();
    /// reader.finish()?.html(&mut page)?;
    /// assert!(page.starts_with(b"<!DOCTYPE html>"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn html(&self, out: impl Write) -> io::Result<()> {
        write(out, &html::page(self, None))
    }

    /// Writes the report as Markdown of GitHub's flavour, for a pull request or `$GITHUB_STEP_SUMMARY`.
    ///
    /// Text of servers and inputs stands as code, and mentions nobody.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn markdown(&self, out: impl Write) -> io::Result<()> {
        write(out, &markdown::text(self))
    }

    /// Writes the report as JUnit XML.
    ///
    /// Each request is a case if the report [has them](Report::with_cases) and they are not too many, with the name
    /// `GET https://example.com/ [id]`; of equal names the second has ` #2` behind it. Else each host is a case, whose
    /// time is its p95. Failed and rejected requests are failures; cancelled ones, and those not done, are
    /// skipped. A host fails if one of its requests does. A run that was stopped early has a failed case of its own.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn junit(&self, out: impl Write) -> io::Result<()> {
        write(out, &junit::document(self))
    }

    /// Writes the report as workflow commands of GitHub Actions, one a line, which become annotations.
    ///
    /// There is an error for each kind of failure, at the line of the input that its example stands in, and a warning
    /// for each code of rejections. There are at most ten of each, as many as GitHub shows. Without failures and
    /// rejections there is nothing to write.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn github(&self, out: impl Write) -> io::Result<()> {
        write(out, &github::commands(self, None))
    }
}

/// Forms of the report of the new run, with the differences between the two runs.
impl Comparison {
    /// Writes the [page](Report::html) of the new run, with sections about the differences.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn html(&self, out: impl Write) -> io::Result<()> {
        write(out, &html::page(self.new_report(), Some(self)))
    }

    /// Writes the new run as [Markdown](Report::markdown), and the differences as a block of code.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn markdown(&self, out: impl Write) -> io::Result<()> {
        write(out, &markdown::comparison(self))
    }

    /// Writes the new run as [JUnit XML](Report::junit).
    ///
    /// Requests that failed newly, or that are only in the new run and fail, are failures. A request that fails in both
    /// runs passes, and its `system-out` says that the failure is known. This needs the single requests of the new run
    /// ([`ReportReader::cases`](super::ReportReader::cases)); without them each host is a case as in a report.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn junit(&self, out: impl Write) -> io::Result<()> {
        write(out, &junit::document(self.new_report()))
    }

    /// Writes the new run as [workflow commands](Report::github).
    ///
    /// The first five requests that failed newly come first, each with an error of its own. Slower hosts are warnings.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn github(&self, out: impl Write) -> io::Result<()> {
        write(out, &github::commands(self.new_report(), Some(self)))
    }
}

fn write(mut out: impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}
