//! Exchange of an attempt: the call to the transport, and the record of its result.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{AUTHORIZATION, COOKIE, EXPECT};
use http::{HeaderMap, HeaderName};

use crate::redact::escape::log_line;
use crate::redact::header_text;
use crate::request::RequestContent;
use crate::response::{ExchangeFacts, Response};
use crate::retry::{self, AttemptCounts, AttemptFacts};
use crate::settings::{RetryPolicy, Timeouts};
use crate::transport::{
    BodyStream, Call, CancelSlot, DownloadPart, ExchangeResult, Reply, SYSTEM_CLOCK,
    SpareDescriptor, StreamPlan, WireFacts,
};

use super::context::{AttemptContext, Engine};
use super::prepare::Prepared;
use super::settings::RequestSettings;
use super::stage::{ConnectionChoice, Stage};
use super::state::AttemptState;

impl AttemptState {
    /// Sends the request, and sends it again at once if a kept-alive connection turned out to be closed.
    pub(super) fn exchange(&mut self, context: AttemptContext<'_>) -> ExchangeResult {
        let AttemptContext {
            engine,
            settings,
            scope,
            ..
        } = context;
        let timeouts = settings.timeouts();
        self.set_until(context);
        self.report.started = scope.clock.system_now().into();
        let body = self.sent_body(settings);
        let part = match self.look_for_part(context) {
            Ok(part) => part,
            Err(unsaved) => return ExchangeResult::unsaved(unsaved),
        };
        let added = self.with_added(context, part.as_deref());
        let headers = self.signed.as_deref().unwrap_or(&self.prepared.headers);
        let jar = settings.cookies();
        let lines = match self.signed.is_none() && added.is_none() {
            true => self.prepared.default_lines(&engine.defaults),
            false => None,
        };
        let stream = self.stream(settings, scope.start);
        let connected = || scope.permit.connected();
        let head_came = |at: Instant| scope.permit.head_came(at);
        let call = Call {
            host: context.host,
            lines,
            connect: Timeouts::bound(timeouts.connect),
            read: Timeouts::bound(timeouts.read),
            until: self.until,
            began: self.began,
            part: part.as_deref(),
            stream: stream.as_deref(),
            // A kept-alive connection may turn out to be closed after the body was read, and this body can be read only
            // once.
            fresh: self.connection == ConnectionChoice::New || body.is_for_once(),
            clock: scope.clock,
            on_connected: scope.unproven.then_some(&connected),
            on_head: Some(&head_came),
            ..call(
                engine,
                settings,
                OutgoingParts {
                    prepared: &self.prepared,
                    headers: added.as_ref().unwrap_or(headers),
                    body,
                },
                scope.cancel,
            )
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
        let replay = replay(&self.prepared, &mut self.counts, policy, &call, &first);
        let exchanged = match replay {
            None => first,
            Some(replay) => {
                self.report.connections_reused += u32::from(first.result.is_err());
                self.report.bytes_sent += first.trace.bytes_sent;
                drop(first);
                replay.run(call, exchange)
            }
        };
        if let Some(stream) = &stream {
            self.streamed = Some(stream.progress()).filter(|progress| progress.begun);
        }
        exchanged
    }

    /// Returns the body that is sent: none if a redirect has dropped it.
    fn sent_body<'a>(&self, settings: RequestSettings<'a>) -> &'a RequestContent {
        match self.prepared.with_body {
            true => settings.body(),
            false => RequestContent::NONE,
        }
    }

    /// Returns the handing on of the body. `None`: the body is not handed on.
    fn stream<'a>(
        &self,
        settings: RequestSettings<'a>,
        start: Instant,
    ) -> Option<Box<BodyStream<'a>>> {
        let receiver = settings.receiver()?;
        let plan = StreamPlan {
            attempt: self.counts.attempts() + 1,
            start,
            limit: settings.body_limit(),
            until: match settings.limits_attempt() {
                true => self.until,
                false => self.deadline,
            },
            read: settings.stream_read(),
        };
        Some(Box::new(BodyStream::new(receiver, plan)))
    }

    /// Returns the headers with those that an exchange adds: the jar's cookies, the answer to a challenge, and the
    /// conditions of a download. `None`: it adds none.
    fn with_added(
        &mut self,
        context: AttemptContext<'_>,
        part: Option<&DownloadPart>,
    ) -> Option<HeaderMap> {
        let answer = match self.prepared.digest {
            None => None,
            Some(_) => self.digest_answer(context),
        };
        let headers = self.signed.as_deref().unwrap_or(&self.prepared.headers);
        let mut added = with_cookies(context.engine, context.settings, &self.prepared, headers);
        if let Some(answer) = answer {
            let added = added.get_or_insert_with(|| headers.clone());
            added.insert(AUTHORIZATION, answer);
        }
        if self.download.is_some() {
            self.add_conditions(context, part, &mut added);
        }
        added
    }

    /// Returns the end of the attempt whose exchange begins now. `None`: no limit.
    pub(super) fn attempt_ends(&self, context: AttemptContext<'_>) -> Option<Instant> {
        let limit = Timeouts::bound(context.settings.timeouts().attempt);
        let limit = limit.and_then(|limit| context.scope.start.checked_add(limit));
        [limit, self.deadline].into_iter().flatten().min()
    }

    /// Sets the end of an attempt that begins at this time, unless the exchange is part of the previous attempt and has
    /// the remaining time of that attempt.
    fn set_until(&mut self, context: AttemptContext<'_>) {
        match self.stage {
            Stage::Redirect => return,
            Stage::RedirectAfterWait => self.stage = Stage::Redirect,
            Stage::NewAttempt | Stage::Signed => {}
        }
        self.until = self.attempt_ends(context);
        self.began = Some(context.scope.start);
    }

    /// Logs the result of an exchange.
    #[inline(never)]
    pub(super) fn log_exchange(&self, exchanged: &ExchangeResult, elapsed: Duration) {
        let url = self.prepared.redaction.uri(self.prepared.uri());
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
        log_line!(
            Debug,
            "{method} {url}: {came} after {:.1} ms, {connection}, {} bytes out, {} in",
            elapsed.as_secs_f64() * 1e3,
            trace.bytes_sent,
            trace.bytes_received,
        );
    }

    /// Adds an exchange to the report.
    pub(super) fn note(&mut self, trace: &WireFacts, elapsed: Duration) {
        let report = &mut self.report;
        let before: Duration = report.elapsed.into();
        match &mut report.rare {
            Some(rare) if self.stage.is_redirect() => rare.earlier += before,
            Some(rare) => rare.earlier = Duration::ZERO,
            None if self.stage.is_redirect() => report.rare_mut().earlier = before,
            None => {}
        }
        report.elapsed = elapsed.into();
        report.bytes_sent += trace.bytes_sent;
        report.bytes_received += trace.bytes_received;
        report.connections_opened += u32::from(trace.connected && !trace.reused);
        report.connections_reused += u32::from(trace.connected && trace.reused);
        report.clear_response();
    }

    /// Keeps the head of a response for the report, and returns the response in the form that callers get.
    pub(super) fn receive(&mut self, reply: Reply, trace: &WireFacts) -> Response {
        if let Some(value) = reply.headers.retry_after() {
            let text = header_text(value).into_owned();
            self.report.rare_mut().retry_after = Some(text);
        }
        self.report.body_received = reply.received;
        let head = Arc::new(ExchangeFacts {
            status: reply.status,
            version: reply.version,
            headers: reply.headers,
            url: Arc::clone(&self.prepared.url),
            history: self.report.rare().history.as_slice().into(),
            timings: trace.timings,
            remote: trace.remote,
            reused: trace.reused,
            undecoded: reply.undecoded,
            saved: None,
            redaction: self.prepared.redaction.clone(),
        });
        let saved = reply.partial.as_ref().map(|partial| partial.size());
        self.report.size = saved.unwrap_or(reply.body.len() as u64);
        if let Some(streamed) = self.streamed.take() {
            self.report.size = streamed.size;
            let rare = self.report.rare_mut();
            (rare.streamed, rare.first_byte) = (true, streamed.first_byte);
        }
        self.report.head = Some(Arc::clone(&head));
        Response::new(head, reply.body, reply.truncated)
    }
}

/// Returns the names of headers that are not added to a prepared request that lacks them.
fn without<'a>(engine: &'a Engine, prepared: &'a Prepared) -> &'a [HeaderName] {
    let own = prepared.without.as_deref();
    own.unwrap_or(&engine.defaults.without)
}

/// Returns the headers with the jar's cookies, if any are to be added.
pub(super) fn with_cookies(
    engine: &Engine,
    settings: RequestSettings<'_>,
    prepared: &Prepared,
    headers: &HeaderMap,
) -> Option<HeaderMap> {
    let jar = settings.cookies()?;
    if without(engine, prepared).contains(&COOKIE) {
        return None;
    }
    jar.added_to(headers, prepared.uri())
}

/// Headers and body of a prepared request as they go out.
#[derive(Clone, Copy)]
pub(super) struct OutgoingParts<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a RequestContent,
}

/// Returns the call for a prepared request with its settings, on any connection and without a time limit.
#[inline]
pub(super) fn call<'a>(
    engine: &'a Engine,
    settings: RequestSettings<'a>,
    outgoing: OutgoingParts<'a>,
    cancel: &'a Arc<CancelSlot>,
) -> Call<'a> {
    let OutgoingParts {
        prepared,
        headers,
        body,
    } = outgoing;
    Call {
        method: &prepared.method,
        url: &prepared.url,
        host: None,
        headers,
        without: without(engine, prepared),
        lines: None,
        body,
        expect_from: engine.defaults.expect_from,
        connect: None,
        read: None,
        until: None,
        began: None,
        accept: settings.accept(),
        follows: settings.max_redirects() > 0,
        body_limit: settings.body_limit(),
        keep_encoding: settings.keeps_encoding(),
        save: settings.save(),
        part: None,
        bandwidth: engine.defaults.bandwidth.as_deref(),
        stream: None,
        discard: settings.discards(),
        spare: SpareDescriptor::default(),
        fresh: false,
        cancel,
        clock: &SYSTEM_CLOCK,
        redaction: &prepared.redaction,
        on_connected: None,
        on_head: None,
    }
}

/// Way in which a request is sent again at once, on a new connection, as part of the same attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Replay {
    /// In the same way: the kept-alive connection was closed.
    AsBefore,
    /// Without asking if the server takes the body, since the server refuses the question (RFC 9110 section
    /// 10.1.1).
    WithoutExpect,
}

impl Replay {
    /// Makes a call again in this way.
    #[inline(never)]
    fn run(
        self,
        call: Call<'_>,
        exchange: impl FnOnce(&Call<'_>) -> ExchangeResult,
    ) -> ExchangeResult {
        if self == Replay::AsBefore {
            return exchange(&Call {
                fresh: true,
                ..call
            });
        }
        let mut headers = call.headers.clone();
        headers.remove(EXPECT);
        exchange(&Call {
            fresh: true,
            expect_from: None,
            headers: &headers,
            lines: None,
            ..call
        })
    }
}

/// Returns the way in which the request is sent again at once. `None`: it is not sent again.
#[inline(never)]
fn replay(
    prepared: &Prepared,
    counts: &mut AttemptCounts,
    policy: &RetryPolicy,
    call: &Call<'_>,
    first: &ExchangeResult,
) -> Option<Replay> {
    let replayable = call.body.is_replayable();
    let fault = match &first.result {
        Err(fault) => fault,
        // The server has no byte of the body yet.
        Ok(reply) => {
            let refused = reply.status == 417 && first.trace.asked && replayable;
            return refused.then_some(Replay::WithoutExpect);
        }
    };
    let facts = AttemptFacts {
        repeatable_by_request: prepared.repeatable,
        phase: Some(fault.phase),
        permanent: fault.permanent,
        bytes_sent: first.trace.bytes_sent,
        bytes_received: first.trace.bytes_received,
        reused: first.trace.reused,
        replayable,
        ..AttemptFacts::new(call.method, fault.error_type)
    };
    let free = !call.cancel.is_cancelled() && retry::free_replay(policy, &facts, counts);
    free.then_some(Replay::AsBefore)
}
