//! Times and rates as people write them.

use std::time::Duration;

/// Reads a time as the command takes it: `500ms`, `2s`, `5m` (or `5min`), `1h`, `1.5` (seconds).
///
/// Blanks around the text and before the unit are skipped. `None`: the text is no such time.
///
/// ```
/// use std::time::Duration;
/// use haul::settings::parse_time;
///
/// assert_eq!(parse_time("1.5"), Some(Duration::from_millis(1500)));
/// assert_eq!(parse_time("2 min"), Some(Duration::from_secs(120)));
/// assert_eq!(parse_time("fast"), None);
/// ```
pub fn parse_time(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit = text.find(|c: char| !(c.is_ascii_digit() || c == '.'));
    let (number, unit) = text.split_at(unit.unwrap_or(text.len()));
    let number: f64 = number.parse().ok()?;
    let seconds = match unit.trim_start() {
        "ms" => number / 1000.0,
        unit => number * unit_of_time(unit)?.as_secs_f64(),
    };
    Duration::try_from_secs_f64(seconds).ok()
}

/// Reads a rate as the command takes it: `50`, `0.5/s`, `3000/m`, `10/h`.
///
/// Returns the count and the time that it is counted in. The count is any number that is not negative, so also infinity. `None`: the text is no such rate.
///
/// ```
/// use std::time::Duration;
/// use haul::settings::parse_rate;
///
/// assert_eq!(parse_rate("50"), Some((50.0, Duration::from_secs(1))));
/// assert_eq!(parse_rate("3000/min"), Some((3000.0, Duration::from_secs(60))));
/// ```
pub fn parse_rate(text: &str) -> Option<(f64, Duration)> {
    let text = text.trim();
    let (count, unit) = text.split_once('/').unwrap_or((text, "s"));
    let count = count
        .trim_end()
        .parse()
        .ok()
        .filter(|count| *count >= 0.0)?;
    let per = match unit {
        "" => return None,
        unit => unit_of_time(unit)?,
    };
    Some((count, per))
}

/// Returns the time that a unit stands for. Without a unit, a number is one of seconds.
fn unit_of_time(unit: &str) -> Option<Duration> {
    let seconds = match unit {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        _ => return None,
    };
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        let ms = |text| parse_time(text).map(|time| time.as_secs_f64() * 1e3);
        for (text, expected) in [
            ("500ms", 500.0),
            ("2s", 2_000.0),
            (" 2 s ", 2_000.0),
            ("1.5", 1_500.0),
            (".5", 500.0),
            ("5m", 300_000.0),
            ("5min", 300_000.0),
            ("1h", 3_600_000.0),
        ] {
            assert_eq!(ms(text), Some(expected), "{text}");
        }
        for text in [
            "", "x", "-1", "+1", "1d", "1e400", "1e3", "NaN", "inf", "1.2.3", "ms", "9e99s",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
        assert_eq!(parse_time(&"9".repeat(40)), None);
    }

    #[test]
    fn rates_have_a_window() {
        let seconds = |text| parse_rate(text).map(|(count, per)| (count, per.as_secs()));
        for (text, expected) in [
            ("50", (50.0, 1)),
            (".5/s", (0.5, 1)),
            (" 1.5/m", (1.5, 60)),
            ("3000/min", (3000.0, 60)),
            ("30/h ", (30.0, 3600)),
            ("0", (0.0, 1)),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in ["", "5/d", "-1", "/s", "5/", "NaN", "1 0", "5/s/m", "5/ms"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
