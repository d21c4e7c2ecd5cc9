//! `Retry-After` (RFC 9110 §10.2.3) and `retry-after-ms`: the time for which the server asks to be left alone.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::SignedDuration;
use jiff::civil::{DateTime, datetime};
use jiff::fmt::strtime::BrokenDownTime;

use http::HeaderMap;
use http::header::{DATE, HeaderName, HeaderValue, RETRY_AFTER};

use super::decimal::{milliseconds, seconds, up_to_millis};

/// Wait in milliseconds, which some servers state beside `Retry-After`, whose seconds are coarser.
pub(super) const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// Returns the wait that the response asks for, or the longest of several. `None`: there is no field that can be read;
/// a malformed field counts as absent. A date that has passed is a wait of zero.
///
/// A date is counted from the response's own `Date` if that is valid, else from `now`, so a local clock that is wrong
/// does not matter.
///
/// Also accepted: fractions of a second (rounded up to milliseconds), one-digit days, `UTC` and numeric offsets, wrong
/// names of the day, and numbers of any length; a number that is too large saturates.
///
/// A `retry-after-ms` that can be read, a number of milliseconds, takes the place of `Retry-After`.
pub(crate) fn parse(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let exact = headers.get_all(RETRY_AFTER_MS);
    let exact = exact.iter().filter_map(text).filter_map(milliseconds).max();
    exact.or_else(|| {
        let fields = headers.get_all(RETRY_AFTER).iter().filter_map(text);
        let waits = fields.filter_map(|value| match seconds(value) {
            Some(wait) => Some(up_to_millis(wait)),
            None => {
                let then = date(value, since_1970(now))?;
                let from = sent_at(headers, now);
                Some(Duration::try_from(then.saturating_sub(from)).unwrap_or_default())
            }
        });
        waits.max()
    })
}

/// Returns the time at which the response was sent, since 1970: its own `Date` if that is valid, else `now`.
pub(super) fn sent_at(headers: &HeaderMap, now: SystemTime) -> SignedDuration {
    let now = since_1970(now);
    let sent = headers.get(DATE).and_then(text);
    sent.and_then(|sent| date(sent, now)).unwrap_or(now)
}

fn since_1970(now: SystemTime) -> SignedDuration {
    SignedDuration::system_until(UNIX_EPOCH, now).unwrap_or_default()
}

pub(super) fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().map(str::trim)
}

/// Date forms, without the zone: IMF-fixdate, RFC 850 (with either name of the day), asctime.
const FORMS: [&str; 4] = [
    "%a, %d %b %Y %H:%M:%S",
    "%A, %d-%b-%Y %H:%M:%S",
    "%a, %d-%b-%Y %H:%M:%S",
    "%a %b %d %H:%M:%S %Y",
];

/// Reads a date of a header, such as `Last-Modified`. `None`: the text is no date, or one before 1970.
pub(crate) fn http_date(text: &str) -> Option<SystemTime> {
    // The present time only tells the century of dates with two digits, which were written until 1995.
    let since = date(text.trim(), SignedDuration::from_secs(1_700_000_000))?;
    UNIX_EPOCH.checked_add(since.try_into().ok()?)
}

/// Reads a date as the time since 1970. `None`: the text is no date. All arithmetic is in civil time, because a
/// `jiff::Timestamp` ends a day before the year 9999 does.
fn date(text: &str, now: SignedDuration) -> Option<SignedDuration> {
    const EPOCH: DateTime = datetime(1970, 1, 1, 0, 0, 0, 0);
    let (text, offset) = zone(text)?;
    let read = FORMS
        .iter()
        .find_map(|form| BrokenDownTime::parse(form, text).ok())?;
    let year = match read.year()? {
        ..0 => return None,
        two_digits @ ..100 => nearest(two_digits, EPOCH.checked_add(now).ok()?.year()),
        year => year,
    };
    let (hour, minute, second) = (read.hour()?, read.minute()?, read.second()?);
    // The day of the week is not compared: the date counts, and not the name of its day.
    let civil = DateTime::new(year, read.month()?, read.day()?, hour, minute, second, 0).ok()?;
    Some(civil.duration_since(EPOCH) - offset)
}

/// Takes the zone off the end: `GMT`, `UTC`, `+0300`, or no zone, which means UTC (asctime has none). `None`: the
/// offset is not valid.
fn zone(text: &str) -> Option<(&str, SignedDuration)> {
    let Some((rest, last)) = text.rsplit_once(' ') else {
        return Some((text, SignedDuration::ZERO));
    };
    if ["GMT", "UTC", "UT", "Z"]
        .iter()
        .any(|name| last.eq_ignore_ascii_case(name))
    {
        return Some((rest.trim_end(), SignedDuration::ZERO));
    }
    if last.starts_with(['+', '-']) {
        let offset = BrokenDownTime::parse("%z", last).ok()?.offset()?;
        let seconds = SignedDuration::from_secs(offset.seconds().into());
        return Some((rest.trim_end(), seconds));
    }
    Some((text, SignedDuration::ZERO))
}

/// Returns the year with these last two digits that is no more than 50 years ahead (RFC 9110 §5.6.7), and less than 50
/// behind.
fn nearest(two_digits: i16, now: i16) -> i16 {
    let year = now - now.rem_euclid(100) + two_digits;
    if year > now.saturating_add(50) {
        year - 100
    } else if year <= now - 50 {
        year.saturating_add(100)
    } else {
        year
    }
}

#[cfg(test)]
mod tests;
