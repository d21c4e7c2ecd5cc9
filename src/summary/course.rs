//! Lines of the closing block about the course of a run: phases, rejections, the slowest requests, throughput.

use std::time::UNIX_EPOCH;

use super::layout::{Figures, columns, cut, padded, right_aligned, shortened, two, widest};
use super::numbers::{millis_shown, number};
use super::tables::{CODE, ROWS, TITLE, place_shown, titled, without_folders_if_long};
use super::{SlowRequest, Summary, TimeFigures, TimeSlice};
use crate::redact::escape::Escaped;
use crate::timing::Phase;

/// Columns of the plot of throughput.
const PLOT: usize = 40;

/// Bars of the plot, lowest first.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

impl Summary {
    /// Makes the line of the first byte and of connecting. Without responses there is none.
    pub(super) fn phases_shown(&self, width: usize) -> Vec<String> {
        let shown = |figures: TimeFigures| {
            let mean = number(figures.mean.as_secs_f64() * 1e3);
            format!("mean {mean}   p95 {}", millis_shown(figures.p95))
        };
        let first_byte = self.first_byte();
        if first_byte.count == 0 {
            return Vec::new();
        }
        let phases = self.phases().into_iter();
        let connects = phases.filter(|(phase, _)| *phase == Phase::Connect);
        let connects = connects.map(|(_, figures)| format!("connect  {}", shown(figures)));
        let left = format!("  first byte  {}", shown(first_byte));
        two(&left, &Figures::new(vec![connects.collect()]), width)
    }

    /// Makes the rows of the rejections by code.
    pub(super) fn rejections_shown(&self, width: usize) -> Vec<String> {
        let codes = self.by_code();
        let mut rows: Vec<(u64, String)> = codes
            .iter()
            .take(ROWS)
            .map(|(code, count)| (*count, Escaped(cut(code, CODE)).to_string()))
            .collect();
        let shown: u64 = rows.iter().map(|(count, _)| count).sum();
        if !rows.is_empty() && self.rejected > shown {
            rows.push((self.rejected - shown, "other codes".to_owned()));
        }
        let counts: Vec<String> = rows.iter().map(|(count, _)| count.to_string()).collect();
        let of_count = widest(&counts);
        let rows = rows.iter().zip(&counts).map(|((_, code), count)| {
            let row = format!("{}  {code}", right_aligned(count, of_count));
            cut(&row, width.saturating_sub(TITLE))
        });
        titled("Rejections", rows)
    }

    /// Makes the rows of the slowest requests. There are none if the rows would be all requests.
    pub(super) fn slowest_shown(&self, width: usize) -> Vec<String> {
        if self.latency.count_of() <= ROWS as u64 {
            return Vec::new();
        }
        let slowest = &self.slowest()[..self.slowest().len().min(ROWS)];
        let times = slowest
            .iter()
            .map(|slow| format!("{} ms", millis_shown(slow.elapsed)));
        let times: Vec<String> = times.collect();
        let of_time = widest(&times);
        let status = |slow: &SlowRequest| slow.status.map_or(String::new(), |s| format!("  {s}"));
        let room = width.saturating_sub(TITLE + of_time + "  200".len() + 2);
        let rows = slowest.iter().zip(&times).map(|(slow, time)| {
            let place = place_shown(slow.place.as_deref(), slow.index);
            let url = Escaped(&slow.url).to_string();
            let place = without_folders_if_long(place, room.saturating_sub(columns(&url) + 1));
            let url = shortened(&url, room.saturating_sub(columns(&place) + 1));
            let status = padded(&status(slow), "  200".len());
            format!("{}{status}  {place} {url}", right_aligned(time, of_time))
        });
        titled("Slowest", rows)
    }

    /// Makes the line that plots the finished requests over time. Without a course of two seconds there is none.
    pub(super) fn throughput_shown(&self) -> Option<String> {
        let slices = self.over_time();
        let (first, last) = (slices.first()?, slices.last()?);
        let second = |slice: &TimeSlice| {
            let since = slice.start.duration_since(UNIX_EPOCH);
            since.unwrap_or_default().as_secs()
        };
        let width = first.width.as_secs().max(1);
        let begin = second(first);
        let slots = (second(last) - begin) / width + 1;
        let group = slots.div_ceil(PLOT as u64);
        let mut sums = vec![0; usize::try_from(slots.div_ceil(group)).ok()?];
        for slice in &slices {
            let at = (second(slice) - begin) / width / group;
            if let Some(sum) = usize::try_from(at).ok().and_then(|at| sums.get_mut(at)) {
                *sum += slice.succeeded + slice.rejected + slice.failed;
            }
        }
        let most = *sums.iter().max()?;
        if sums.len() < 2 || most == 0 {
            return None;
        }
        let bar = |sum: &u64| match sum * (BARS.len() as u64 - 1) {
            0 if *sum == 0 => ' ',
            scaled => {
                BARS[usize::try_from(scaled / most)
                    .unwrap_or(0)
                    .min(BARS.len() - 1)]
            }
        };
        let plot: String = sums.iter().map(bar).collect();
        let peak = number(most as f64 / (group * width) as f64);
        Some(format!("{:<TITLE$}{plot}  up to {peak}/s", "Throughput"))
    }
}
