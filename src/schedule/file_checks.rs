//! Jobs that look at a file of this machine before they are sent, since what they would fetch may be there.
//!
//! Such a job waits under a stand-in for a host, which has no limit but that of workers. It starts like any other job,
//! but pays no rate, no cost and no retry budget, and needs no token. If its file is not there, it goes to the end of
//! the lane of its own host.

use std::time::Instant;

use super::held::TokenNeed;
use super::queue::LaneEnd;
use super::{JobPlace, Schedule};
use crate::host::Host;
use crate::slab::Id;

impl<J> Schedule<J> {
    /// True if the job, which waits or is in flight, looks at a file.
    pub(super) fn is_file_check(&self, id: Id) -> bool {
        self.hosts
            .files()
            .is_some_and(|files| self.jobs.get(id).is_some_and(|slot| slot.host == files))
    }

    /// Returns a job that looks at a file, while a rate holds back the job whose turn it is. `None`: there is none that
    /// may start.
    pub(super) fn next_file_check(&self, now: Instant) -> Option<Id> {
        let files = self.hosts.get(self.hosts.files()?)?;
        let may_start = |batch: Id| {
            let batch = self.batches.get(batch);
            batch.is_some_and(|batch| batch.may_start(false) && !batch.is_past(now))
        };
        let in_time = |id: &Id| {
            let slot = self.jobs.get(*id);
            slot.is_some_and(|slot| slot.deadline.is_none_or(|deadline| deadline > now))
        };
        let lanes = files.lanes.iter();
        let mut lanes = lanes.filter(|lane| lane.live > 0 && may_start(lane.batch));
        lanes.find_map(|lane| lane.jobs.iter().copied().find(in_time))
    }

    /// Puts a job whose file is not there at the end of the lane of its host. `need`: need for a token.
    pub(super) fn send_after_check(
        &mut self,
        id: Id,
        job: J,
        (host, need): (&Host, Option<&TokenNeed>),
        now: Instant,
    ) {
        let to = self.host(host, now);
        self.move_to(id, to);
        if let Some(need) = need {
            self.need_token(id, need);
        }
        self.return_to(id, job, None, JobPlace::Lane);
        self.enqueue(id, now, LaneEnd::Back);
        self.end_if_stopped(id, now);
    }
}
