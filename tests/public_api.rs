//! Public names stand where the documentation says: the usual names at the root, each other name in one module.

#![expect(unused_imports, reason = "the test is that the names can be imported")]

/// Names that most programs use, at the root.
mod root {
    use haul::http::Method;
    use haul::{
        Adaptive, BuildError, Client, ClientBuilder, Error, ErrorType, Failures, Handle, Host,
        HostRule, Journal, JsonLines, Layer, Outcome, Outcomes, Phase, Preview, ProxySettings,
        RateLimit, Rejection, Request, Response, RetryPolicy, Shutdown, Sink, State, StopReason,
        Summary, Timeouts, TlsSettings,
    };
}

/// The other names, and names that stand at the root too.
mod modules {
    use haul::batch::{
        AdaptiveHost, CancelToken, Completed, CompletedInTime, End, Follow, Full, HoldingHost,
        InTime, Intake, Mapped, NextRequests, Outcomes, Panicked, ParMap, Progress, ProgressHandle,
        Pushed, Refusal, Refused, Requests, ReturnWhen, SummaryHandle, TimedOut, Turns, Unfinished,
        UniqueFilter, Waited, WaitingHost, as_completed, wait,
    };
    #[cfg(feature = "cookies")]
    use haul::cookies::{CookieJar, InvalidCookie};
    #[cfg(feature = "fleet")]
    use haul::fleet::{
        AppendFile, Collected, Collector, Fleet, FleetBuilder, FleetEnd, FleetError,
        FleetErrorKind, FleetLimiter, FleetWorker, HostAtRest, Loaded, Run, RunPhase, RunSettings,
        RunStatus, RunWatch, WaitReason, Worker, WorkerSummary,
    };
    use haul::outcome::{
        Attempt, Cause, Context, Hop, Link, Outcome, OutcomeBuilder, Saved, State, Timings,
        Unsuccessful,
    };
    use haul::record::{
        AttemptRecord, BodyEncoding, BodyMode, Checksums, DecodedReader, FetchedInput, FileClash,
        FileRegister, InputLine, InputLines, InvalidChecksums, InvalidKey, InvalidLine,
        InvalidOutputName, InvalidSelection, InvalidShard, InvalidTemplate, Key, Kind,
        LONGEST_LINE, Layout, MissingValues, OutputNames, PhaseTimes, Record, RecordOptions,
        RequestTemplate, RowFormat, Selection, Shard, ShardRequests, Template, TemplateValue,
        TornEnd, ValueEscaping, WriteOut,
    };
    use haul::redact::{Escaped, Redaction};
    use haul::report::{
        Comparison, Differences, DifferentRequest, GroupFigures, Grouping, Groups, InvalidGrouping,
        LatencyChange, Report, ReportError, ReportReader, RequestCases, UnreadLine,
    };
    use haul::request::{Chunk, Request, Tag};
    #[cfg(feature = "multipart")]
    use haul::request::{Multipart, Part};
    use haul::settings::{
        Adaptive, AddressPolicy, BreakerSettings, ClassLimits, CustomPolicy, FinishedAttempt,
        HookResult, HostRule, InvalidStatusSet, IpFamily, Jitter, Judgement, Limiter, Outgoing,
        PermittedStarts, PlaceLimit, ProxySettings, RateLimit, RedirectPolicy, Redirecting,
        RetryAdvice, RetryBudget, RetryPolicy, Retrying, StatusSet, Timeouts, TlsSettings,
        TlsVersion, WantedStarts, parse_rate, parse_time,
    };
    #[cfg(feature = "sqlite")]
    use haul::sink::Sqlite;
    use haul::sink::{
        Failures, Journal, JsonLines, Keep, Merge, MergeError, MergeReport, MergedLine,
        MergedLines, Only, Recorded, Remaining, RunError, Sink, SinkError,
    };
    use haul::sse::{Event, Parser};
    use haul::summary::{
        Distribution, HostFigures, InvalidThreshold, SlowRequest, Summary, Threshold,
        ThresholdCheck, TimeFigures, TimeSlice, TopError,
    };
    use haul::testing::{
        Answer, Call, Cassette, CassetteError, Matcher, ResponseBuilder, Script, any, bytes,
        delete, fail, get, head, json, patch, post, put, request, status, text,
    };
    use haul::unversioned::VirtualClock;
}

use std::path::Path;

use haul::settings::{BreakerSettings, ClassLimits, RetryBudget};

#[test]
fn a_setting_of_a_breaker_changes_that_setting_alone() {
    let usual = BreakerSettings::default();
    assert_eq!(BreakerSettings::new(), usual);
    let changed = usual.trials(5).wait(true).min_calls(7);
    assert_ne!(changed, usual);
    assert_eq!(changed.trials(3).wait(false).min_calls(None), usual);
}

#[test]
fn a_setting_of_a_budget_changes_that_setting_alone() {
    let usual = RetryBudget::default();
    assert_eq!(RetryBudget::new(), usual);
    let changed = usual.reserve(1.0).per_request(0.5).per_second(2.0);
    assert_ne!(changed, usual);
    let back = changed.reserve(500.0).per_request(0.2).per_second(1.0);
    assert_eq!(back, usual);
}

#[test]
fn a_limit_of_a_class_changes_that_class_alone() {
    let usual = ClassLimits::default();
    assert_eq!(ClassLimits::new(), usual);
    type Setter = fn(ClassLimits, Option<u32>) -> ClassLimits;
    let setters: [Setter; 8] = [
        ClassLimits::dns,
        ClassLimits::connect,
        ClassLimits::tls,
        ClassLimits::timeout,
        ClassLimits::body,
        ClassLimits::status,
        ClassLimits::throttle,
        ClassLimits::other,
    ];
    let changed = setters.map(|set| set(usual.dns(None), Some(9)));
    for (at, limits) in changed.iter().enumerate() {
        let same = changed.iter().filter(|other| *other == limits).count();
        assert_eq!(same, 1, "setter {at} sets what another one sets");
        assert_eq!(setters[at](*limits, None), usual.dns(None));
    }
}

#[test]
fn no_public_getter_begins_with_get() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().expect("a folder of sources") {
            let path = entry.expect("an entry of that folder").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files += 1;
                let text = std::fs::read_to_string(&path).expect("UTF-8");
                assert!(!text.contains("pub fn get_"), "{}", path.display());
            }
        }
    }
    assert!(files > 100, "the sources are in other places");
}
