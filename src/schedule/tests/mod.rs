//! The schedule's rules one by one, and all of them at once over random histories.

mod ahead;
mod bounds;
mod breakers;
mod costs;
mod divided;
mod ending;
mod file_checks;
mod forgotten_hosts;
mod granted;
mod hanging;
mod hedges;
mod holding;
mod hosts;
mod jumps;
mod recount;
mod scene;
mod shared_rate;
mod shares;
mod shortage;
mod sim;
mod token_state;
mod tokens;
mod votes;

use std::time::{Duration, Instant};

use crate::host::Host;

use super::*;

use scene::Scene;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn host(name: &str) -> Host {
    Host::of(&format!("http://{name}/").parse().unwrap()).unwrap()
}

/// Settings with limits that no test comes near.
fn wide() -> ScheduleSettings {
    ScheduleSettings {
        slow_start: 1000,
        ..ScheduleSettings::new(1000)
    }
}

/// Builds a scene in which these limits hold for each host.
fn each_host(limits: HostLimits) -> Scene {
    Scene::new(ScheduleSettings {
        host: limits,
        ..wide()
    })
}

/// Settings with `count` workers, and no other limit near.
fn workers(count: usize) -> ScheduleSettings {
    ScheduleSettings {
        in_flight: count,
        ..wide()
    }
}

/// A response head that came at once.
const HEAD: HostObservation = HostObservation::Head {
    waited: Duration::ZERO,
};

/// Returns the usual `HostObservation` of an attempt with this verdict.
fn heard(verdict: &Verdict<impl Sized>) -> HostObservation {
    match verdict {
        Verdict::Done { call, .. } | Verdict::Retry { call, .. } => match call {
            CallEnd::Success => HEAD,
            CallEnd::Failure { .. } => HostObservation::NoHead {
                waited: Duration::ZERO,
            },
            CallEnd::Ignored => HostObservation::Nothing,
        },
        Verdict::Redirect { .. } | Verdict::Renew { .. } => HEAD,
        Verdict::Wait { .. } | Verdict::Send { .. } => HostObservation::Nothing,
    }
}

fn bounds() -> Bounds {
    Bounds {
        window: 1000,
        max_parked: 1000,
        bytes: 1 << 20,
        max_delay: None,
        delivered: false,
        ordered: false,
    }
}
