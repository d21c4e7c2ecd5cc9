//! Second requests: when they are due, and what they need.

use super::*;
use crate::settings::{RateLimit, RetryBudget};

struct Hedged {
    schedule: Schedule<()>,
    batch: Id,
    now: Instant,
}

impl Hedged {
    /// Makes a schedule whose only host has answered `known` times after 100 ms each.
    fn knowing(known: usize, settings: ScheduleSettings) -> Hedged {
        let mut schedule = Schedule::new(settings);
        let batch = schedule.open(bounds(), None);
        let now = Instant::now();
        let mut hedged = Hedged {
            schedule,
            batch,
            now,
        };
        // The host is known as long as it has a job.
        hedged.schedule.push(batch, &host("a"), (), now);
        for _ in 0..known {
            let job = hedged.start();
            hedged.end(job, Some(ms(100)));
        }
        hedged
    }

    fn start(&mut self) -> Id {
        self.schedule.push(self.batch, &host("a"), (), self.now);
        self.schedule.poll(self.now).expect("a job").id
    }

    fn end(&mut self, job: Id, waited: Option<Duration>) {
        self.schedule.end_hedged(job, waited);
        let done = Verdict::Done {
            bytes: 0,
            cool: None,
            call: CallEnd::Success,
        };
        assert!(self.schedule.complete(job, HEAD, done, self.now).is_none());
        self.schedule.taken(self.batch, 1, 0);
    }

    /// Offers a second request for a job that starts now, and looks for it after `later`.
    fn hedge_after(&mut self, later: Duration) -> Option<HedgeStart> {
        let job = self.start();
        self.schedule.offer_hedge(job, self.now, 1);
        self.now += later;
        self.schedule.poll_hedge(self.now)
    }
}

#[test]
fn vector_143_no_second_request_is_sent_for_an_answer_that_comes_in_time() {
    let mut hedged = Hedged::knowing(20, wide());
    let job = hedged.start();
    assert!(hedged.schedule.offer_hedge(job, hedged.now, 1));
    hedged.now += ms(50);
    assert!(hedged.schedule.poll_hedge(hedged.now).is_none());
    hedged.end(job, Some(ms(50)));
    hedged.now += ms(1_000);
    assert!(hedged.schedule.poll_hedge(hedged.now).is_none());
}

#[test]
fn vector_143_one_second_request_is_sent_after_the_time_of_most_answers() {
    let mut hedged = Hedged::knowing(20, wide());
    let start = hedged.hedge_after(ms(100)).expect("a second request");
    assert!(hedged.schedule.poll_hedge(hedged.now).is_none());
    assert_eq!(hedged.schedule.in_flight(), 2);
    hedged.schedule.end_hedge(start, hedged.now);
    assert_eq!(hedged.schedule.in_flight(), 1);
}

#[test]
fn vector_143_no_second_request_is_sent_without_a_budget() {
    let none = RetryBudget::new()
        .reserve(0.0)
        .per_request(0.0)
        .per_second(0.0);
    let mut settings = wide();
    settings.host.budget = Some(none);
    assert!(Hedged::knowing(20, settings).hedge_after(ms(100)).is_none());
}

#[test]
fn no_second_request_is_sent_while_few_answers_are_known() {
    let mut hedged = Hedged::knowing(19, wide());
    assert!(hedged.hedge_after(ms(1_000)).is_none());
}

#[test]
fn a_second_request_needs_a_free_place() {
    let mut settings = wide();
    settings.host.in_flight = 1.into();
    assert!(Hedged::knowing(20, settings).hedge_after(ms(100)).is_none());
    assert!(
        Hedged::knowing(20, workers(1))
            .hedge_after(ms(100))
            .is_none()
    );
}

#[test]
fn a_second_request_pays_the_rate() {
    let mut settings = wide();
    settings.host.rate = RateLimit::new(22.0, Duration::from_secs(3600))
        .burst(22)
        .into();
    let mut hedged = Hedged::knowing(20, settings);
    assert!(
        hedged.hedge_after(ms(100)).is_some(),
        "the last of 22 starts"
    );
}

#[test]
fn a_host_is_kept_until_its_second_request_has_ended() {
    let mut hedged = Hedged::knowing(20, wide());
    let start = hedged.hedge_after(ms(100)).expect("a second request");
    let job = start.job;
    hedged.end(job, Some(ms(100)));
    assert_eq!(hedged.schedule.in_flight(), 1);
    hedged.schedule.end_hedge(start, hedged.now);
    assert_eq!(hedged.schedule.in_flight(), 0);
}
