//! Time that runs took, from the times of their results.

use std::time::{Duration, SystemTime};

/// Time from the first start to the last end of one file of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RunSpan {
    start: SystemTime,
    end: SystemTime,
}

impl RunSpan {
    pub(super) fn new(start: SystemTime, end: SystemTime) -> RunSpan {
        RunSpan { start, end }
    }

    /// Extends the span, or makes it, so that it holds another.
    pub(super) fn extend(span: &mut Option<RunSpan>, other: RunSpan) {
        let whole = span.get_or_insert(other);
        whole.start = whole.start.min(other.start);
        whole.end = whole.end.max(other.end);
    }

    /// Time that all spans together cover. Runs at the same time count once, and the time between two runs counts not
    /// at all.
    pub(super) fn covered(mut spans: Vec<RunSpan>) -> Duration {
        spans.sort();
        let mut covered = Duration::ZERO;
        let mut until = None;
        for span in spans {
            let start = until.map_or(span.start, |until| span.start.max(until));
            covered += span.end.duration_since(start).unwrap_or_default();
            until = Some(span.end.max(start));
        }
        covered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(spans: &[(u64, u64)]) -> u64 {
        let at = |second| SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        let spans = spans.iter();
        let spans = spans.map(|(start, end)| RunSpan::new(at(*start), at(*end)));
        RunSpan::covered(spans.collect()).as_secs()
    }

    #[test]
    fn runs_at_the_same_time_count_once() {
        assert_eq!(covered(&[(10, 20), (12, 15), (18, 30)]), 20);
    }

    #[test]
    fn the_time_between_two_runs_does_not_count() {
        assert_eq!(covered(&[(1_000, 1_010), (10, 20)]), 20);
        assert_eq!(covered(&[]), 0);
    }
}
