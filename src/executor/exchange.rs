//! One exchange of an attempt: what is handed to the transport, and what is kept of how it went.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::escape::Escaped;
use crate::host::Host;
use crate::http::header::COOKIE;
use crate::limits::Timeouts;
use crate::policy::RetryPolicy;
use crate::request::Body;
use crate::response::Response;
use crate::retry::{self, Evidence, Tally};
use crate::transport::{Call, CancelSlot, Exchanged, Reply, Trace};

use super::attempt::Engine;
use super::job::Progress;
use super::prepare::Prepared;
use super::settings::Settings;

impl Progress {
    /// Sends, and once more at once where a kept-alive connection turned out to be closed.
    pub(super) fn exchange(
        &mut self,
        engine: &Engine,
        settings: Settings<'_>,
        host: Option<&Host>,
        cancel: &Arc<CancelSlot>,
        connected: Option<&dyn Fn()>,
        start: Instant,
    ) -> Exchanged {
        let timeouts = settings.timeouts();
        if !self.redirected {
            let limit =
                Timeouts::bound(timeouts.attempt).and_then(|limit| start.checked_add(limit));
            self.until = [limit, self.deadline].into_iter().flatten().min();
        }
        self.report.started = SystemTime::now().into();
        let body = match self.prepared.with_body {
            true => settings.body(),
            // A redirect has left it behind.
            false => Body::NONE,
        };
        let headers = self.signed.as_deref().unwrap_or(&self.prepared.headers);
        let jar = settings.cookies();
        let defaults = &engine.defaults;
        let usual = Arc::ptr_eq(&self.prepared.headers, &defaults.headers);
        let own_without = self.prepared.without.as_deref();
        let without = own_without.unwrap_or(&defaults.without);
        let with_cookies = jar
            .filter(|_| !without.contains(&COOKIE))
            .and_then(|jar| jar.added_to(headers, self.prepared.uri()));
        let call = Call {
            method: &self.prepared.method,
            url: &self.prepared.head.url,
            host,
            headers: with_cookies.as_ref().unwrap_or(headers),
            without,
            lines: defaults.lines.as_ref().filter(|_| {
                usual && own_without.is_none() && self.signed.is_none() && with_cookies.is_none()
            }),
            body,
            expect_from: defaults.expect_from,
            connect: Timeouts::bound(timeouts.connect),
            read: Timeouts::bound(timeouts.read),
            until: self.until,
            accept: settings.accept(),
            follows: settings.max_redirects() > 0,
            body_limit: settings.body_limit(),
            save: settings.save(),
            // A kept-alive connection may turn out to be closed, after the only reading of the body.
            fresh: std::mem::take(&mut self.fresh) || body.is_for_once(),
            cancel,
            on_connected: connected,
        };
        let exchange = |call: &Call<'_>| {
            let exchanged = engine.transport.exchange(call);
            if let Some(jar) = jar
                && let Some(headers) = exchanged.headers()
            {
                jar.take_from(headers, call.url.uri());
            }
            exchanged
        };
        let first = exchange(&call);
        let policy = settings.retry();
        let Some(unasked) = again(&self.prepared, &mut self.tally, policy, &call, &first) else {
            return first;
        };
        self.report.connections_reused += u32::from(first.result.is_err());
        self.report.bytes_sent += first.trace.bytes_sent;
        drop(first);
        exchange(&Call {
            fresh: true,
            expect_from: call.expect_from.filter(|_| !unasked),
            ..call
        })
    }

    /// Logs how an exchange went.
    #[inline(never)]
    pub(super) fn tell(&self, exchanged: &Exchanged, elapsed: Duration) {
        let url = Escaped(self.prepared.redaction.uri(self.prepared.uri()));
        let (method, trace) = (&self.prepared.method, &exchanged.trace);
        let connection = match (trace.connected, trace.reused) {
            (false, _) => "no connection",
            (true, false) => "new connection",
            (true, true) => "kept-alive connection",
        };
        let came = match &exchanged.result {
            Ok(reply) => reply.status.to_string(),
            Err(fault) => format!("{} in phase {}", fault.error_type, fault.phase),
        };
        log::debug!(
            "{method} {url}: {came} after {:.1} ms, {connection}, {} bytes out, {} in",
            elapsed.as_secs_f64() * 1e3,
            trace.bytes_sent,
            trace.bytes_received,
        );
    }

    /// Adds what an exchange did to the report.
    pub(super) fn note(&mut self, trace: &Trace, elapsed: Duration) {
        let report = &mut self.report;
        report.elapsed = elapsed.into();
        report.bytes_sent += trace.bytes_sent;
        report.bytes_received += trace.bytes_received;
        report.connections_opened += u32::from(trace.connected && !trace.reused);
        report.connections_reused += u32::from(trace.connected && trace.reused);
        report.clear_response();
    }

    /// Keeps what a response says of itself, and makes it the caller's form.
    pub(super) fn receive(&mut self, reply: Reply, trace: &Trace) -> Response {
        if let Some(value) = reply.headers.retry_after() {
            let text = String::from_utf8_lossy(value).into_owned();
            self.report.rare_mut().retry_after = Some(text);
        }
        // The answer to an earlier attempt may be kept; then this is another one.
        let head = Arc::make_mut(&mut self.prepared.head);
        head.status = reply.status;
        head.version = reply.version;
        head.headers = reply.headers;
        head.history = self.report.rare().history.as_slice().into();
        head.timings = trace.timings;
        head.remote = trace.remote;
        head.reused = trace.reused;
        head.saved = None;
        head.redaction = self.prepared.redaction.clone();
        let head = Arc::clone(&self.prepared.head);
        let saved = reply.partial.as_ref().map(|partial| partial.size());
        self.report.size = saved.unwrap_or(reply.body.len() as u64);
        self.report.head = Some(Arc::clone(&head));
        Response::new(head, reply.body, reply.truncated)
    }
}

/// Whether the request is sent again at once, on a new connection, as part of the same attempt; and then, whether
/// without asking for leave to send its body.
#[inline(never)]
fn again(
    prepared: &Prepared,
    tally: &mut Tally,
    policy: &RetryPolicy,
    call: &Call<'_>,
    first: &Exchanged,
) -> Option<bool> {
    let replayable = call.body.is_replayable();
    let fault = match &first.result {
        Err(fault) => fault,
        // It will not be asked (RFC 9110 §10.1.1), and has nothing of the body yet.
        Ok(reply) => {
            return (reply.status == 417 && first.trace.asked && replayable).then_some(true);
        }
    };
    let evidence = Evidence {
        repeatable_by_request: prepared.repeatable,
        phase: Some(fault.phase),
        permanent: fault.permanent,
        bytes_sent: first.trace.bytes_sent,
        bytes_received: first.trace.bytes_received,
        reused: first.trace.reused,
        replayable,
        ..Evidence::new(call.method, fault.error_type)
    };
    let free = !call.cancel.is_cancelled() && retry::free_replay(policy, &evidence, tally);
    free.then_some(false)
}
