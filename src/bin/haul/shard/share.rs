//! Part of the limits that each of several shards has.

use haul::record::Shard;

use crate::arguments::{Arguments, PaceArguments};
use crate::units::{JobsPerHost, Rate};

/// Divides the limits of the run by the number of shards. `by_host`: true if each host is in one shard, so that limits for
/// a host are not divided.
pub(super) fn divide(arguments: &mut Arguments, shard: &Shard, by_host: bool) {
    let shards = shard.count();
    let pace = &mut arguments.pace;
    divide_rates(&mut pace.rate, shards);
    divide_rates(&mut pace.rate_cost, shards);
    if let Some(most) = &mut arguments.ending.max_cost {
        // The first shards have what is left over, so that all together have the whole.
        let (shards, number) = (u64::from(shards), u64::from(shard.number()));
        *most = *most / shards + u64::from(number < *most % shards);
    }
    if !by_host {
        divide_per_host(pace, shards);
        for table in &mut arguments.hosts {
            divide_per_host(&mut table.arguments.pace, shards);
        }
    }
}

fn divide_rates(rates: &mut [Rate], shards: u32) {
    for rate in rates {
        *rate = rate.in_shards(shards);
    }
}

fn divide_per_host(pace: &mut PaceArguments, shards: u32) {
    divide_rates(&mut pace.rate_per_host, shards);
    if let JobsPerHost::Fixed(most) = &mut pace.jobs_per_host {
        *most = (*most / shards as usize).max(1);
    }
}

/// Returns the note about the shard of a run and its part of the limits. `None`: the run has no shard.
pub(crate) fn note(arguments: &Arguments) -> Option<String> {
    let shard = arguments.shard.own.as_ref()?;
    let mut limits = told_rates("rate", &arguments.pace.rate);
    limits.extend(told_rates("rate-cost", &arguments.pace.rate_cost));
    limits.extend(told_per_host(&arguments.pace));
    for table in &arguments.hosts {
        let own = told_per_host(&table.arguments.pace);
        limits.extend(
            own.into_iter()
                .map(|told| format!("{told} to {}", table.pattern)),
        );
    }
    let cost = arguments.ending.max_cost;
    limits.extend(cost.map(|most| format!("--max-cost {most}")));
    let limits = match limits.is_empty() {
        true => String::new(),
        false => format!(", with {}", limits.join(", ")),
    };
    Some(format!("shard {shard} of the input{limits}"))
}

fn told_rates(option: &str, rates: &[Rate]) -> Vec<String> {
    let told = |rate: &Rate| format!("--{option} {rate}");
    rates.iter().map(told).collect()
}

fn told_per_host(pace: &PaceArguments) -> Vec<String> {
    let mut told = told_rates("rate-per-host", &pace.rate_per_host);
    if let JobsPerHost::Fixed(most) = pace.jobs_per_host {
        told.push(format!("--jobs-per-host {most}"));
    }
    told
}
