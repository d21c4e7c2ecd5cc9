//! Options for the forms in which a report is written, of a run and of `haul report`.

use std::path::PathBuf;

use clap::Args;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Report")]
pub(crate) struct FormArguments {
    /// Write the report as an HTML page: plots and tables, without scripts
    ///
    /// The page stands for itself and loads nothing. It appears whole or not at all; - is standard output.
    #[arg(hide_short_help = true, long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Print the report as Markdown on standard output
    ///
    /// For a pull request or a job summary: haul report --markdown run.jsonl >> "$GITHUB_STEP_SUMMARY". With a run, the
    /// results must go to a file (-o).
    #[arg(hide_short_help = true, long)]
    pub(crate) markdown: bool,
    /// Write the report as JUnit XML: a case for each request, or for each host
    ///
    /// Failed and rejected requests are failures. - is standard output.
    #[arg(hide_short_help = true, long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Number of requests up to which each is a case of --junit; with more, each host is one
    #[arg(
        hide_short_help = true,
        long,
        value_name = "N",
        default_value_t = 10_000,
        requires = "junit"
    )]
    pub(crate) junit_cases: usize,
    /// Print annotations for GitHub Actions: an error for each kind of failure, a warning for each code of rejections
    ///
    /// At most ten of each. They go to standard output, or to standard error if standard output is for the results or
    /// another form of the report.
    #[arg(hide_short_help = true, long)]
    pub(crate) github: bool,
}

impl FormArguments {
    /// Returns the paths of the forms that go to files, each with its option.
    pub(crate) fn paths(&self) -> Vec<(&'static str, &PathBuf)> {
        let paths = [("--html", &self.html), ("--junit", &self.junit)];
        let paths = paths.into_iter();
        paths
            .filter_map(|(name, path)| Some((name, path.as_ref()?)))
            .collect()
    }
}
