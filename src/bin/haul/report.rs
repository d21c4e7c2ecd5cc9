//! The summary at the end of a run, and its other forms.

use std::path::{Path, PathBuf};

use haul::Summary;
use haul::report::{Report, RequestCases};

use crate::arguments::{Arguments, FormArguments};
use crate::failure::CommandError;
use crate::files::{SummaryFile, results_path};
use crate::forms::{ReportForms, ReportedRun};
use crate::messages::Messages;
use crate::terminal;

/// Makes the note of a run that was stopped early.
pub(crate) fn stopped_early(reason: &str) -> String {
    format!("stopped early: {reason}")
}

/// Places that the report of a run goes to.
#[derive(Clone, Debug)]
pub(crate) struct ReportPlan {
    summary_json: Option<PathBuf>,
    forms: FormArguments,
    /// True if the results go to standard output.
    shows_results: bool,
}

impl ReportPlan {
    pub(crate) fn of(arguments: &Arguments) -> ReportPlan {
        ReportPlan {
            summary_json: arguments.results.summary_json.clone(),
            forms: arguments.forms.clone(),
            shows_results: results_path(arguments).is_none(),
        }
    }

    /// Makes the forms of the report that are asked for.
    ///
    /// # Errors
    /// When two texts would go to standard output.
    pub(crate) fn forms(&self) -> Result<ReportForms, CommandError> {
        let results = self
            .shows_results
            .then_some("the results (-o FILE takes them)");
        let summary = self.summary_json.as_deref() == Some(Path::new("-"));
        let summary = summary.then_some("the summary (--summary-json)");
        ReportForms::new(&self.forms, results.or(summary))
    }

    /// Opens the places.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(crate) fn open(&self) -> Result<RunReport, CommandError> {
        Ok(RunReport {
            forms: self.forms()?,
            file: SummaryFile::open(self.summary_json.as_deref())?,
        })
    }
}

/// Report of a run that is under way.
pub(crate) struct RunReport {
    file: SummaryFile,
    forms: ReportForms,
}

impl RunReport {
    /// Returns an empty collection for the single requests. `None`: no form needs them.
    pub(crate) fn cases(&self) -> Option<RequestCases> {
        self.forms.cases()
    }

    /// Prints the summary, and writes its other forms. Without `cases`, each host is a case.
    ///
    /// # Errors
    /// When a file cannot be written; the others are written all the same.
    pub(crate) fn write(
        &mut self,
        summary: &Summary,
        cases: Option<RequestCases>,
        messages: &Messages,
    ) -> Result<(), CommandError> {
        if !messages.is_quiet() {
            let width = terminal::columns_of_stderr();
            messages.block(&match terminal::shows_utf8() {
                true => format!("{summary:#width$}"),
                false => format!("{summary:width$}"),
            });
        }
        let written = self.file.write(summary);
        if self.forms.is_empty() {
            return written;
        }
        let report = Report::from(summary.clone());
        let report = match cases {
            Some(cases) => report.with_cases(cases),
            None => report,
        };
        written.and(self.forms.write(ReportedRun::Alone(&report)))
    }
}
