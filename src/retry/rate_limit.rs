//! Rate limits that servers announce in headers: what is left of a limit, and when it is reset.
//!
//! Read are `x-ratelimit-*` (GitHub and many others), `ratelimit-*` and `RateLimit`
//! (draft-ietf-httpapi-ratelimit-headers, in its present and its earlier forms), and `x-ratelimit-*-requests` and
//! `-tokens` (OpenAI). A value that cannot be read counts as absent.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

use super::decimal::{seconds, with_units};
use super::retry_after::{sent_at, text};

/// Fields of a limit that is announced in two fields: what is left, and the time of the reset. The first two pairs are
/// limits on requests of any kind, so that a 403 with nothing left under them was refused because of the limit.
const PAIRS: [(&str, &str); 4] = [
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
    (
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests",
    ),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
];

/// Number of the [`PAIRS`] that are limits on requests of any kind.
const GENERAL: usize = 2;

/// Field with several limits, each with all its values.
const COMBINED: &str = "ratelimit";

/// Largest number that is a number of seconds from now. A larger one is a time since 1970.
const SINCE_1970: Duration = Duration::from_secs(1_000_000_000);

/// Largest number that is a number of seconds since 1970. A larger one is a number of milliseconds since then.
const IN_MILLISECONDS: Duration = Duration::from_secs(1_000_000_000_000);

/// Rate limits of a response that was refused, put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AnnouncedLimit {
    /// True if a limit on requests says that nothing is left.
    pub(crate) is_used_up: bool,
    /// Longest time until the reset of a limit that has nothing left, or does not say what is left. `None`: no such
    /// limit says its reset.
    pub(crate) reset: Option<Duration>,
}

/// Limit that a response announces.
#[derive(Clone, Copy, Debug, Default)]
struct Quota {
    /// True if nothing is left of it. `None`: it does not say what is left.
    is_used_up: Option<bool>,
    /// Time until the reset. `None`: it does not say.
    reset: Option<Duration>,
    /// True if it limits requests of any kind.
    is_general: bool,
}

/// Returns the limits of a response that was refused.
pub(crate) fn parse(headers: &HeaderMap, now: SystemTime) -> AnnouncedLimit {
    let quotas = quotas(headers, now);
    let used_up = |quota: &Quota| quota.is_used_up == Some(true);
    let waits = quotas.iter().filter(|q| q.is_used_up != Some(false));
    AnnouncedLimit {
        is_used_up: quotas.iter().any(|q| q.is_general && used_up(q)),
        reset: waits.filter_map(|quota| quota.reset).max(),
    }
}

/// Returns the longest time until the reset of a limit that says that nothing is left. `None`: there is no such limit,
/// or it does not say its reset.
pub(crate) fn pause(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let quotas = quotas(headers, now);
    let used_up = quotas.iter().filter(|q| q.is_used_up == Some(true));
    used_up.filter_map(|quota| quota.reset).max()
}

fn quotas(headers: &HeaderMap, now: SystemTime) -> Vec<Quota> {
    let from = Duration::try_from(sent_at(headers, now)).unwrap_or_default();
    let fields = |name: &'static str| headers.get_all(name).into_iter().filter_map(text);
    let pairs = PAIRS.iter().enumerate().map(|(at, (remaining, reset))| {
        let left = fields(remaining).filter_map(is_zero);
        Quota {
            is_used_up: left.reduce(|one, other| one || other),
            reset: fields(reset).filter_map(|text| until(text, from)).max(),
            is_general: at < GENERAL,
        }
    });
    let combined = fields(COMBINED).flat_map(|text| combined(text, from));
    pairs.chain(combined).collect()
}

/// Reads a field with several limits: `"default";r=0;t=30`, or `limit=10, remaining=0, reset=5` of earlier drafts, which
/// is one limit.
fn combined(field: &str, from: Duration) -> Vec<Quota> {
    let mut members = Quota::of_requests();
    let mut quotas = Vec::new();
    for member in split(field, ',') {
        let mut own = Quota::of_requests();
        for (at, part) in split(member, ';').into_iter().enumerate() {
            match at {
                0 => members.read(part, from),
                _ => own.read(part, from),
            }
        }
        quotas.push(own);
    }
    quotas.push(members);
    quotas
}

impl Quota {
    /// Returns a limit on requests that says nothing yet.
    fn of_requests() -> Quota {
        Quota {
            is_general: true,
            ..Quota::default()
        }
    }

    /// Reads a part of the form `key=value`.
    fn read(&mut self, part: &str, from: Duration) {
        let Some((key, value)) = part.split_once('=') else {
            return;
        };
        let (key, value) = (key.trim(), value.trim());
        let is = |names: [&str; 2]| names.iter().any(|name| key.eq_ignore_ascii_case(name));
        if is(["r", "remaining"]) {
            self.is_used_up = is_zero(value).or(self.is_used_up);
        } else if is(["t", "reset"]) {
            self.reset = until(value, from).or(self.reset);
        }
    }
}

/// Splits text at each separator that is not between quotation marks.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(|c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return c == separator && !quoted,
        }
        false
    })
    .collect()
}

/// True if the number is zero. `None`: the text is no number.
fn is_zero(text: &str) -> Option<bool> {
    seconds(text).map(|number| number.is_zero())
}

/// Reads the time of a reset as the time from `from` (since 1970) on: by its size a number of seconds from then, or of
/// seconds or milliseconds since 1970, or a length of time with units. A reset that has passed is zero.
fn until(text: &str, from: Duration) -> Option<Duration> {
    let Some(number) = seconds(text) else {
        return with_units(text);
    };
    if number <= SINCE_1970 {
        return Some(number);
    }
    let at = match number > IN_MILLISECONDS {
        true => number / 1_000,
        false => number,
    };
    Some(at.saturating_sub(from))
}

#[cfg(test)]
mod tests;
