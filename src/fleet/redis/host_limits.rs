//! Steps of the engine that concern the limits of hosts.

use std::time::Duration;

use super::super::engine::{EngineError, HostWait, PermitCall, PermitReply};
use super::RedisEngine;
use super::convert::{micros, micros_up, permit_reply};
use super::keys::{HostKey, rate_of_run};
use super::reply;
use super::scripts::StepScript;
use crate::host::Host;

impl RedisEngine {
    pub(super) fn permitted(
        &mut self,
        host: Option<&Host>,
        call: &PermitCall,
    ) -> Result<PermitReply, EngineError> {
        let keys = match host {
            Some(host) => self.host_keys(host, &[HostKey::Rate, HostKey::Breaker]),
            None => vec![rate_of_run(&self.run)],
        };
        let reply = self.run(StepScript::Permit, &keys, |command| {
            command
                .arg(micros_up(call.interval))
                .arg(micros(call.tolerance));
            command
                .arg(call.count.max(1))
                .arg(micros(call.longest_wait));
            for window in &call.windows {
                command.arg(micros_up(window.length)).arg(window.most);
            }
        })?;
        self.understood(StepScript::Permit, permit_reply(reply))
    }

    pub(super) fn cooled(&mut self, host: &Host, pause: Duration) -> Result<(), EngineError> {
        let keys = self.host_keys(host, &[HostKey::Rate]);
        self.run(StepScript::Cool, &keys, |command| {
            command.arg(micros_up(pause));
        })?;
        self.note_wait(host, HostWait::Asked, pause)
    }

    pub(super) fn voted(
        &mut self,
        host: &Host,
        worker: &str,
        tripped: bool,
        rest: Duration,
    ) -> Result<bool, EngineError> {
        let keys = self.host_keys(host, &[HostKey::Votes, HostKey::Active, HostKey::Breaker]);
        let reply = self.run(StepScript::Vote, &keys, |command| {
            command
                .arg(worker)
                .arg(u8::from(tripped))
                .arg(micros_up(rest));
        })?;
        let rests = self.understood(StepScript::Vote, reply::number(reply))?;
        if rests == 2 {
            self.note_wait(host, HostWait::Failing, rest)?;
        }
        Ok(rests > 0)
    }

    pub(super) fn probed(&mut self, host: &Host, succeeded: bool) -> Result<(), EngineError> {
        let keys = self.host_keys(host, &[HostKey::Breaker]);
        let reply = self.run(StepScript::Probe, &keys, |command| {
            command.arg(u8::from(succeeded));
        })?;
        if let Some(rest) = reply::number(reply) {
            self.note_wait(host, HostWait::Failing, Duration::from_micros(rest))?;
        }
        Ok(())
    }
}
