//! Waits that a response announces in its headers.

use std::time::{Duration, SystemTime};

use http::HeaderName;

use crate::response::Headers;

use super::rate_limit::{self, AnnouncedLimit};
use super::retry_after::{self, RETRY_AFTER_MS};

/// Name of the header by which a server says if a request is to be tried again.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// Waits that a response announces in its headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AnnouncedWaits {
    /// Wait that `Retry-After` or `retry-after-ms` asks for. `None`: there is none that can be read.
    pub(crate) retry_after: Option<Duration>,
    /// Rate limits of a 429, of a 503, and of a 403 that says that nothing is left.
    pub(crate) limit: AnnouncedLimit,
    /// True if the server asks not to be tried again (`x-should-retry: false`).
    pub(crate) says_no: bool,
}

impl AnnouncedWaits {
    /// Returns the waits of a response that was not accepted. Makes a map of its headers only if there may be a wait.
    pub(crate) fn of(status: u16, headers: &Headers, now: SystemTime) -> AnnouncedWaits {
        let answer = headers.first(&SHOULD_RETRY);
        let says_no =
            answer.is_some_and(|answer| answer.trim_ascii().eq_ignore_ascii_case(b"false"));
        let may_be_limited = matches!(status, 403 | 429 | 503);
        if !may_be_limited
            && headers.retry_after().is_none()
            && headers.first(&RETRY_AFTER_MS).is_none()
        {
            return AnnouncedWaits {
                says_no,
                ..AnnouncedWaits::default()
            };
        }
        let limit = match may_be_limited {
            true => rate_limit::parse(headers, now),
            false => AnnouncedLimit::default(),
        };
        AnnouncedWaits {
            says_no,
            retry_after: retry_after::parse(headers, now),
            // A 403 is refused for other reasons, too.
            limit: match status == 403 && !limit.is_used_up {
                true => AnnouncedLimit::default(),
                false => limit,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn of(status: u16, lines: &str) -> AnnouncedWaits {
        let asks = lines.contains("Retry-After:");
        let headers = Headers::of_lines(lines.as_bytes(), asks);
        AnnouncedWaits::of(status, &headers, UNIX_EPOCH)
    }

    #[test]
    fn rate_limits_are_read_of_the_statuses_that_they_explain() {
        let lines = "x-ratelimit-remaining: 0\r\nX-RateLimit-Reset: 9\r\n";
        for status in [403, 429, 503] {
            let limit = of(status, lines).limit;
            assert_eq!(limit.reset, Some(Duration::from_secs(9)), "{status}");
        }
        for status in [200, 400, 404, 500, 502, 529] {
            assert_eq!(of(status, lines), AnnouncedWaits::default(), "{status}");
        }
    }

    #[test]
    fn a_403_that_says_of_no_limit_that_it_is_used_up_announces_no_limit() {
        for lines in [
            "x-ratelimit-reset: 9\r\n",
            "x-ratelimit-remaining: 4\r\nx-ratelimit-reset: 9\r\n",
            "x-ratelimit-remaining-tokens: 0\r\nx-ratelimit-reset-tokens: 9s\r\n",
        ] {
            assert_eq!(of(403, lines), AnnouncedWaits::default(), "{lines}");
        }
    }

    #[test]
    fn only_the_word_false_asks_not_to_be_tried_again() {
        for (value, says_no) in [
            ("false", true),
            (" FALSE ", true),
            ("true", false),
            ("0", false),
        ] {
            let line = format!("X-Should-Retry:{value}\r\n");
            for status in [404, 429, 500] {
                assert_eq!(of(status, &line).says_no, says_no, "{value}");
            }
        }
    }

    #[test]
    fn waits_are_read_of_every_status() {
        let second = Some(Duration::from_secs(1));
        for status in [200, 403, 404, 413, 429, 500, 503] {
            assert_eq!(of(status, "Retry-After: 1\r\n").retry_after, second);
            assert_eq!(of(status, "Retry-After-Ms: 1000\r\n").retry_after, second);
            assert_eq!(of(status, "x-other: 1\r\n"), AnnouncedWaits::default());
        }
    }
}
