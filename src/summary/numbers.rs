//! Numbers, times and sizes as people read them.

use std::time::Duration;

use super::Distribution;

pub(crate) fn plural(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Formats a share. A share that is neither none nor all is not shown as 0 % or 100 %.
pub(crate) fn percent(part: u64, all: u64) -> String {
    let share = part as f64 * 100.0 / all as f64;
    if part == 0 {
        "0 %".to_owned()
    } else if share < 0.05 {
        "<0.1 %".to_owned()
    } else if share > 99.94 && part < all {
        ">99.9 %".to_owned()
    } else {
        format!("{share:.1} %")
    }
}

pub(super) fn mean(of: &Distribution) -> String {
    let ms = of.mean().as_secs_f64() * 1e3;
    if ms < 1.0 {
        format!("{ms:.2}")
    } else {
        tenths(ms)
    }
}

pub(crate) fn millis_shown(time: Duration) -> String {
    number(time.as_secs_f64() * 1e3)
}

/// Number from which on numbers are shown with an exponent, so that they have few digits: 1.8e16.
pub(crate) const LARGE: f64 = 1e9;

/// Formats a number with about two digits: 0.25, 3.1, 96, 4120.
pub(crate) fn number(n: f64) -> String {
    if n == 0.0 {
        "0".to_owned()
    } else if n < 0.995 {
        format!("{n:.2}")
    } else if n < 9.95 {
        format!("{n:.1}")
    } else if n < LARGE {
        format!("{n:.0}")
    } else {
        format!("{n:.1e}")
    }
}

/// Formats a number with one decimal.
pub(crate) fn tenths(n: f64) -> String {
    match n < LARGE {
        true => format!("{n:.1}"),
        false => format!("{n:.1e}"),
    }
}

pub(crate) fn span(time: Duration) -> String {
    let s = time.as_secs();
    match s {
        0 => format!("{:.2} s", time.as_secs_f64()),
        1..120 => format!("{:.1} s", time.as_secs_f64()),
        120..3600 => format!("{} min {} s", s / 60, s % 60),
        3600..3_600_000_000 => format!("{} h {} min", s / 3600, s % 3600 / 60),
        _ => format!("{} h", number(s as f64 / 3600.0)),
    }
}

/// Formats a number of bytes in decimal units, as networks are measured in.
pub(crate) fn size(bytes: u64) -> String {
    let mut n = bytes as f64;
    let mut units = ["kB", "MB", "GB", "TB"].iter();
    let mut unit = "B";
    while n >= 999.95
        && let Some(next) = units.next()
    {
        (n, unit) = (n / 1000.0, next);
    }
    if unit == "B" {
        format!("{bytes} B")
    } else {
        format!("{n:.1} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_share_of_nothing_is_shown_as_a_small_one() {
        let shown = [percent(0, 7), percent(1, 10_000), percent(7, 7)];
        assert_eq!(shown, ["0 %", "<0.1 %", "100.0 %"]);
    }

    #[test]
    fn the_longest_times_have_few_digits() {
        let longest = Duration::MAX;
        for shown in [millis_shown(longest), span(longest), tenths(1e300)] {
            assert!(shown.len() < 10, "{shown}");
        }
        assert_eq!(span(Duration::from_secs(7_260)), "2 h 1 min");
    }
}
