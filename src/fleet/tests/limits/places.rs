//! Places of a host that clients divide.

use super::*;
use crate::fleet::engine::NewRun;
use crate::fleet::worker::core::{CoreSettings, NextCall, WorkerCore};

#[test]
fn clients_together_hold_as_many_places_as_one_would() {
    let limits = HostLimits {
        in_flight: 8.into(),
        granted: true,
        ..HostLimits::default()
    };
    let mut fleet = LimitedFleet::new(3, 1, &limits, |_| true);
    for client in &mut fleet.clients {
        client.schedule.divide_places(3, client.begin);
    }
    fleet.run_until(Duration::from_secs(2));
    let most: Vec<usize> = fleet
        .clients
        .iter()
        .map(|client| client.most_running)
        .collect();
    assert_eq!(most, [2, 2, 2]);
}

/// Worker that joins a fleet at some time, and divides its client's places.
struct JoiningWorker {
    core: WorkerCore,
    joins: Duration,
    /// Time from which on the process is stopped.
    stops: Duration,
    leases: bool,
}

/// Lets workers join, of which each stands for a client with six places. Returns the largest number of requests at once,
/// of the workers that were not stopped, in each second.
fn at_once(times: &[(u64, u64)], seconds: usize) -> Vec<usize> {
    let limits = HostLimits {
        in_flight: 6.into(),
        ..HostLimits::default()
    };
    let mut fleet = LimitedFleet::new(times.len(), 1, &limits, |_| true);
    fleet.latency = ms(200);
    let run = NewRun {
        id: "id".to_owned(),
        settings: String::new(),
        lanes: 1,
        lease: LEASE,
    };
    fleet.engine.create(&run).expect("a run");
    let worker = |(number, (joins, stops)): (usize, &(u64, u64))| JoiningWorker {
        core: WorkerCore::new(core_settings(number), fleet.clients[number].begin),
        joins: ms(*joins),
        stops: ms(*stops),
        leases: false,
    };
    let mut workers: Vec<_> = times.iter().enumerate().map(worker).collect();
    let mut most = vec![0; seconds];
    while fleet.now < Duration::from_secs(seconds as u64) {
        fleet.now += ms(1);
        fleet.engine.set_now(Duration::from_secs(1_000) + fleet.now);
        let mut running = 0;
        for (number, worker) in workers.iter_mut().enumerate() {
            if fleet.now < worker.joins || fleet.now >= worker.stops {
                continue;
            }
            worker.step(&mut fleet, number);
            running += fleet.clients[number].running.len();
        }
        let second = &mut most[(fleet.now.as_millis() as usize - 1) / 1_000];
        *second = running.max(*second);
    }
    most
}

fn core_settings(number: usize) -> CoreSettings {
    CoreSettings {
        prefix: format!("node:{number}"),
        seed: number as u64,
        lanes: 1,
        lease: LEASE,
        jobs: 16,
        max_deliveries: 3,
        resume_writes: false,
        grace: LEASE,
        divides_places: true,
    }
}

impl JoiningWorker {
    fn step(&mut self, fleet: &mut LimitedFleet, number: usize) {
        let now = fleet.clients[number].begin + fleet.now;
        if let NextCall::Call(call) = self.core.next_beat(now) {
            let answer = fleet.engine.beat(call.lane, &call.worker, call.join);
            self.core.beat_done(&call, &answer, now);
        }
        let client = &mut fleet.clients[number];
        client
            .schedule
            .divide_places(self.core.workers() as usize, now);
        self.leases = self.leases || matches!(self.core.next_lease(now), NextCall::Call(_));
        if self.leases {
            fleet.step(number);
        }
    }
}

const NEVER: u64 = u64::MAX;

#[test]
fn workers_that_join_do_not_exceed_the_places_of_a_host() {
    let at_a_time = [(0, NEVER); 6];
    let one_by_one: Vec<_> = (0..6).map(|number| (number * 300, NEVER)).collect();
    let late = [(0, NEVER), (5_000, NEVER), (5_900, NEVER)];
    for times in [&at_a_time[..], &one_by_one, &late] {
        let most = at_once(times, 10);
        assert!(most.iter().all(|most| *most <= 6), "{times:?}: {most:?}");
        assert_eq!(most[9], 6, "{times:?}: {most:?}");
    }
}

#[test]
fn a_worker_that_is_stopped_keeps_its_part_until_it_is_declared_dead() {
    let times = [(0, NEVER), (0, 4_000), (6_000, NEVER)];
    let most = at_once(&times, 12);
    assert_eq!(most[3], 6, "{most:?}");
    assert_eq!(most[5], 3, "the other one has its part: {most:?}");
    assert_eq!(most[11], 4, "two parts of three: {most:?}");
}
