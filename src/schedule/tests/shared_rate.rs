//! Simulated clients that share a rate, with late answers, refusals, pauses and standstills.

use std::collections::HashMap;

use super::granted::shared;
use super::*;
use crate::settings::RateLimit;

/// Server of a rate that clients share: the arrival time of the generic cell rate algorithm.
struct SharedRate {
    gap: Duration,
    burst: u32,
    arrives: Instant,
    paused_until: Instant,
}

impl SharedRate {
    /// Answers a demand as the server of a fleet does: what is more than a tenth of a second away is refused.
    fn permit(&mut self, count: u32, now: Instant) -> SlotAnswer {
        if self.paused_until > now {
            let at = self.paused_until;
            return SlotAnswer::Later { at, pauses: true };
        }
        let first = self.arrives.max(now);
        let at = first
            .checked_sub(self.gap * (self.burst - 1))
            .unwrap_or(now)
            .max(now);
        if at > now + ms(100) {
            let at = at - ms(100);
            return SlotAnswer::Later { at, pauses: false };
        }
        self.arrives = first + self.gap * count;
        SlotAnswer::Granted { at, count }
    }
}

/// A worker of a simulated fleet, with its own schedule.
struct Client {
    scene: Scene,
    running: Vec<(Instant, u32)>,
    /// Answers under way, each with the time at which it arrives.
    answers: Vec<(Instant, Host, SlotAnswer)>,
    /// Time until which the worker stands still.
    still_until: Instant,
    left: u32,
}

/// Plays a fleet whose workers share a rate for each of two hosts, and returns the starts of the hosts.
fn play(rng: &mut fastrand::Rng, rate: u32, burst: u32) -> HashMap<Host, Vec<Instant>> {
    let limit = RateLimit::per_second(rate);
    let begin = Instant::now();
    let mut servers: HashMap<Host, SharedRate> = ["a", "b"]
        .map(|name| {
            let gap = Duration::from_secs(1) / rate;
            let server = SharedRate {
                gap,
                burst,
                arrives: begin,
                paused_until: begin,
            };
            (host(name), server)
        })
        .into();
    let jobs = rng.u32(5..40);
    let mut clients: Vec<Client> = (0..rng.usize(1..5))
        .map(|_| {
            let in_flight = rng.usize(1..6);
            let mut scene = Scene::new(ScheduleSettings {
                in_flight,
                ..shared(Some(limit))
            });
            (scene.begin, scene.now) = (begin, begin);
            for job in 0..jobs {
                scene.push(if rng.bool() { "a" } else { "b" }, [job]);
            }
            Client {
                scene,
                running: Vec::new(),
                answers: Vec::new(),
                still_until: begin,
                left: jobs,
            }
        })
        .collect();
    let mut starts: HashMap<Host, Vec<Instant>> = HashMap::new();
    let mut now = begin;
    while clients.iter().any(|client| client.left > 0) {
        assert!(now < begin + Duration::from_secs(600), "the fleet ends");
        for client in &mut clients {
            if client.still_until > now {
                continue;
            }
            client.scene.now = now;
            if rng.u32(..400) == 0 {
                client.still_until = now + ms(rng.u64(1..3_000));
                continue;
            }
            let (due, rest) = client.answers.drain(..).partition(|(at, ..)| *at <= now);
            client.answers = rest;
            let due: Vec<_> = due;
            for (_, host, answer) in due {
                // An answer that is lost is followed by a refusal, when the limiter gives up waiting for it.
                client.scene.schedule.answer(Some(&host), answer, now);
            }
            let (ended, rest) = client.running.drain(..).partition(|(at, _)| *at <= now);
            client.running = rest;
            let ended: Vec<_> = ended;
            for (_, job) in ended {
                client.scene.done(job);
                client.left -= 1;
                client.scene.schedule.taken(client.scene.batch, 1, 0);
            }
            while let Some(start) = client.scene.schedule.poll(now) {
                let of = client.scene.schedule.jobs.get(start.id).unwrap().host;
                let of = client.scene.schedule.hosts.get(of).unwrap().host.clone();
                starts.entry(of).or_default().push(now);
                client.running.push((now + ms(rng.u64(1..80)), start.job));
                client.scene.runs_as(start.job, start.id);
            }
            client.scene.schedule.recount([].iter(), now);
            for news in client.scene.schedule.limiter_news(now) {
                let LimiterNews::Wanted(demand) = news else {
                    continue;
                };
                let of = demand.host.expect("no rate over all hosts is set");
                let server = servers.get_mut(&of).unwrap();
                if rng.u32(..200) == 0 {
                    server.paused_until = now + ms(rng.u64(1..2_000));
                }
                let answer = match rng.u32(..20) {
                    0 => SlotAnswer::Later {
                        at: now + ms(rng.u64(1..500)),
                        pauses: false,
                    },
                    _ => server.permit(demand.count, now),
                };
                let delay = ms(rng.u64(..30));
                client.answers.push((now + delay, of, answer));
            }
        }
        now += ms(1);
    }
    starts
}

#[test]
fn a_fleet_that_shares_a_rate_keeps_it() {
    for seed in 0..40 * sim::scale() {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (rate, burst) = (rng.u32(5..200), rng.u32(1..6));
        let starts = play(&mut rng, rate, burst);
        // Slots of 50 ms for each of up to four workers may be used late.
        let late = 4 * (rate.div_ceil(20) + 1);
        for (host, starts) in starts {
            let mut starts = starts;
            starts.sort_unstable();
            for (at, first) in starts.iter().enumerate() {
                let last = starts.get(at + (burst + late + rate) as usize);
                let in_time = last.is_none_or(|last| *last - *first >= Duration::from_secs(1));
                assert!(in_time, "seed {seed}: {host} at {rate} a second");
            }
        }
    }
}
