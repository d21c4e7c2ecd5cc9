//! Figures of a report as people read them.

use std::time::Duration;

use crate::summary::numbers::{LARGE, number, percent};

/// Formats a number with a comma between groups of three digits.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a number with its noun, which gets an s unless the number is 1.
pub(super) fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(n), if n == 1 { "" } else { "s" })
}

/// Formats a part of a whole in per cent. None and all are exact.
pub(super) fn share(part: u64, all: u64) -> String {
    match part {
        _ if part == all => "100 %".to_owned(),
        _ => percent(part, all),
    }
}

/// Formats a time in milliseconds, with two decimals below 10 ms and one below 100 ms.
pub(super) fn ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    match ms {
        ..9.995 => format!("{ms:.2}"),
        ..99.95 => format!("{ms:.1}"),
        ..LARGE => grouped(ms.round() as u64),
        _ => number(ms),
    }
}

/// Formats a time in milliseconds; a dash stands for an unknown time.
pub(super) fn ms_or_dash(time: Option<Duration>) -> String {
    time.map_or("–".to_owned(), ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three_digits() {
        let shown = [0, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            (counted(1, "host"), counted(2_000, "host")),
            ("1 host".into(), "2,000 hosts".into())
        );
    }

    #[test]
    fn only_all_is_100_per_cent() {
        let shown = [share(0, 7), share(7, 7), share(9_999_999, 10_000_000)];
        assert_eq!(shown, ["0 %", "100 %", ">99.9 %"]);
    }

    #[test]
    fn times_have_few_digits() {
        let shown = [0.25, 9.9999, 42.123, 4_120.4].map(|n| ms(Duration::from_secs_f64(n / 1e3)));
        assert_eq!(shown, ["0.25", "10.0", "42.1", "4,120"]);
        assert_eq!(ms(Duration::from_micros(u64::MAX)), "1.8e16");
    }
}
