//! Numbers and lengths of time as servers write them in headers.

use std::time::Duration;

/// Units of a length of time such as `1m30.9s`, each with its length in nanoseconds. A unit comes before the units that
/// its name begins with.
const UNITS: [(&str, u64); 7] = [
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
    ("d", 86_400 * 1_000_000_000),
    ("h", 3_600 * 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("s", 1_000_000_000),
];

/// Reads a number of seconds: `120`, `0.503`. Digits behind the ninth of a fraction round it up, and a number that is
/// too large saturates. `None`: the text is anything else.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !fraction.is_none_or(digits) {
        return None;
    }
    let add = |n: u64, digit: u8| n.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    let whole = whole.bytes().fold(0, add);
    let fraction = fraction.unwrap_or_default().as_bytes();
    let nanos = (0..9).fold(0, |n, at| add(n, *fraction.get(at).unwrap_or(&b'0')));
    let more = fraction.iter().skip(9).any(|digit| *digit != b'0');
    let nanos = Duration::from_nanos(nanos + u64::from(more));
    Some(Duration::from_secs(whole).saturating_add(nanos))
}

/// Reads a length of time with units, as Go prints it: `120ms`, `1s`, `1m30.9s`. `None`: the text is anything else.
pub(super) fn with_units(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut sum = None;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit_first) = rest.split_at(end);
        let (name, nanos) = UNITS
            .into_iter()
            .find(|(name, _)| unit_first.starts_with(name))?;
        let part = times(seconds(number)?, nanos);
        sum = Some(sum.unwrap_or(Duration::ZERO).saturating_add(part));
        rest = &unit_first[name.len()..];
    }
    sum
}

/// Reads a number of milliseconds: `1500`, `0.5`. `None`: the text is anything else.
pub(super) fn milliseconds(text: &str) -> Option<Duration> {
    seconds(text).map(|number| times(number, 1_000_000))
}

/// Returns the length of `number` units, where the number is written as a number of seconds and a unit is this many
/// nanoseconds long. A length that is too large saturates.
fn times(number: Duration, unit: u64) -> Duration {
    let nanos = number.as_nanos().saturating_mul(u128::from(unit)) / 1_000_000_000;
    let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX);
    Duration::new(seconds, (nanos % 1_000_000_000) as u32)
}

/// Returns the length of time, rounded up to whole milliseconds.
pub(super) fn up_to_millis(time: Duration) -> Duration {
    match time.subsec_nanos() % 1_000_000 {
        0 => time,
        over => time.saturating_add(Duration::from_nanos(u64::from(1_000_000 - over))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_with_their_units() {
        for (text, nanos) in [
            ("120ms", 120_000_000),
            ("1s", 1_000_000_000),
            ("0s", 0),
            ("1m30.9s", 90_900_000_000),
            ("6m0s", 360_000_000_000),
            ("1h2m3s", 3_723_000_000_000),
            ("1m5ms", 60_005_000_000),
            ("7.66s", 7_660_000_000),
            ("1.5m", 90_000_000_000),
            ("250us", 250_000),
            ("9ns", 9),
            ("1d", 86_400_000_000_000),
        ] {
            assert_eq!(
                with_units(text),
                Some(Duration::from_nanos(nanos)),
                "{text}"
            );
        }
    }

    #[test]
    fn text_that_is_no_length_of_time_is_not_read() {
        for text in [
            "", "s", "1", "ms", "-1s", "+1s", "1 s", "1s ", "1m 30s", "1.s", ".5s", "1..5s",
            "1e3s", "1x", "1sm", "1s1", "1S", "\u{b2}s",
        ] {
            assert_eq!(with_units(text), None, "{text:?}");
        }
    }

    #[test]
    fn numbers_too_large_saturate() {
        let digits = "9".repeat(40);
        let saturated = Duration::from_secs(u64::MAX);
        assert!(seconds(&digits).unwrap() >= saturated);
        assert!(with_units(&format!("{digits}d{digits}h")).unwrap() >= saturated);
        let thousandth = Duration::from_secs(u64::MAX / 1_000);
        assert!(milliseconds(&digits).unwrap() >= thousandth);
    }
}
