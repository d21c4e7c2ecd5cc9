//! Forms in which a report is written, beside the text: HTML, Markdown, JUnit XML, annotations of GitHub Actions.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use haul::report::{Comparison, Report, RequestCases};

use crate::arguments::{FormArguments, name_of};
use crate::failure::CommandError;
use crate::files;
use crate::stdout;

/// Report that is written in the forms.
#[derive(Clone, Copy)]
pub(crate) enum ReportedRun<'a> {
    Alone(&'a Report),
    Compared(&'a Comparison),
}

/// Forms of a report that are asked for.
pub(crate) struct ReportForms {
    html: Option<PathBuf>,
    junit: Option<PathBuf>,
    junit_cases: usize,
    markdown: bool,
    github: bool,
    /// True if something else than annotations goes to standard output.
    stdout_is_taken: bool,
}

impl ReportForms {
    /// Makes the forms. `taken`: name of the text that goes to standard output otherwise.
    ///
    /// # Errors
    /// When two texts would go to standard output.
    pub(crate) fn new(
        arguments: &FormArguments,
        taken: Option<&str>,
    ) -> Result<ReportForms, CommandError> {
        let to_stdout = arguments.paths().into_iter();
        let to_stdout = to_stdout.filter(|(_, path)| path.as_path() == Path::new("-"));
        let markdown = arguments.markdown.then_some("--markdown");
        let mut other = taken.map(str::to_owned);
        for option in to_stdout.map(|(name, _)| name).chain(markdown) {
            let name = name_of(option.trim_start_matches('-'));
            if let Some(other) = &other {
                return Err(CommandError::usage(format!(
                    "{name}: standard output is for {other}"
                )));
            }
            other = Some(name);
        }
        Ok(ReportForms {
            html: arguments.html.clone(),
            junit: arguments.junit.clone(),
            junit_cases: arguments.junit_cases,
            markdown: arguments.markdown,
            github: arguments.github,
            stdout_is_taken: other.is_some(),
        })
    }

    /// True if no form is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.html.is_none() && self.junit.is_none() && !self.markdown && !self.github
    }

    /// True if something else than annotations goes to standard output.
    pub(crate) fn stdout_is_taken(&self) -> bool {
        self.stdout_is_taken
    }

    /// Returns an empty collection for the single requests. `None`: no form needs them.
    pub(crate) fn cases(&self) -> Option<RequestCases> {
        self.junit
            .as_ref()
            .map(|_| RequestCases::up_to(self.junit_cases))
    }

    /// Writes all forms.
    ///
    /// # Errors
    /// The first error. The other forms are written all the same.
    pub(crate) fn write(&self, run: ReportedRun<'_>) -> Result<(), CommandError> {
        use ReportedRun::{Alone, Compared};
        let mut result = Ok(());
        if let Some(path) = &self.html {
            let page = match run {
                Alone(report) => text(|out| report.html(out)),
                Compared(comparison) => text(|out| comparison.html(out)),
            };
            result = result.and(files::write_whole(path, &page));
        }
        if let Some(path) = &self.junit {
            let document = match run {
                Alone(report) => text(|out| report.junit(out)),
                Compared(comparison) => text(|out| comparison.junit(out)),
            };
            result = result.and(files::write_whole(path, &document));
        }
        if self.markdown {
            let markdown = match run {
                Alone(report) => text(|out| report.markdown(out)),
                Compared(comparison) => text(|out| comparison.markdown(out)),
            };
            result = result.and(stdout::print(&markdown));
        }
        if self.github {
            let commands = match run {
                Alone(report) => text(|out| report.github(out)),
                Compared(comparison) => text(|out| comparison.github(out)),
            };
            match self.stdout_is_taken {
                // If standard error is closed, there is no other place for the annotations.
                true => drop(io::stderr().write_all(&commands)),
                false => result = result.and(stdout::print(&commands)),
            }
        }
        result
    }
}

/// Returns a form of a report.
fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Vec<u8> {
    let mut text = Vec::new();
    // Writing to memory does not fail.
    let _ = write(&mut text);
    text
}
