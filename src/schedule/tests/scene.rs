//! Schedule that is walked to any state in few words. Jobs are numbers.

use std::collections::HashMap;

use super::*;

pub(super) struct Scene {
    pub(super) schedule: Schedule<u32>,
    pub(super) begin: Instant,
    pub(super) now: Instant,
    pub(super) batch: Id,
    running: HashMap<u32, Id>,
}

impl Scene {
    /// Returns a scene with a single batch, whose bounds are far.
    pub(super) fn new(settings: ScheduleSettings) -> Scene {
        Scene::with(settings, bounds())
    }

    pub(super) fn with(settings: ScheduleSettings, bounds: Bounds) -> Scene {
        let begin = Instant::now();
        let mut schedule = Schedule::new(settings);
        let batch = schedule.open(bounds, None);
        // The batch's caller need not be told when to look for slow hosts.
        schedule.batches.get_mut(batch).unwrap().looks_at = Some(begin);
        Scene {
            batch,
            schedule,
            begin,
            now: begin,
            running: HashMap::new(),
        }
    }

    pub(super) fn open(&mut self, bounds: Bounds) -> Id {
        self.schedule.open(bounds, None)
    }

    /// Moves to this number of milliseconds after the beginning.
    pub(super) fn at(&mut self, milliseconds: u64) -> &mut Scene {
        self.now = self.begin + ms(milliseconds);
        self
    }

    pub(super) fn push(&mut self, name: &str, jobs: impl IntoIterator<Item = u32>) {
        self.push_to(self.batch, name, jobs);
    }

    pub(super) fn push_to(&mut self, batch: Id, name: &str, jobs: impl IntoIterator<Item = u32>) {
        for job in jobs {
            self.schedule.push(batch, &host(name), job, self.now);
        }
    }

    /// Starts the next job and returns it. `None`: no job may start.
    pub(super) fn start(&mut self) -> Option<u32> {
        let possible = self.schedule.is_dispatchable(self.now);
        let start = self.schedule.poll(self.now);
        assert_eq!(start.is_some(), possible);
        self.schedule.recount([].iter(), self.now);
        let start = start?;
        self.running.insert(start.job, start.id);
        Some(start.job)
    }

    /// Starts all jobs that may start now, and returns them in this order.
    pub(super) fn start_all(&mut self) -> Vec<u32> {
        std::iter::from_fn(|| self.start()).collect()
    }

    /// Notes a job that the test has started by itself.
    pub(super) fn runs_as(&mut self, job: u32, id: Id) {
        self.running.insert(job, id);
    }

    pub(super) fn runs(&self, job: u32) -> bool {
        self.running.contains_key(&job)
    }

    pub(super) fn id(&self, job: u32) -> Id {
        self.running[&job]
    }

    pub(super) fn complete(&mut self, job: u32, verdict: Verdict<u32>) -> Option<u32> {
        self.complete_with(job, heard(&verdict), verdict)
    }

    pub(super) fn complete_with(
        &mut self,
        job: u32,
        heard: HostObservation,
        verdict: Verdict<u32>,
    ) -> Option<u32> {
        let id = self.running.remove(&job).expect("it runs");
        self.schedule.complete(id, heard, verdict, self.now)
    }

    pub(super) fn done(&mut self, job: u32) {
        self.done_with(job, 0, CallEnd::Success);
    }

    pub(super) fn done_with(&mut self, job: u32, bytes: u64, call: CallEnd) {
        let cool = None;
        let back = self.complete(job, Verdict::Done { bytes, cool, call });
        assert_eq!(back, None);
    }

    /// Ends a job after `waited` milliseconds without a response head.
    pub(super) fn hangs(&mut self, job: u32, waited: u64) {
        let waited = ms(waited);
        self.ends(job, HostObservation::NoHead { waited });
    }

    /// Ends a job that tells `heard` of its host.
    pub(super) fn ends(&mut self, job: u32, heard: HostObservation) {
        let verdict = Verdict::Done {
            bytes: 0,
            cool: None,
            call: CallEnd::Ignored,
        };
        assert_eq!(self.complete_with(job, heard, verdict), None);
    }

    pub(super) fn fail(&mut self, job: u32) {
        self.done_with(job, 0, CallEnd::Failure { retry_after: None });
    }

    /// Ends an attempt with a retry at `at` milliseconds after the beginning.
    pub(super) fn retry(&mut self, job: u32, at: u64) -> Option<u32> {
        self.retry_with(job, at, None, None)
    }

    pub(super) fn retry_with(
        &mut self,
        job: u32,
        at: u64,
        deadline: Option<u64>,
        cool: Option<u64>,
    ) -> Option<u32> {
        let instant = |at| self.begin + ms(at);
        let verdict = Verdict::Retry {
            job,
            at: instant(at),
            deadline: deadline.map(instant),
            cool: cool.map(instant),
            call: CallEnd::Ignored,
        };
        self.complete(job, verdict)
    }

    pub(super) fn redirect(&mut self, job: u32, name: &str, at: u64) -> Option<u32> {
        let verdict = Verdict::Redirect {
            job,
            host: host(name),
            at: self.begin + ms(at),
            deadline: None,
        };
        self.complete(job, verdict)
    }

    /// Moves on an hour, so that no idle host is remembered, and retires all hosts.
    pub(super) fn forget_hosts(&mut self) {
        self.now += Duration::from_secs(3_600);
        let hosts: Vec<Id> = self.schedule.hosts.ids().collect();
        for host in hosts {
            self.schedule.retire(host, self.now);
        }
    }

    /// Takes the jobs of the batch that ended without an attempt.
    pub(super) fn ended(&mut self) -> Vec<(u32, EndReason)> {
        std::iter::from_fn(|| self.schedule.take_ended(self.batch)).collect()
    }

    pub(super) fn nudges(&mut self) -> Vec<Id> {
        self.schedule.nudges().collect()
    }

    /// Time at which more jobs may start, in milliseconds after the beginning. `None`: time alone starts none.
    pub(super) fn wakes_at(&self) -> Option<u128> {
        let at = self.schedule.next_wakeup()?;
        Some((at - self.begin).as_millis())
    }

    pub(super) fn room(&self) -> usize {
        self.schedule.room(self.batch)
    }
}
