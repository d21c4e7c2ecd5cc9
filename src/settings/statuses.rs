//! Sets of status codes.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Set of status codes: `200..=299,404`. Says which statuses count as success, or which are retried.
///
/// ```
/// let accepted: haul::settings::StatusSet = "200..=299,404".parse().unwrap();
/// assert!(accepted.contains(204) && accepted.contains(404) && !accepted.contains(500));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusSet(Vec<RangeInclusive<u16>>);

impl StatusSet {
    /// Returns the statuses that are accepted by default: 100 to 399.
    pub(crate) fn usual() -> StatusSet {
        StatusSet::from(100..=399)
    }

    /// True if the status is in the set.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

impl From<RangeInclusive<u16>> for StatusSet {
    fn from(range: RangeInclusive<u16>) -> Self {
        StatusSet(vec![range])
    }
}

impl<const N: usize> From<[u16; N]> for StatusSet {
    fn from(codes: [u16; N]) -> Self {
        codes.into_iter().collect()
    }
}

impl From<&[u16]> for StatusSet {
    fn from(codes: &[u16]) -> Self {
        codes.iter().copied().collect()
    }
}

impl FromIterator<u16> for StatusSet {
    fn from_iter<I: IntoIterator<Item = u16>>(codes: I) -> Self {
        StatusSet(codes.into_iter().map(|code| code..=code).collect())
    }
}

impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, range) in self.0.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            if range.start() == range.end() {
                write!(f, "{comma}{}", range.start())?;
            } else {
                write!(f, "{comma}{}..={}", range.start(), range.end())?;
            }
        }
        Ok(())
    }
}

/// Error for a text that is not a set of status codes: names the part that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a status code or range (as in 200..=299,404)")]
pub struct InvalidStatusSet(String);

impl FromStr for StatusSet {
    type Err = InvalidStatusSet;

    fn from_str(text: &str) -> Result<Self, InvalidStatusSet> {
        let code = |part: &str| {
            part.trim()
                .parse::<u16>()
                .ok()
                .filter(|code| (100..=599).contains(code))
        };
        text.split(',')
            .map(|part| {
                let ends = part.split_once("..=").or_else(|| part.split_once('-'));
                let range = match ends {
                    Some((from, to)) => code(from)
                        .zip(code(to))
                        .filter(|(from, to)| from <= to)
                        .map(|(from, to)| from..=to),
                    None => code(part).map(|code| code..=code),
                };
                range.ok_or_else(|| InvalidStatusSet(part.trim().to_owned()))
            })
            .collect::<Result<Vec<_>, _>>()
            .map(StatusSet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_ranges_read_and_print_the_same() {
        let set: StatusSet = "200..=299, 404,500-503".parse().unwrap();
        assert_eq!(set.to_string(), "200..=299,404,500..=503");
        assert!(set.contains(250) && set.contains(404) && set.contains(503) && !set.contains(300));
        assert!(!StatusSet::default().contains(200));
    }

    #[test]
    fn a_bad_part_is_named() {
        for (text, part) in [
            ("200,abc", "abc"),
            ("299..=200", "299..=200"),
            ("99", "99"),
            ("", ""),
            ("600", "600"),
        ] {
            assert_eq!(
                text.parse::<StatusSet>(),
                Err(InvalidStatusSet(part.into()))
            );
        }
    }
}
