//! Hosts that workers leave alone, for those that look at the run. The list is kept beside the limits themselves, which
//! lie in slots of their own: a step may be taken and not be listed.

use std::time::Duration;

use redis::Value;

use super::super::engine::{EngineError, HostWait, ListedWait};
use super::RedisEngine;
use super::convert::micros_up;
use super::keys::hosts_of_run;
use super::reply;
use super::scripts::StepScript;
use crate::host::Host;

/// Shortest wait that is listed: a shorter one is over before the list is shown.
pub(in crate::fleet) const SHORTEST: Duration = Duration::from_secs(1);

impl RedisEngine {
    /// Lists how long workers leave a host alone. Zero: they do not any more, for this reason.
    pub(super) fn note_wait(
        &mut self,
        host: &Host,
        reason: HostWait,
        time: Duration,
    ) -> Result<(), EngineError> {
        if !time.is_zero() && time < SHORTEST {
            return Ok(());
        }
        let keys = [hosts_of_run(&self.run)];
        let noted = self.run(StepScript::NoteWait, &keys, |command| {
            command
                .arg(format!("{}{host}", letter(reason)))
                .arg(micros_up(time));
        });
        match noted {
            Err(EngineError::Refused(reason)) => Err(EngineError::Refused(reason)),
            // The step that this tells of was taken. A list that lacks a host does no harm.
            _ => Ok(()),
        }
    }

    /// Hosts that workers leave alone, in the order of their names.
    pub(super) fn listed_waits(&mut self) -> Result<Vec<ListedWait>, EngineError> {
        let keys = [hosts_of_run(&self.run)];
        let reply = self.run(StepScript::Waits, &keys, |_| {})?;
        let pairs = reply::pairs(reply).and_then(|pairs| pairs.into_iter().map(waiting).collect());
        let mut hosts: Vec<ListedWait> = self.understood(StepScript::Waits, pairs)?;
        hosts.sort_by(|one, other| (&one.host, one.reason).cmp(&(&other.host, other.reason)));
        Ok(hosts)
    }
}

fn letter(reason: HostWait) -> char {
    match reason {
        HostWait::Asked => 'p',
        HostWait::Failing => 'b',
    }
}

fn waiting((name, left): (String, Value)) -> Option<ListedWait> {
    let reasons = [HostWait::Asked, HostWait::Failing];
    let mut reasons = reasons.into_iter();
    let reason = reasons.find(|reason| name.starts_with(letter(*reason)))?;
    Some(ListedWait {
        host: name[1..].to_owned(),
        reason,
        left: Duration::from_micros(reply::number(left)?),
    })
}
