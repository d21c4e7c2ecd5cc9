//! Helps of options that mean something else in a fleet than in a run of one process.

use super::run_options::OwnHelp;

/// Size up to which a record keeps a body, unless another is given: the server holds records until they are collected.
pub(super) const BODY_LIMIT: &str = "16K";

/// Helps of `haul fleet load`.
pub(super) const OF_LOAD: &[OwnHelp] = &[
    OwnHelp::new(
        "header",
        "Add a header; 'NAME:' removes it, @FILE reads a list",
        "May be given more than once; if two have the same name, both are sent. 'NAME:' leaves out a header that haul \
         would send by itself (such as Accept, Accept-Encoding and User-Agent, but not Host, Content-Length, \
         Transfer-Encoding and Connection, which frame the message). 'NAME;' sends a header without a value. The file \
         after @ holds one header a line. A secret header is refused here, since the server would keep it: haul fleet \
         work takes it.",
    ),
    OwnHelp::new(
        "url-query",
        "Add a parameter to every URL, percent-encoded",
        "A secret one is refused here, since the server would keep it: haul fleet work takes it.",
    ),
    OwnHelp {
        value: Some("N"),
        ..OwnHelp::new(
            "jobs-per-host",
            "Requests at once per host, of all workers together; 0 = no limit",
            "A host is a scheme, a name and a port. The number is divided by the workers that live, and each has one at \
             least. One that joins others waits for its part, up to 1.5 s; what they have under way goes on.",
        )
    },
    OwnHelp::new(
        "rate",
        "Upper bound for requests that all workers together start in a time, retries included",
        "0.5 is one request in two seconds. May be given once for each window of time, or as a list with commas: with \
         10/s and 300/m both hold. Requests are spread evenly over the shortest window; in longer windows whole \
         requests are counted.",
    ),
    OwnHelp::new(
        "rate-per-host",
        "Upper bound for requests that all workers together start in a time to each host",
        "",
    ),
    OwnHelp::new(
        "max-time",
        "Limit for one attempt, body included; 0 = none [default: 30s; none at workers with --output-dir]",
        "",
    ),
    OwnHelp::new(
        "breaker",
        "Let a host rest for all workers when the calls of several workers to it fail",
        "Two workers at least, and 30 % of those that called it in ten seconds. After the rest one request is sent; if \
         it fails, the next rest is twice as long, up to five minutes. No request fails because of a rest. If only one \
         worker cannot reach a host, it hands its requests of this host to the others.",
    ),
    OwnHelp::new(
        "config",
        "Read options from a TOML file, by their long names",
        "For example max-time = \"5s\", header = [\"X-Team: a\"], breaker = true. A typed option and a variable come \
         before the file. Options that only haul fleet work has are passed over. Tables with options for some hosts are \
         refused: the options of a run hold for all hosts. Paths are relative to the working directory.",
    ),
];

/// Helps of `haul fleet work`.
pub(super) const OF_WORK: &[OwnHelp] = &[
    OwnHelp::new(
        "cookie",
        "The Cookie header, or a file of cookies if there is no = in it",
        "May be given more than once. The file is of Netscape's format, as curl and browsers' exports have it; cookies \
         that servers set are kept by this worker alone, until it ends.",
    ),
    OwnHelp::new(
        "config",
        "Read options from a TOML file, by their long names",
        "For example jobs = 64, output-dir = \"bodies\". A typed option and a variable come before the file. Options \
         that only haul fleet load has are passed over. Tables such as [host.\"*.example.com\"] hold options for some \
         hosts: header, user, digest, bearer, bearer-command and those of OAuth 2. Paths are relative to the working \
         directory.",
    ),
    OwnHelp::new(
        "max-run-time",
        "Stop this worker after this time, with status 4",
        "It takes no further requests and hands back what it has not begun, so that other workers go on with it; what \
         is under way has the time of --grace. The time counts from the start of the work.",
    ),
    OwnHelp {
        default: Some(BODY_LIMIT),
        ..OwnHelp::new(
            "body-limit",
            "Size up to which a result keeps its body; the rest is cut",
            "Results wait in the server's memory until they are collected; --output-dir keeps larger bodies.",
        )
    },
    OwnHelp::new(
        "output-dir",
        "Save each body to a file on this machine and record its path",
        "The directory is made if it does not exist. The output_file of a line names its file (in a run that was loaded \
         with --output-files), else the last part of its URL does, with the number of the request (a-2.html), \
         since other workers may save files there too. A file appears whole or not at all. --overwrite replaces files that were there before; without \
         it, a line whose output_file exists fails.",
    ),
    OwnHelp::new(
        "overwrite",
        "Replace existing files of --output-dir",
        "For a directory that belongs to the run alone: the file of a request whose worker was killed before it had \
         told the outcome is in the way of the next attempt.",
    ),
    OwnHelp::new(
        "grace",
        "Time that requests under way may take after a first INT or TERM, or --max-run-time",
        "Then they are cut off and handed back to the run; one that must not be repeated ends as interrupted.",
    ),
    OwnHelp::new(
        "progress",
        "Progress of this worker, on standard error: auto, bar, plain, json or none",
        "auto shows a bar if standard error is a terminal, else nothing. plain prints a line every five seconds, json an \
         object every second, for logs and programs; both print once more at the end. How many requests will come is \
         not known to a worker: haul fleet status has the figures of the run.",
    ),
    OwnHelp::new(
        "quiet",
        "No bar, no notes and no summary; -qq: no warnings and no errors either",
        "",
    ),
];
