//! Figures of a run.

use std::time::Instant;

use serde_json::{Value, json};

use crate::AnyError;
use crate::clients::{Peer, Work};
use crate::system;

/// Runs a client in this process. `peak` is the largest resident set in KiB, `cpu` the processor time in seconds; they
/// are null if the system does not tell.
pub(crate) fn measure(peer: Peer, work: &Work) -> Result<Value, AnyError> {
    let started = Instant::now();
    let ok = peer.run(work)?;
    let seconds = started.elapsed().as_secs_f64();
    Ok(json!({
        "ok": ok,
        "failed": work.count - ok,
        "seconds": seconds,
        "peak": system::peak_memory(),
        "cpu": system::cpu_seconds(),
    }))
}
