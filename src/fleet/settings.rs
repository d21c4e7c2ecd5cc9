//! Settings of a run that all its workers share, and the form in which the server keeps them.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::engine::{MOST_LANES, NewRun, QueueBounds, RunFacts};
use super::error::{FleetError, SettingFault};
use crate::timing::millis;
use crate::url::{Base, Mistake};

/// Settings of a run, fixed when it is created.
///
/// ```
/// use std::time::Duration;
/// use haul::fleet::RunSettings;
///
/// let settings = RunSettings::new().lanes(4).lease(Duration::from_secs(60));
/// # let _ = settings;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "settings hold for the run that is created with them"]
pub struct RunSettings {
    pub(super) lanes: u32,
    pub(super) lease: Duration,
    pub(super) stored: StoredSettings,
}

/// Settings in the form in which the server keeps them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredSettings {
    pub(super) max_queued: u64,
    pub(super) max_deliveries: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) resume_writes: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) durable: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) saves_files: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) base_url: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) options: Vec<String>,
    /// Files that the requests were read from. Not compared: the same input may be reached by another path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) inputs: Vec<PathBuf>,
}

/// Upper bound for the number of input files that are kept: collectors and loaders read all of them again and again.
const MOST_INPUTS: usize = 100;

/// Upper bound for the bytes of a lane's queued lines.
const QUEUED_BYTES: u64 = 64 << 20;

/// Longest lease: a worker that died would be waited for that long.
const LONGEST_LEASE: Duration = Duration::from_secs(86_400);

/// Shortest lease: the beats of a shorter one would be late on a busy machine.
const SHORTEST_LEASE: Duration = Duration::from_secs(1);

/// Returns a time as it may be typed. Zero has a unit, too.
fn typed(time: Duration) -> String {
    match time.subsec_nanos() {
        0 => format!("{}s", time.as_secs()),
        _ => format!("{time:?}"),
    }
}

/// True if a URL has a user or a password before its host.
fn has_userinfo(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.contains('@')
}

impl Default for RunSettings {
    fn default() -> RunSettings {
        RunSettings::new()
    }
}

impl RunSettings {
    /// Makes the default settings.
    ///
    /// One lane, leases of 30 seconds, 100,000 queued requests, three deliveries.
    pub fn new() -> RunSettings {
        RunSettings {
            lanes: 1,
            lease: Duration::from_secs(30),
            stored: StoredSettings {
                max_queued: 100_000,
                max_deliveries: 3,
                resume_writes: false,
                durable: false,
                saves_files: false,
                base_url: None,
                options: Vec::new(),
                inputs: Vec::new(),
            },
        }
    }

    /// Number of lanes that the requests are divided into by their keys, 1 to 1,024. Default: 1.
    ///
    /// A lane is a stream of its own; in a cluster each may lie on another node.
    pub fn lanes(mut self, lanes: u32) -> RunSettings {
        self.lanes = lanes;
        self
    }

    /// Time after which the requests of a silent worker go to others. Default: 30 seconds.
    ///
    /// From a second to a day. A worker tells three times in each lease that it lives, so a request may take longer than a lease.
    pub fn lease(mut self, lease: Duration) -> RunSettings {
        self.lease = millis::round(lease);
        self
    }

    /// Number of requests in a lane's queue at which loading waits. Default: 100,000.
    ///
    /// Loading also waits at 64 MiB of lines.
    pub fn max_queued(mut self, most: u64) -> RunSettings {
        self.stored.max_queued = most;
        self
    }

    /// Number of workers that may die with a request before it is given up. Default: 3.
    ///
    /// Such a request ends as [`Interrupted`](crate::ErrorType::Interrupted).
    pub fn max_deliveries(mut self, most: u32) -> RunSettings {
        self.stored.max_deliveries = most;
        self
    }

    /// Sends begun requests of dead workers again, also those that must not be repeated. Default: false.
    ///
    /// Without it such a request ends as [`Interrupted`](crate::ErrorType::Interrupted).
    pub fn resume_writes(mut self, resume: bool) -> RunSettings {
        self.stored.resume_writes = resume;
        self
    }

    /// Sends a write only after its note is on the server's disk. Default: false.
    ///
    /// It needs a server that can be waited for (Redis 7.2) and writes an append-only file. Without it, a power failure
    /// of the server may lose the last two seconds.
    pub fn durable(mut self, durable: bool) -> RunSettings {
        self.stored.durable = durable;
        self
    }

    /// Lets only workers that have a directory for bodies take part. Default: false.
    ///
    /// Requests may then name the files that their bodies are [saved to](crate::Request::save_to), each below the
    /// [directory](crate::record::InputLines::save_in) of the worker that sends it.
    pub fn saves_files(mut self, saves: bool) -> RunSettings {
        self.stored.saves_files = saves;
        self
    }

    /// URL that relative URLs of the requests are resolved against, which their keys depend on.
    pub fn base_url(mut self, url: impl AsRef<str>) -> RunSettings {
        self.stored.base_url = Some(url.as_ref().to_owned());
        self
    }

    /// Texts that every worker is given, for example its options. No secrets: the server keeps them.
    pub fn options(mut self, options: impl IntoIterator<Item = String>) -> RunSettings {
        self.stored.options = options.into_iter().collect();
        self
    }

    /// Files that the requests are read from, which no collector may replace. Default: none.
    ///
    /// They are compared with files of the collector's machine, so paths should be absolute. The first 100 are kept, and
    /// none that is no text in UTF-8.
    pub fn input_files<P: Into<PathBuf>>(
        mut self,
        files: impl IntoIterator<Item = P>,
    ) -> RunSettings {
        let files = files.into_iter().map(Into::into);
        let kept = files.filter(|path: &PathBuf| path.to_str().is_some());
        self.stored.inputs = kept.take(MOST_INPUTS).collect();
        self
    }

    /// Files that were set with [`input_files`](RunSettings::input_files).
    pub fn given_input_files(&self) -> &[PathBuf] {
        &self.stored.inputs
    }

    /// True if all settings but the input files are equal.
    pub(super) fn is_same_run(&self, other: &RunSettings) -> bool {
        let without_inputs = |settings: &RunSettings| StoredSettings {
            inputs: Vec::new(),
            ..settings.stored.clone()
        };
        (self.lanes, self.lease, without_inputs(self))
            == (other.lanes, other.lease, without_inputs(other))
    }

    /// Texts that were set with [`options`](RunSettings::options).
    pub fn given_options(&self) -> &[String] {
        &self.stored.options
    }

    /// Returns each setting that differs, with both values: `lanes: 4 (the run has 1)`.
    pub(super) fn differences(&self, of_run: &RunSettings) -> Vec<SettingFault> {
        let (own, run) = (&self.stored, &of_run.stored);
        let none = || "none".to_owned();
        let url = |stored: &StoredSettings| stored.base_url.clone().unwrap_or_else(none);
        let texts = |stored: &StoredSettings| match stored.options.is_empty() {
            true => none(),
            false => stored.options.join(" "),
        };
        let both = [
            ("lanes", self.lanes.to_string(), of_run.lanes.to_string()),
            ("lease", typed(self.lease), typed(of_run.lease)),
            (
                "max_queued",
                own.max_queued.to_string(),
                run.max_queued.to_string(),
            ),
            (
                "max_deliveries",
                own.max_deliveries.to_string(),
                run.max_deliveries.to_string(),
            ),
            (
                "resume_writes",
                own.resume_writes.to_string(),
                run.resume_writes.to_string(),
            ),
            ("durable", own.durable.to_string(), run.durable.to_string()),
            (
                "saves_files",
                own.saves_files.to_string(),
                run.saves_files.to_string(),
            ),
            ("base_url", url(own), url(run)),
            ("options", texts(own), texts(run)),
        ];
        let differ = both.into_iter().filter(|(_, own, run)| own != run);
        let told = differ.map(|(name, own, run)| {
            let text = format!("{own} (the run has {run})");
            SettingFault::new(name, text)
        });
        told.collect()
    }

    pub(super) fn base(&self) -> Result<Option<Base>, FleetError> {
        Ok(self.parsed_base()?)
    }

    fn parsed_base(&self) -> Result<Option<Base>, SettingFault> {
        let base = self.stored.base_url.as_deref().map(Base::parse);
        let base = base.transpose();
        base.map_err(|wrong: Mistake| SettingFault::new("base_url", wrong.reason.to_string()))
    }

    pub(super) fn bounds(&self) -> QueueBounds {
        QueueBounds {
            entries: self.stored.max_queued,
            bytes: QUEUED_BYTES,
        }
    }

    /// Checks that a run can have these settings.
    pub(super) fn check(&self) -> Result<(), SettingFault> {
        let wrong = |name, text: String| Err(SettingFault::new(name, text));
        let (lanes, lease) = (self.lanes, self.lease);
        if lanes == 0 || lanes > MOST_LANES {
            return wrong("lanes", format!("{lanes} (1 to {MOST_LANES} are possible)"));
        }
        if lease < SHORTEST_LEASE {
            let text = format!("{} (at least 1s is needed)", typed(lease));
            return wrong("lease", text);
        }
        if lease > LONGEST_LEASE {
            let text = format!("{} (at most a day is possible)", typed(lease));
            return wrong("lease", text);
        }
        let counts = [
            ("max_queued", self.stored.max_queued),
            ("max_deliveries", self.stored.max_deliveries.into()),
        ];
        for (name, count) in counts {
            if count == 0 {
                return wrong(name, "0 (at least 1 is needed)".to_owned());
            }
        }
        if self.stored.base_url.as_deref().is_some_and(has_userinfo) {
            let text = "it holds a user or a password, which the server would keep";
            return wrong("base_url", text.to_owned());
        }
        self.parsed_base().map(drop)
    }

    pub(super) fn to_new_run(&self) -> NewRun {
        NewRun {
            id: format!("{:016x}", fastrand::u64(..)),
            settings: serde_json::to_string(&self.stored).expect("numbers and texts are JSON"),
            lanes: self.lanes,
            lease: self.lease,
        }
    }

    /// Reads the settings of a run that exists.
    ///
    /// # Errors
    /// When no run can have them: the server's copy was changed, or another version of haul made it.
    pub(super) fn of(facts: &RunFacts, run: &str, server: &str) -> Result<RunSettings, FleetError> {
        let stored = serde_json::from_str(&facts.settings).map_err(|error| {
            let message =
                format!("{server}: the run {run:?} was made by another version of haul: {error}");
            FleetError::usage(message).caused_by(Some(error))
        })?;
        let settings = RunSettings {
            lanes: facts.lanes,
            lease: facts.lease,
            stored,
        };
        settings.check().map_err(|fault| {
            FleetError::refused(format!(
                "{server}: the run {run:?} has a setting that no run can have: {fault}"
            ))
        })?;
        Ok(settings)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_path_that_is_no_text_is_not_kept() {
        let odd = Path::new(OsStr::from_bytes(b"list-\xff"));
        let settings = RunSettings::new().input_files([odd, Path::new("list")]);
        assert_eq!(settings.given_input_files(), [Path::new("list")]);
        assert!(settings.to_new_run().settings.contains("list"));
    }
}
