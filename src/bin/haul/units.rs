//! Times, rates, sizes and the like, as people write them.

use std::fmt;
use std::time::Duration;

use haul::RateLimit;
use haul::record::{Layout, Selection, Template};
use haul::settings::{parse_rate, parse_time};
use serde_json::Value;

/// Upper bound for `--jobs`, as for the library's `workers`: Linux numbers no more threads.
const MOST_JOBS: usize = 1 << 22;

/// Reads a time: `500ms`, `2s`, `5m`, `1h`, `1.5` (seconds).
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    parse_time(text).ok_or_else(|| "a time is expected, such as 500ms, 2s or 1.5".to_owned())
}

/// A rate as typed: a limit for one window of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    count: f64,
    seconds: u64,
    /// The window by its unit as typed: s, m or h.
    pub(crate) window: &'static str,
}

impl Rate {
    pub(crate) fn limit(self) -> RateLimit {
        RateLimit::new(self.count, Duration::from_secs(self.seconds))
    }

    /// Returns the time from one start to the next, if the starts are spread evenly.
    #[cfg(feature = "fleet")]
    pub(crate) fn nanoseconds(self) -> f64 {
        self.seconds as f64 * 1e9 / self.count
    }

    /// Returns the part of the rate that each of so many shards has: the same number in a longer time.
    pub(crate) fn in_shards(self, shards: u32) -> Rate {
        Rate {
            seconds: self.seconds * u64::from(shards),
            ..self
        }
    }
}

/// For example `50 in 16s`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}s", self.count, self.seconds)
    }
}

/// Reads a rate: `50`, `0.5`, `50/s`, `3000/m`, `10/h`.
pub(crate) fn rate(text: &str) -> Result<Rate, String> {
    const LARGEST: f64 = u32::MAX as f64;
    const EXPECTED: &str = "a rate above zero is expected, such as 50, 0.5, 50/s, 3000/m or 10/h";
    let (count, per) = parse_rate(text).ok_or(EXPECTED)?;
    let window = match per.as_secs() {
        1 => "s",
        60 => "m",
        _ => "h",
    };
    if count > LARGEST {
        return Err(format!("a rate is at most {LARGEST}/{window}"));
    }
    if count == 0.0 {
        return Err(EXPECTED.to_owned());
    }
    Ok(Rate {
        count,
        seconds: per.as_secs(),
        window,
    })
}

/// Reads a size in bytes: `4096`, `64K`, `10M`, `2G`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let shift = match unit {
        "" | "B" => 0,
        "K" | "k" | "KiB" => 10,
        "M" | "m" | "MiB" => 20,
        "G" | "g" | "GiB" => 30,
        _ => 64,
    };
    let bytes = number
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(1_u64.checked_shl(shift)?));
    bytes.ok_or_else(|| "a size is expected, such as 64K or 10M".to_owned())
}

/// Reads a number of jobs, such as `32`: from 1 to the number of possible threads.
pub(crate) fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=MOST_JOBS) => Ok(count),
        _ => Err(format!("a number from 1 to {MOST_JOBS} is expected")),
    }
}

/// Number of requests at once to one host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum JobsPerHost {
    /// No limit but that of all requests.
    Any,
    Fixed(usize),
    /// A number that follows what the host takes.
    Auto,
}

/// Reads a number of requests at once to one host: `0` (no limit), `8`, `auto`.
pub(crate) fn jobs_per_host(text: &str) -> Result<JobsPerHost, String> {
    match (text, whole(text)) {
        ("auto", _) => Ok(JobsPerHost::Auto),
        (_, Ok(0)) => Ok(JobsPerHost::Any),
        (_, Ok(count)) => Ok(JobsPerHost::Fixed(count)),
        (_, Err(expected)) => Err(format!("{expected}, or auto")),
    }
}

/// Reads a whole number from 0, such as `3`.
pub(crate) fn whole<N: TryFrom<u32>>(text: &str) -> Result<N, String> {
    let number = text.parse::<u32>().ok();
    number
        .and_then(|number| N::try_from(number).ok())
        .ok_or_else(|| format!("a whole number from 0 to {} is expected", u32::MAX))
}

/// Reads a whole number from 1, such as `3`.
pub(crate) fn above_zero(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(count @ 1..) => Ok(count),
        _ => Err(format!("a whole number from 1 to {} is expected", u32::MAX)),
    }
}

/// Number of failures that ends a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FailureLimit {
    Count(u64),
    /// Share of the finished requests, from a hundred finished requests on.
    Percent(f64),
}

/// Reads a number or share of failures: `20`, `5%`.
pub(crate) fn most(text: &str) -> Result<FailureLimit, String> {
    let percent = text.strip_suffix('%').map(str::parse::<f64>);
    match (percent, text.parse()) {
        (Some(Ok(percent)), _) if (0.0..=100.0).contains(&percent) => {
            Ok(FailureLimit::Percent(percent))
        }
        (None, Ok(count)) if count > 0 => Ok(FailureLimit::Count(count)),
        _ => Err("a number above zero is expected, or a share such as 5%".to_owned()),
    }
}

/// Reads `name=value`.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("NAME=VALUE is expected".to_owned()),
    }
}

/// Reads the character between the cells of a table.
pub(crate) fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" | b"tab" => Ok(b'\t'),
        [b'"' | b'\n' | b'\r'] => Err("a quote or line end cannot be between cells".to_owned()),
        [one] if one.is_ascii() => Ok(*one),
        _ => Err("one ASCII character is expected, such as ';', or \\t".to_owned()),
    }
}

/// Name of a header, a query parameter or both whose value is secret.
#[derive(Clone, Debug)]
pub(crate) struct SecretName(pub(crate) String);

/// Reads the name of a header, a query parameter or both, such as `X-My-Key`.
pub(crate) fn secret_name(text: &str) -> Result<SecretName, String> {
    let name = text.trim();
    // A name with one of these characters would match nothing, and the intended secret would be shown.
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ':' | '=' | '&');
    match name.is_empty() || name.contains(is_odd) {
        true => {
            Err("the name of a header or query parameter is expected, without a value".to_owned())
        }
        false => Ok(SecretName(name.to_owned())),
    }
}

/// Reads the names of values, with commas between them.
pub(crate) fn selection(text: &str) -> Result<Selection, String> {
    Selection::parse(text).map_err(|e| e.to_string())
}

/// Reads a line of text with placeholders.
pub(crate) fn line(text: &str) -> Result<Layout, String> {
    if text.is_empty() {
        return Err("a line with placeholders is expected, such as '{id} {status}'".to_owned());
    }
    let template = Template::parse(text).map_err(|e| e.to_string())?;
    Layout::line(template).map_err(|e| e.to_string())
}

/// Reads `/pointer=value`; the value is JSON, or else text.
pub(crate) fn requirement(text: &str) -> Result<(String, Value), String> {
    match pair(text) {
        Ok((pointer, value)) if pointer.starts_with('/') => {
            let value = serde_json::from_str(&value).unwrap_or(Value::String(value));
            Ok((pointer, value))
        }
        _ => Err("POINTER=VALUE is expected, such as /code=0".to_owned()),
    }
}

/// Splits the text into the number and the letters after it.
fn split(text: &str) -> (&str, &str) {
    let at = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    text.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_rates_and_sizes_are_read_as_people_write_them() {
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(time("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(time("2m"), Ok(Duration::from_secs(120)));
        for (text, limit) in [
            ("3000/m", RateLimit::per_minute(3000)),
            ("3000/min", RateLimit::per_minute(3000)),
            ("50", RateLimit::per_second(50)),
            ("0.5", RateLimit::per_second(0.5)),
            (".5/s", RateLimit::per_second(0.5)),
            (" 1.5/m", RateLimit::per_minute(1.5)),
            ("30/h ", RateLimit::per_hour(30)),
            ("4294967295", RateLimit::per_second(u32::MAX)),
        ] {
            assert_eq!(rate(text).map(Rate::limit), Ok(limit), "{text}");
        }
        assert_eq!(jobs_per_host("0"), Ok(JobsPerHost::Any));
        assert_eq!(jobs_per_host("8"), Ok(JobsPerHost::Fixed(8)));
        assert_eq!(jobs_per_host("auto"), Ok(JobsPerHost::Auto));
        assert_eq!((size("64K"), size("10M")), (Ok(64 << 10), Ok(10 << 20)));
        assert_eq!(
            (most("20"), most("5%")),
            (Ok(FailureLimit::Count(20)), Ok(FailureLimit::Percent(5.0)))
        );
        assert_eq!(requirement("/code=0"), Ok(("/code".to_owned(), 0.into())));
        assert_eq!(requirement("/s=ok"), Ok(("/s".to_owned(), "ok".into())));
    }

    #[test]
    fn a_shard_has_the_same_number_in_a_longer_time() {
        let part = rate("50/s").unwrap().in_shards(16);
        assert_eq!(part.limit(), RateLimit::new(50, Duration::from_secs(16)));
        let part = rate("0.5/m").unwrap().in_shards(100_000);
        assert_eq!(part.to_string(), "0.5 in 6000000s");
    }

    #[test]
    fn values_in_no_unit_are_refused() {
        for text in ["", "x", "-1", "1d", "1e400", "NaN", "inf"] {
            assert!(time(text).is_err(), "{text}");
        }
        for text in [
            "", "0", "0.0", "-0", "5/d", "-1", "-0.5/m", "/s", "5/", "NaN", "1e-400", "1 0",
            "5/s/m",
        ] {
            let reason = rate(text).unwrap_err();
            assert!(reason.contains("above zero"), "{text}: {reason}");
        }
        for text in ["inf", "1e300/m", "4294967296"] {
            let reason = rate(text).unwrap_err();
            assert!(reason.contains("at most 4294967295/"), "{text}: {reason}");
        }
        for text in ["", "-1", "1T", "99999999999G"] {
            assert!(size(text).is_err(), "{text}");
        }
        for text in ["0", "-1", "4194305", "many", "1.5"] {
            assert!(jobs(text).is_err(), "{text}");
        }
        for text in ["", "-1", "1.5", "automatic", "AUTO"] {
            let reason = jobs_per_host(text).unwrap_err();
            assert!(
                reason.ends_with(" is expected, or auto"),
                "{text}: {reason}"
            );
        }
        assert!(most("0").is_err() && most("101%").is_err() && requirement("code=0").is_err());
    }
}
