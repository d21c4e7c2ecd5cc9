//! Results of a lane that wait to be collected.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fleet::engine::{ResultSource, WaitingResult};

#[derive(Clone, Debug, Default)]
pub(super) struct LaneResults {
    waiting: BTreeMap<u64, LaneResult>,
    last: u64,
}

#[derive(Clone, Debug)]
struct LaneResult {
    record: Vec<u8>,
    /// Collector that was given the result, and the time at which. `None`: it was given to no collector.
    given: Option<(String, Duration)>,
}

impl LaneResults {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn add(&mut self, record: Vec<u8>) {
        self.last += 1;
        let given = None;
        self.waiting.insert(self.last, LaneResult { record, given });
    }

    pub(super) fn hand_out(
        &mut self,
        collector: &str,
        from: ResultSource,
        most: usize,
        now: Duration,
    ) -> Vec<WaitingResult> {
        let is_meant = |result: &LaneResult| match (&result.given, from) {
            (None, ResultSource::New) => true,
            (Some((name, _)), ResultSource::Own) => name == collector,
            (Some((name, at)), ResultSource::Abandoned(time)) => {
                name != collector && now - *at >= time
            }
            _ => false,
        };
        let results = self.waiting.iter_mut();
        let meant = results.filter(|(_, result)| is_meant(result)).take(most);
        let hand_out = |(name, result): (&u64, &mut LaneResult)| {
            result.given = Some((collector.to_owned(), now));
            WaitingResult {
                name: name.to_string(),
                record: result.record.clone(),
            }
        };
        meant.map(hand_out).collect()
    }

    pub(super) fn remove(&mut self, name: &str) -> bool {
        let number = name.parse().ok();
        number.is_some_and(|number: u64| self.waiting.remove(&number).is_some())
    }
}
