//! Attempts that met a limit of this machine: too few descriptors or ports.

use crate::retry::{self, AttemptFacts};
use crate::timing::Stamp;
use crate::transport::ExchangeResult;

use super::settings::RequestSettings;
use super::state::AttemptState;

impl AttemptState {
    /// Returns the limit of this machine that the exchange met, if the request can be sent later as if it had not been
    /// tried: that costs no attempt. `None`: the exchange met no limit, or the request cannot wait.
    #[inline(never)]
    pub(super) fn met_limit(
        &mut self,
        settings: RequestSettings<'_>,
        exchanged: &ExchangeResult,
    ) -> Option<String> {
        let fault = exchanged.result.as_ref().err()?;
        let shortage = fault.shortage.as_ref()?;
        let trace = &exchanged.trace;
        let facts = AttemptFacts {
            repeatable_by_request: self.prepared.repeatable,
            phase: Some(fault.phase),
            bytes_sent: trace.bytes_sent,
            bytes_received: trace.bytes_received,
            replayable: !self.prepared.with_body || settings.body().is_replayable(),
            ..AttemptFacts::new(&self.prepared.method, fault.error_type)
        };
        retry::is_harmless(settings.retry(), &facts).then(|| shortage.clone())
    }

    /// Takes back the record of an exchange that counts as no attempt, and makes the next exchange wait for room.
    pub(super) fn wait_for_room(&mut self, exchanged: &ExchangeResult) {
        self.stage = self.stage.after_wait();
        self.report.bytes_sent += exchanged.trace.bytes_sent;
        self.report.bytes_received += exchanged.trace.bytes_received;
        if self.counts.attempts() == 0 {
            self.report.started = Stamp::default();
        }
    }
}
