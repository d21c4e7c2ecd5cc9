//! Runs of `haul fleet` on a real Redis server: workers, loaders, collectors and the server are killed, stopped and cut
//! off, and each request still has exactly one outcome.
//!
//! Each test starts a server of its own. Without `redis-server` the tests are skipped; with `CI` set they fail.
//! `HAUL_SCALE` multiplies the number of requests.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests wait for the time of leases and of other processes"
)]

#[path = "../cli/command.rs"]
#[allow(
    dead_code,
    reason = "the tests of a single run need more of it than these"
)]
mod command;
mod folder {
    pub(crate) use test_support::Folder;
}
mod redis_proxy;
mod world;

mod busy;
mod causes;
#[cfg(feature = "fleet-cluster")]
mod cluster;
mod created_again;
mod dependencies;
mod disturbed;
mod ends;
mod first_look;
mod inputs;
mod kills;
mod lanes;
mod later_loads;
mod limits;
mod loaders;
mod lost_data;
mod lost_lanes;
mod ordinary;
mod refused;
mod saved_files;
mod secrets;
mod server_faults;
mod server_figures;
mod server_loss;
mod settings;
mod silent;
mod status;
mod stopped;
mod unsaved;
mod views;
mod watched;
