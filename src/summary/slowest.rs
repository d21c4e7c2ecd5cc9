//! The slowest requests.

use std::cmp::Reverse;
use std::ops::AddAssign;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::facts::OutcomeFacts;
use super::texts::{URL, cut};
use crate::timing::{millis, millis_option};

/// Number of requests that are kept.
const KEPT: usize = 20;

/// Request that is among the slowest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SlowRequest {
    /// Time of the last attempt, from its start to the end of the body or the failure.
    #[serde(rename = "elapsed_ms", with = "millis")]
    pub elapsed: Duration,
    /// Time from the start of the last attempt to the head of the response.
    ///
    /// `None`: the time is not known.
    #[serde(
        rename = "ttfb_ms",
        default,
        skip_serializing_if = "Option::is_none",
        with = "millis_option"
    )]
    pub first_byte: Option<Duration>,
    /// Status of the response. `None`: the status is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Number of attempts.
    pub attempts: u32,
    /// Position in the input, from 0.
    pub index: u64,
    /// Place that the request was read from: `urls.txt:17`, `stdin:17` or `argument 2`.
    ///
    /// `None`: the place is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// URL of the request, with secrets masked.
    pub url: String,
}

/// The slowest requests of a summary, slowest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Slowest(Vec<SlowRequest>);

impl Slowest {
    pub(super) fn as_slice(&self) -> &[SlowRequest] {
        &self.0
    }

    /// Keeps the request if it is among the slowest.
    pub(super) fn offer(&mut self, facts: &OutcomeFacts<'_>) {
        let elapsed = millis::round(facts.times.elapsed);
        let is_full = self.0.len() >= KEPT;
        let last = self.0.last().filter(|_| is_full);
        if last.is_some_and(|last| {
            (last.elapsed, Reverse(last.index)) >= (elapsed, Reverse(facts.index))
        }) {
            return;
        }
        self.0.push(SlowRequest {
            elapsed,
            first_byte: facts.times.first_byte.map(millis::round),
            status: facts.status,
            attempts: facts.attempts,
            index: facts.index,
            place: facts.texts.place(),
            url: cut(&facts.texts.url(), URL),
        });
        self.settle();
    }

    fn settle(&mut self) {
        self.0.sort_by(|a, b| {
            let order = |slow: &SlowRequest| (Reverse(slow.elapsed), slow.index);
            order(a).cmp(&order(b)).then_with(|| a.url.cmp(&b.url))
        });
        self.0.truncate(KEPT);
    }
}

impl AddAssign<&Slowest> for Slowest {
    fn add_assign(&mut self, other: &Slowest) {
        self.0.extend_from_slice(&other.0);
        self.settle();
    }
}
