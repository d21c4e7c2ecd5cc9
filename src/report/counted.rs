//! Facts of a line of results, for the summary.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::SystemTime;

use http::Uri;

use super::result_line::BorrowedResult;
use super::span::RunSpan;
use crate::error::ErrorType;
use crate::host::Host;
use crate::record::Kind;
use crate::request::InputPlace;
use crate::summary::{
    ExampleTexts, FailureFacts, OutcomeFacts, OutcomeTimes, ResultFacts, SavedFileFacts, Traffic,
    cut_code,
};
use crate::timing::Timings;

/// Hosts of URLs, by the beginning of the URL: parsing takes longer than looking up.
#[derive(Debug, Default)]
pub(super) struct HostNames(HashMap<String, Option<Host>>);

/// Upper bound for the number of hosts that are remembered.
const REMEMBERED: usize = 4096;

impl HostNames {
    /// Returns the host of a URL. `None`: the URL names none.
    fn of(&mut self, url: &str) -> Option<Host> {
        let after = url.find("://").map_or(0, |at| at + "://".len());
        let end = url[after..].find(['/', '?', '#']);
        let beginning = &url[..end.map_or(url.len(), |at| after + at)];
        if let Some(host) = self.0.get(beginning) {
            return host.clone();
        }
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        let host = beginning.parse::<Uri>().ok();
        let host = host.and_then(|uri| Host::of(&uri));
        self.0.insert(beginning.to_owned(), host.clone());
        host
    }
}

impl BorrowedResult<'_> {
    /// Returns the facts that a summary counts.
    pub(super) fn facts(&self, hosts: &mut HostNames) -> OutcomeFacts<'_> {
        let in_log = self.attempt_log.len() >= self.attempts as usize;
        let answered = self.attempt_log.iter();
        let answered = answered.filter(|attempt| attempt.status.is_some());
        let has_head = self.status.is_some();
        OutcomeFacts {
            result: self.result(),
            index: self.index,
            host: hosts.of(&self.url),
            status: self.status,
            attempts: self.attempts,
            logged: answered.map(|attempt| attempt.elapsed).collect(),
            latency: self.elapsed.filter(|_| has_head && !in_log),
            times: OutcomeTimes {
                started: self.started.map(SystemTime::from),
                elapsed: self.elapsed.unwrap_or_default(),
                queued: self.queued,
                first_byte: self.ttfb,
                phases: self.timings.map(Timings::from),
                reused: self.reused == Some(true),
            },
            traffic: Traffic {
                bytes_sent: 0,
                bytes_received: self.size_bytes.unwrap_or(0),
                opened: u64::from(self.reused == Some(false)),
                reused: u64::from(self.reused == Some(true)),
            },
            file: SavedFileFacts {
                skipped: self.skipped,
                ..SavedFileFacts::default()
            },
            redirects: self.redirects,
            budget_refused: self.stop_reason.as_deref() == Some("budget_empty"),
            limit: None,
            texts: self,
        }
    }

    fn result(&self) -> ResultFacts<'_> {
        match self.outcome {
            Kind::Success => ResultFacts::Success,
            Kind::Rejected => {
                let rejection = self.rejection.as_ref();
                let code = rejection.and_then(|rejection| rejection.code);
                ResultFacts::Rejected(code.map_or("null".into(), |code| shown(code.get())))
            }
            Kind::Failed if self.error_type == Some(ErrorType::Cancelled) => ResultFacts::Cancelled,
            Kind::Failed => ResultFacts::Failed(FailureFacts {
                // A line of a failure without a class is no result.
                error_type: self.error_type.unwrap_or(ErrorType::Io),
                phase: self.phase,
                status: self.status,
                message: self.error_msg.as_deref().unwrap_or_default(),
            }),
        }
    }

    /// Returns the time from taking the request to its end. `None`: the request was not sent.
    pub(super) fn span(&self) -> Option<RunSpan> {
        let end = SystemTime::from(self.started?).checked_add(self.elapsed.unwrap_or_default())?;
        let total = self.total.or(self.elapsed).unwrap_or_default();
        Some(RunSpan::new(end.checked_sub(total)?, end))
    }
}

/// Returns JSON as a code is shown: text without its quotes, and long text cut.
fn shown(json: &str) -> Cow<'_, str> {
    match serde_json::from_str::<Cow<'_, str>>(json) {
        Ok(text) => cut_code(&text).into(),
        Err(_) => cut_code(json).into(),
    }
}

impl ExampleTexts for BorrowedResult<'_> {
    fn method(&self) -> Option<String> {
        self.method.as_deref().map(str::to_owned)
    }

    fn id(&self) -> Option<String> {
        self.id.as_deref().map(str::to_owned)
    }

    fn url(&self) -> String {
        match (&self.url, &self.error_text) {
            (url, Some(text)) if url.is_empty() => text.clone().into_owned(),
            (url, _) => url.clone().into_owned(),
        }
    }

    fn place(&self) -> Option<String> {
        let place = InputPlace::Line {
            source: self.source.as_deref()?.into(),
            number: self.line?,
        };
        Some(place.to_string())
    }
}
