//! Scales of plots: where values stand, and which of them get a label.

use std::time::Duration;

/// Upper bound for the labels along a plot.
const LABELS: usize = 7;

/// Value with a label on a scale.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ScaleLabel {
    /// Place along the scale, in per cent.
    pub(super) at: f64,
    pub(super) text: String,
}

/// Returns the step between labels, and the end of a scale from zero on which `most` has a place.
pub(super) fn steps(most: f64) -> (f64, f64) {
    let most = if most > 0.0 { most } else { 1.0 };
    let rough = most / 4.0;
    let ten = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|n| n * ten);
    let step = step.into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(10.0 * ten);
    (step, step * (most / step).ceil())
}

/// Logarithmic scale of times, in microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeScale {
    low: f64,
    high: f64,
}

impl TimeScale {
    /// Makes the scale from the shortest to the longest time; if they are close to each other, somewhat wider.
    pub(super) fn new(shortest: Duration, longest: Duration) -> TimeScale {
        let low = micros(shortest).max(1.0);
        let high = micros(longest).max(low);
        match high / low < 1.5 {
            true => TimeScale {
                low: low * 0.8,
                high: high * 1.25,
            },
            false => TimeScale { low, high },
        }
    }

    /// Returns the place of a time, in per cent.
    pub(super) fn place(self, time: Duration) -> f64 {
        let share = (micros(time).max(self.low) / self.low).ln() / (self.high / self.low).ln();
        share.clamp(0.0, 1.0) * 100.0
    }

    /// Returns the time at a place in per cent.
    pub(super) fn time(self, place: f64) -> Duration {
        let us = self.low * (self.high / self.low).powf(place / 100.0);
        Duration::from_micros(us.round() as u64)
    }

    /// Returns round times with their places.
    pub(super) fn labels(self) -> Vec<ScaleLabel> {
        let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let round = |digits: &[f64]| -> Vec<f64> {
            let of_decade = |n| digits.iter().map(move |digit| digit * 10_f64.powi(n));
            let times = decades.clone().flat_map(of_decade);
            let within = times.filter(|us| *us >= self.low * 0.999 && *us <= self.high * 1.001);
            within.collect()
        };
        let choices: [&[f64]; 5] = [
            &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0],
            &[1.0, 2.0, 3.0, 5.0],
            &[1.0, 2.0, 5.0],
            &[1.0, 3.0],
            &[1.0],
        ];
        let mut found = choices.iter().map(|digits| round(digits));
        let times = found.find(|times| times.len() <= LABELS);
        let times = times.unwrap_or_else(|| {
            let all = round(&[1.0]);
            let every = all.len().div_ceil(LABELS);
            all.into_iter().step_by(every).collect()
        });
        let label = |us: f64| {
            let time = Duration::from_micros(us.round() as u64);
            ScaleLabel {
                at: self.place(time),
                text: short_time(time),
            }
        };
        times.into_iter().map(label).collect()
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Formats a time with its unit: 250 µs, 12.5 ms, 1.2 s.
pub(super) fn short_time(time: Duration) -> String {
    let us = micros(time);
    let (n, unit) = match us {
        ..999.5 => (us, "µs"),
        ..999_500.0 => (us / 1e3, "ms"),
        _ => (us / 1e6, "s"),
    };
    let digits = match n {
        ..9.95 => 2,
        ..99.5 => 1,
        _ => 0,
    };
    let text = format!("{n:.digits$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    format!("{text} {unit}")
}

/// Returns labels of a span of seconds, from its start.
pub(super) fn elapsed_labels(seconds: u64) -> Vec<ScaleLabel> {
    const STEPS: [u64; 24] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
        86_400, 172_800, 604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000,
    ];
    let most = LABELS as u64 - 1;
    let seconds = seconds.max(1);
    let step = STEPS.into_iter().find(|step| seconds / step <= most);
    let step = step.unwrap_or(seconds / most + 1);
    let label = |n: u64| ScaleLabel {
        at: (n * step) as f64 * 100.0 / seconds as f64,
        text: elapsed(n * step),
    };
    (0..=seconds / step).map(label).collect()
}

/// Formats a time since the start of a plot.
pub(super) fn elapsed(seconds: u64) -> String {
    match seconds {
        0 => "0".to_owned(),
        s if s % 86_400 == 0 => format!("{} d", s / 86_400),
        s if s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s % 60 == 0 && s < 3_600 => format!("{} min", s / 60),
        s if s < 120 => format!("{s} s"),
        s if s < 3_600 => format!("{}:{:02} min", s / 60, s % 60),
        s => format!("{}:{:02} h", s / 3_600, s % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(labels: &[ScaleLabel]) -> Vec<&str> {
        labels.iter().map(|label| label.text.as_str()).collect()
    }

    fn scale(low: u64, high: u64) -> TimeScale {
        TimeScale::new(Duration::from_micros(low), Duration::from_micros(high))
    }

    #[test]
    fn a_scale_from_zero_ends_at_a_round_number() {
        assert_eq!(steps(7.0), (2.0, 8.0));
        assert_eq!(steps(1_000.0), (500.0, 1_000.0));
        assert_eq!(steps(0.0), (0.5, 1.0));
    }

    #[test]
    fn times_have_round_labels() {
        let (few, many) = (scale(12_000, 4_120_000), scale(1, 3_600_000_000));
        let expected = ["20 ms", "50 ms", "100 ms", "200 ms", "500 ms", "1 s", "2 s"];
        assert_eq!(texts(&few.labels()), expected);
        assert!(many.labels().len() <= LABELS, "{:?}", many.labels());
    }

    #[test]
    fn equal_times_stand_in_the_middle() {
        let at = scale(5_000, 5_000).place(Duration::from_micros(5_000));
        assert!((at - 50.0).abs() < 1.0, "{at}");
        assert!(scale(0, 0).place(Duration::ZERO).is_finite());
    }

    #[test]
    fn a_place_leads_back_to_its_time() {
        let scale = scale(1_000, 8_000_000);
        let time = Duration::from_millis(77);
        assert!(scale.time(scale.place(time)).abs_diff(time) < Duration::from_micros(5));
    }

    #[test]
    fn spans_have_labels_in_their_own_units() {
        assert_eq!(texts(&elapsed_labels(4)), ["0", "1 s", "2 s", "3 s", "4 s"]);
        let hours = ["0", "30 min", "1 h", "1:30 h", "2 h", "2:30 h", "3 h"];
        assert_eq!(texts(&elapsed_labels(3 * 3_600 + 5)), hours);
        assert!(elapsed_labels(u64::MAX / 2).len() <= LABELS);
    }
}
