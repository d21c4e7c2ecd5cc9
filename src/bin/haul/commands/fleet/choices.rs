//! Options of a run that `haul fleet load` and `haul fleet work` have.

use super::helps;
use super::run_options::RunOptions;

/// Reason for options that hold a secret.
pub(super) const SECRET: &str =
    "it holds a secret, and the server would keep it: give it to haul fleet work";

/// Reason for options that each worker has.
const OF_WORKERS: &str = "give it to haul fleet work";

/// Reason for options that the run has.
const OF_THE_RUN: &str = "it is one of the run: give it to haul fleet load";

/// Options of a run that the run of a fleet keeps.
pub(super) const KEPT: RunOptions = RunOptions {
    groups: &["Requests", "How fast", "Time and retries"],
    also: &["accept", "expect-json", "require"],
    other: || (&OWN, OF_WORKERS),
    helps: helps::OF_LOAD,
    refused: &[
        ("jobs", OF_WORKERS),
        ("max-run-time", OF_WORKERS),
        ("user", SECRET),
        ("digest", OF_WORKERS),
        ("bearer", SECRET),
        ("bearer-command", OF_WORKERS),
        ("oauth2-url", OF_WORKERS),
        ("oauth2-id", OF_WORKERS),
        ("oauth2-secret", SECRET),
        ("oauth2-scope", OF_WORKERS),
        ("oauth2-param", OF_WORKERS),
        ("netrc", OF_WORKERS),
        ("netrc-file", OF_WORKERS),
        ("cookie", SECRET),
        ("cookie-jar", OF_WORKERS),
        ("head-or-get", "a line of the queue cannot hold it"),
        (
            "unique",
            "equal lines are known only to a reader that remembers all of them (sort -u, or haul merge, does it before)",
        ),
        (
            "paginate",
            "a page leads to requests that the queue does not have; run it without a fleet",
        ),
        (
            "max-cost",
            "the cost of all workers is known to none of them",
        ),
        (
            "fail-early",
            "a worker knows the failures of the others too late; cancel the run (haul fleet cancel)",
        ),
        (
            "max-failures",
            "a worker knows the failures of the others too late; cancel the run (haul fleet cancel)",
        ),
        ("ordered", "workers end in no order"),
        ("replay", "recorded answers belong to one process"),
        ("capture", "recorded answers belong to one process"),
        ("shard", "the workers share the whole input"),
        ("output", "haul fleet collect -o writes the results"),
        ("failures", "haul fleet collect --failures writes the log"),
        ("output-dir", OF_WORKERS),
        ("proxy", OF_WORKERS),
        ("grace", OF_WORKERS),
    ],
};

/// Options of a run that a worker has.
pub(super) const OWN: RunOptions = RunOptions {
    other: || (&KEPT, OF_THE_RUN),
    helps: helps::OF_WORK,
    groups: &["Connection"],
    also: &[
        "quiet",
        "color",
        "verbose",
        "progress",
        "jobs",
        "max-run-time",
        "grace",
        "output-dir",
        "overwrite",
        "body",
        "body-limit",
        "include-headers",
        "header",
        "url-query",
        "user",
        "digest",
        "bearer",
        "bearer-command",
        "oauth2-url",
        "oauth2-id",
        "oauth2-secret",
        "oauth2-scope",
        "oauth2-param",
        "netrc",
        "netrc-file",
        "cookie",
        "secret",
        "config",
    ],
    refused: &[
        ("capture", "recorded answers belong to one process"),
        ("replay", "recorded answers belong to one process"),
        ("generate", "haul --generate has the texts of all commands"),
        ("rate", OF_THE_RUN),
        ("rate-per-host", OF_THE_RUN),
        ("rate-cost", OF_THE_RUN),
        ("jobs-per-host", OF_THE_RUN),
        ("burst", OF_THE_RUN),
        ("retry", OF_THE_RUN),
        ("max-time", OF_THE_RUN),
        ("accept", OF_THE_RUN),
        ("expect-json", OF_THE_RUN),
        ("require", OF_THE_RUN),
        ("base-url", OF_THE_RUN),
        ("request", OF_THE_RUN),
        ("data", OF_THE_RUN),
        ("json", OF_THE_RUN),
        ("output", "haul fleet collect -o writes the results"),
        ("failures", "haul fleet collect --failures writes the log"),
        (
            "cookie-jar",
            "cookies of servers are not shared between workers",
        ),
    ],
};
