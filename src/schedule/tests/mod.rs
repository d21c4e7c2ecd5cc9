//! The schedule's rules one by one, and all of them at once over random histories.

mod bounds;
mod ending;
mod hanging;
mod holding;
mod hosts;
mod jumps;
mod recount;
mod scene;
mod shortage;
mod sim;
mod turns;

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

/// No limit is near.
fn wide() -> Settings {
    Settings {
        slow_start: 1000,
        ..Settings::new(1000)
    }
}

fn bounds() -> Bounds {
    Bounds {
        window: 1000,
        max_parked: 1000,
        bytes: 1 << 20,
        delivered: false,
        ordered: false,
    }
}
