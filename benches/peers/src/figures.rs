//! Figures of a run, as the process that ran prints them and the process that compares reads them.

use std::fmt;
use std::str::FromStr;
use std::time::Instant;

use crate::AnyError;
use crate::clients::{Peer, Work};
use crate::system;
use crate::workload::Workload;

#[derive(Clone, Copy, Default)]
pub(crate) struct Figures {
    pub(crate) ok: usize,
    pub(crate) failed: usize,
    pub(crate) seconds: f64,
    /// Largest resident set, in kibibytes. 0 if the system does not tell.
    pub(crate) peak: u64,
    /// Seconds of processor time this process took.
    pub(crate) cpu: f64,
    /// Cores that the server kept busy, and cores that everything else did. Set by the process that compares.
    pub(crate) server: f64,
    pub(crate) others: f64,
}

impl Figures {
    pub(crate) fn rate(&self) -> f64 {
        self.ok as f64 / self.seconds
    }
}

/// Runs a client in this process.
pub(crate) fn measure(
    peer: Peer,
    workload: &'static Workload,
    port: u16,
) -> Result<Figures, AnyError> {
    system::raise_file_limit();
    let count = workload.count_for(peer);
    let work = Work {
        workload,
        port,
        count,
    };
    let started = Instant::now();
    let ok = peer.run(&work)?;
    Ok(Figures {
        ok,
        failed: count - ok,
        seconds: started.elapsed().as_secs_f64(),
        peak: system::peak_memory().unwrap_or(0),
        cpu: system::cpu_seconds("self").unwrap_or(0.0),
        ..Figures::default()
    })
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures {
            ok,
            failed,
            seconds,
            peak,
            cpu,
            ..
        } = self;
        write!(f, "{ok} {failed} {seconds} {peak} {cpu}")
    }
}

impl FromStr for Figures {
    type Err = AnyError;

    fn from_str(line: &str) -> Result<Figures, AnyError> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[ok, failed, seconds, peak, cpu] = words.as_slice() else {
            return Err(format!("no figures: {line:?}").into());
        };
        Ok(Figures {
            ok: ok.parse()?,
            failed: failed.parse()?,
            seconds: seconds.parse()?,
            peak: peak.parse()?,
            cpu: cpu.parse()?,
            ..Figures::default()
        })
    }
}
