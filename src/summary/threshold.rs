//! Thresholds: conditions on the figures of a summary.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::Summary;
use super::numbers::{millis_shown, number, percent};
use crate::error::ErrorType;
use crate::settings::{parse_rate, parse_time};

/// Condition on a figure of a summary, such as `p95>500ms`, `failed>1%` or `status:5xx>0`.
///
/// A threshold is a figure, `>`, `>=`, `<` or `<=`, and a value. The figures:
///
/// | figure | value | meaning |
/// |---|---|---|
/// | `failed` `rejected` `retried` | number or share | requests; `failed` does not count rejected ones |
/// | `not_done` | number or share | requests that were read and did not come to their end; a share is one of all requests |
/// | `status:404` `status:5xx` | number or share | requests by the status of their last response |
/// | `error:timeout` | number or share | failed requests of the class |
/// | `mean` `p50` `p90` `p95` `p99` `max` | time | latency of the responses; a time is written `500ms`, `2s`, `5m` or `1.5` (seconds) |
/// | `rate` | number | finished requests per second: `50`, `50/s` or `3000/m` |
///
/// A share is written `1%` and is one of the finished requests, except for `not_done`.
///
/// ```
/// use haul::summary::{Summary, Threshold, ThresholdCheck};
///
/// let threshold: Threshold = "failed>1%".parse()?;
/// assert_eq!(threshold.check(&Summary::new()), ThresholdCheck::NoData);
/// # Ok::<(), haul::summary::InvalidThreshold>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    text: String,
    figure: Figure,
    operator: Operator,
    bound: Bound,
}

/// Result of a check of a [`Threshold`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ThresholdCheck {
    /// The condition does not hold.
    Kept,
    /// The condition holds. The text is the value of the figure, such as `612 ms`.
    Exceeded(String),
    /// The summary has no such figure, for example no latency because no response came.
    NoData,
}

/// Text that is no threshold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidThreshold(String);

/// Figure of a summary.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Figure {
    Failed,
    Rejected,
    NotDone,
    Retried,
    /// Statuses from the first to the second.
    Status(u16, u16),
    Error(ErrorType),
    Mean,
    /// Share of the responses that have at most this latency.
    Quantile(f64),
    Max,
    Rate,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    Above,
    AtLeast,
    Below,
    AtMost,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    Number(f64),
    /// Share from 0 to 1.
    Share(f64),
    Time(Duration),
}

/// Operators; the longer ones come first, since they begin with the others.
const OPERATORS: [(&str, Operator); 4] = [
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    (">", Operator::Above),
    ("<", Operator::Below),
];

const FIGURES: [(&str, Figure); 11] = [
    ("failed", Figure::Failed),
    ("rejected", Figure::Rejected),
    ("not_done", Figure::NotDone),
    ("retried", Figure::Retried),
    ("mean", Figure::Mean),
    ("p50", Figure::Quantile(0.5)),
    ("p90", Figure::Quantile(0.9)),
    ("p95", Figure::Quantile(0.95)),
    ("p99", Figure::Quantile(0.99)),
    ("max", Figure::Max),
    ("rate", Figure::Rate),
];

const EXPECTED: &str = "failed, rejected, not_done, retried, status:404, status:5xx, error:timeout, mean, p50, p90, p95, p99, max or rate is expected";

impl FromStr for Threshold {
    type Err = InvalidThreshold;

    fn from_str(text: &str) -> Result<Threshold, InvalidThreshold> {
        let wrong = |reason: String| InvalidThreshold(format!("{text:?}: {reason}"));
        let at = text.find(['<', '>']);
        let (name, rest) = text.split_at(at.unwrap_or(text.len()));
        let found = OPERATORS.iter().find(|(sign, _)| rest.starts_with(sign));
        let Some((sign, operator)) = found else {
            return Err(wrong(
                "it has no >, >=, < or <= (such as p95>500ms)".to_owned(),
            ));
        };
        let figure = figure(name.trim()).map_err(wrong)?;
        let value = rest[sign.len()..].trim();
        let bound = figure
            .bound(value)
            .ok_or_else(|| wrong(format!("{value:?}: {} is expected", figure.expected())))?;
        Ok(Threshold {
            text: text.trim().to_owned(),
            figure,
            operator: *operator,
            bound,
        })
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns the figure of a name, or the reason why it is none.
fn figure(name: &str) -> Result<Figure, String> {
    if let Some((_, figure)) = FIGURES.iter().find(|(other, _)| *other == name) {
        return Ok(*figure);
    }
    if let Some(status) = name.strip_prefix("status:") {
        let digit = status
            .strip_suffix("xx")
            .or_else(|| status.strip_suffix("XX"));
        let class = digit.and_then(|digit| digit.parse::<u16>().ok());
        return match (class, status.parse::<u16>()) {
            (Some(class @ 1..=9), _) => Ok(Figure::Status(class * 100, class * 100 + 99)),
            (None, Ok(status @ 100..=999)) => Ok(Figure::Status(status, status)),
            _ => Err(format!(
                "{status:?} is no status (such as 404 or 5xx is expected)"
            )),
        };
    }
    if let Some(class) = name.strip_prefix("error:") {
        let read: Result<ErrorType, serde::de::value::Error> =
            serde::Deserialize::deserialize(serde::de::value::StrDeserializer::<
                serde::de::value::Error,
            >::new(class));
        return read.map(Figure::Error).map_err(|_| {
            format!("{class:?} is no class of failures (such as timeout, connect or http_status is expected)")
        });
    }
    Err(format!("{name:?} is no figure ({EXPECTED})"))
}

impl Figure {
    fn is_time(self) -> bool {
        matches!(self, Figure::Mean | Figure::Quantile(_) | Figure::Max)
    }

    /// Returns the form of its values, for messages.
    fn expected(self) -> &'static str {
        match self {
            Figure::Rate => "a rate such as 50/s",
            _ if self.is_time() => "a time such as 500ms or 2s",
            _ => "a number or a share such as 1%",
        }
    }

    /// Reads a value that it can be compared with. `None`: the text is no such value.
    fn bound(self, text: &str) -> Option<Bound> {
        let plain = |text: &str| {
            let number = text.trim_end().parse::<f64>().ok();
            number.filter(|number| number.is_finite() && *number >= 0.0)
        };
        if self.is_time() {
            return parse_time(text).map(Bound::Time);
        }
        if let Figure::Rate = self {
            let (count, per) = parse_rate(text).filter(|(count, _)| count.is_finite())?;
            return Some(Bound::Number(count / per.as_secs_f64()));
        }
        match text.strip_suffix('%') {
            Some(share) => plain(share)
                .filter(|share| *share <= 100.0)
                .map(|share| Bound::Share(share / 100.0)),
            None => plain(text).map(Bound::Number),
        }
    }

    /// Returns the number of requests, and the number of those that a share is one of. `None`: it is no number of
    /// requests.
    fn count(self, summary: &Summary) -> Option<(u64, u64)> {
        let count = match self {
            Figure::Failed => summary.failed(),
            Figure::Rejected => summary.rejected(),
            Figure::NotDone => return Some((summary.not_done(), summary.total())),
            Figure::Retried => summary.retried_requests(),
            Figure::Status(from, to) => summary.by_status().range(from..=to).map(|(_, n)| n).sum(),
            Figure::Error(class) => summary.by_error_type().get(&class).copied().unwrap_or(0),
            Figure::Mean | Figure::Quantile(_) | Figure::Max | Figure::Rate => return None,
        };
        Some((count, summary.finished()))
    }

    /// Returns the latency. `None`: it is no latency, or no response came.
    fn time(self, summary: &Summary) -> Option<Duration> {
        let latency = summary.latency();
        let time = match self {
            Figure::Mean => latency.mean(),
            Figure::Quantile(share) => latency.quantile(share),
            Figure::Max => latency.max(),
            _ => return None,
        };
        (!latency.is_empty()).then_some(time)
    }
}

impl Operator {
    fn holds<T: PartialOrd>(self, value: T, bound: T) -> bool {
        match self {
            Operator::Above => value > bound,
            Operator::AtLeast => value >= bound,
            Operator::Below => value < bound,
            Operator::AtMost => value <= bound,
        }
    }
}

impl Threshold {
    /// Checks whether the condition holds for the figures of a summary.
    pub fn check(&self, summary: &Summary) -> ThresholdCheck {
        self.compared(summary)
            .map_or(ThresholdCheck::NoData, |(holds, value)| match holds {
                true => ThresholdCheck::Exceeded(value),
                false => ThresholdCheck::Kept,
            })
    }

    /// Returns true if the condition holds, and the value. `None`: the summary has no such figure.
    fn compared(&self, summary: &Summary) -> Option<(bool, String)> {
        let operator = self.operator;
        match self.bound {
            Bound::Time(bound) => {
                let time = self.figure.time(summary)?;
                let shown = format!("{} ms", millis_shown(time));
                Some((operator.holds(time, bound), shown))
            }
            Bound::Share(bound) => {
                let (count, all) = self.figure.count(summary)?;
                let share = (all > 0).then(|| count as f64 / all as f64)?;
                let shown = format!("{} ({count} of {all})", percent(count, all));
                Some((operator.holds(share, bound), shown))
            }
            Bound::Number(bound) => match self.figure.count(summary) {
                Some((count, _)) => Some((operator.holds(count as f64, bound), count.to_string())),
                None => {
                    let rate = summary.rate()?;
                    let shown = format!("{} requests/s", number(rate));
                    Some((operator.holds(rate, bound), shown))
                }
            },
        }
    }
}
