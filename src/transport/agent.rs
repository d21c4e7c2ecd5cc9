//! The transport over sockets: finds or opens a connection, lets ureq speak HTTP on it, and reads the body.

use std::sync::Arc;
use std::time::Instant;

use ureq::Agent;
use ureq::config::{AutoHeaderValue, Config};

use super::classify::{Scene, Trouble};
use super::connection::{Connection, Plan};
use super::http1::body::Cut;
use super::http1::by_ureq::lease::{self, FromSlot, Resolved};
use super::http1::by_ureq::send;
use super::http1::plain::{self, Answer};
use super::http1::reply::{receive, receive_plain, sampled};
use super::http1::request::{asks, head_size};
use super::http1::upload::Upload;
use super::meter::Meter;
use super::pool::{Keep, Pool, PoolSettings};
use super::proxy::Route;
use super::resolver::{Resolver, ResolverSettings};
use super::settings::{Dialling, Settings};
use super::target::Target;
use super::tls::Tls;
use super::wire::Limits;
use super::{Call, Exchanged, Fault, Reply, SentHead, Transport};
use crate::http::Response;
use crate::proxy_settings::ProxySettings;
use crate::request::Body;
use crate::timing::Phase;

/// The transport over sockets.
pub(crate) struct Sockets {
    agent: Agent,
    pub(super) pool: Pool<Connection>,
    pub(super) resolver: Resolver,
    pub(super) tls: Tls,
    pub(super) dialling: Dialling,
    proxies: Option<Arc<ProxySettings>>,
    header_limit: usize,
}

impl Keep for Connection {
    fn host(&self) -> &Arc<str> {
        self.key()
    }

    fn is_usable(&mut self) -> bool {
        Connection::is_usable(self)
    }
}

impl Sockets {
    pub(crate) fn new(mut settings: Settings) -> Sockets {
        let addressing = std::mem::take(&mut settings.addressing);
        let tls = std::mem::take(&mut settings.tls);
        let resolver = Resolver::new(ResolverSettings::default(), addressing);
        Sockets::from_parts(settings, resolver, tls)
    }

    pub(super) fn from_parts(settings: Settings, resolver: Resolver, tls: Tls) -> Sockets {
        let pool = PoolSettings {
            max: settings.max_idle,
            max_per_host: settings.max_idle_per_host,
            age: settings.idle_age,
        };
        Sockets {
            agent: Agent::with_parts(config(settings.header_limit), FromSlot, Resolved),
            pool: Pool::new(pool),
            resolver,
            tls,
            dialling: settings.dialling,
            proxies: settings.proxies,
            header_limit: settings.header_limit,
        }
    }
}

/// ureq as a speaker of HTTP and no more: no redirects, proxies, limits, pool or headers of its own.
fn config(header_limit: usize) -> Config {
    Config::builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .max_idle_connections(0)
        .max_idle_connections_per_host(0)
        .allow_non_standard_methods(true)
        .max_response_header_size(header_limit)
        .user_agent(AutoHeaderValue::None)
        .accept(AutoHeaderValue::None)
        .accept_encoding(AutoHeaderValue::None)
        .build()
}

impl Transport for Sockets {
    fn exchange(&self, call: &Call<'_>) -> Exchanged {
        let started = Instant::now();
        let mut meter = Meter::start(started);
        let Some(target) = Target::of(call) else {
            return self.failed(call, &Target::NONE, meter, Trouble::NoHost);
        };
        let upload = match self.provide(call) {
            Ok(upload) => upload,
            Err(trouble) => return self.failed(call, &target, meter, trouble),
        };
        let route = Route::of(self.proxies.as_deref(), &target);
        if let Some(activity) = call.watch() {
            activity.begin();
            activity.waits(started);
        }
        match self.connection(call, &target, route, started, &mut meter) {
            Ok(connection) => self.converse(call, &target, route, meter, connection, upload),
            Err(trouble) => {
                let trouble = match call.cancel.withdraw() {
                    Ok(()) => trouble,
                    Err(_) => Trouble::Cancelled,
                };
                self.failed(call, &target, meter, trouble)
            }
        }
    }

    fn preview(&self, call: &Call<'_>) -> Result<SentHead, Box<Fault>> {
        let target = Target::of(call);
        let seen = match &target {
            None => Err(Trouble::NoHost),
            Some(target) => self.look_ahead(call, target),
        };
        seen.map_err(|trouble| {
            let target = target.as_ref().unwrap_or(&Target::NONE);
            let meter = Meter::start(Instant::now());
            Box::new(self.fault(call, target, &meter, trouble, false))
        })
    }

    fn close_idle(&self) {
        self.pool.clear();
    }
}

impl Sockets {
    /// The head of a call whose body can be read and whose host, if it is an address, may be connected to.
    fn look_ahead(&self, call: &Call<'_>, target: &Target<'_>) -> Result<SentHead, Trouble> {
        let length = match call.body {
            Body::Bytes(bytes) => Some(bytes.len() as u64),
            Body::Streamed(stream) => Upload::open(stream).map_err(Trouble::Unsent)?.length(),
        };
        self.resolver.check_literal(target.bare_name())?;
        Ok(SentHead::of(call, target, length))
    }

    /// Sends the request and takes the response.
    fn converse(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        route: Route<'_>,
        mut meter: Meter,
        connection: Box<Connection>,
        mut upload: Option<Upload<'_>>,
    ) -> Exchanged {
        meter.trace.connected = true;
        meter.trace.remote = Some(connection.remote());
        if let Some(activity) = call.watch() {
            activity.goes_on();
        }
        if let Some(on_connected) = call.on_connected {
            on_connected();
        }
        let mut connection =
            self.begin(call, target, route, &mut meter, connection, upload.as_ref());
        match plain::ask(&mut connection, call, target, self.header_limit) {
            Ok(Some(answer)) => {
                return self.answered_plainly(call, target, route, connection, answer);
            }
            Ok(None) => lease::lay_out(connection),
            Err(broken) => {
                let trouble = Trouble::Broken(broken);
                return self.broke_off(call, target, meter, trouble, Some(connection));
            }
        }
        match send(&self.agent, call, upload.as_mut()) {
            Ok(response) => self.answered(call, target, route, meter, response),
            Err(error) => {
                let unsent = upload.as_mut().and_then(Upload::take_broke);
                let trouble = unsent.map_or(Trouble::Head(error), Trouble::Unsent);
                self.broke_off(call, target, meter, trouble, lease::take_back())
            }
        }
    }

    /// Makes the connection ready for the exchange.
    #[inline(never)]
    fn begin(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        route: Route<'_>,
        meter: &mut Meter,
        mut connection: Box<Connection>,
        upload: Option<&Upload<'_>>,
    ) -> Box<Connection> {
        let length = match (call.body, upload) {
            (Body::Bytes(bytes), _) => Some(bytes.len() as u64),
            (Body::Streamed(_), upload) => upload.and_then(Upload::length),
        };
        meter.trace.asked = upload.is_some() && asks(call, length);
        meter.enter(Phase::Send, Instant::now());
        connection.begin(Plan {
            limits: Limits::attempt(call.until, call.read),
            meter: *meter,
            head_size: head_size(call),
            body: length,
            unwanted: upload.map(|upload| Arc::clone(&upload.unwanted)),
            header_limit: self.header_limit,
            forwarding: route.forwarding(target, call),
            watch: call.watch().cloned(),
        });
        connection
    }

    /// The head has come: takes the body. Not on the stack while ureq waits for the head, where it is deepest: ten
    /// thousand workers have ten thousand stacks, and each page of one counts.
    #[inline(never)]
    fn answered(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        route: Route<'_>,
        mut meter: Meter,
        response: Response<ureq::Body>,
    ) -> Exchanged {
        let head_at = Instant::now();
        call.tell_head(head_at);
        if let Some(activity) = call.watch() {
            activity.answered();
        }
        let (reply, cut, back) = receive(call, response);
        let Some(mut connection) = back else {
            // ureq holds on to no connection it was lent; should it, there is none to give back.
            meter.enter(Phase::Receive, head_at);
            let _ = call.cancel.withdraw();
            let trace = meter.finish(Instant::now());
            return Exchanged {
                result: Ok(reply),
                trace,
            };
        };
        connection.attempt.meter.enter(Phase::Receive, head_at);
        self.concluded(call, target, route, connection, reply, cut)
    }

    /// The same for a plain answer.
    #[inline(never)]
    fn answered_plainly(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        route: Route<'_>,
        mut connection: Box<Connection>,
        answer: Answer,
    ) -> Exchanged {
        let head_at = Instant::now();
        call.tell_head(head_at);
        connection.attempt.meter.enter(Phase::Receive, head_at);
        if let Some(activity) = call.watch() {
            activity.answered();
        }
        let (reply, cut) = receive_plain(call, answer, &mut connection);
        self.concluded(call, target, route, connection, reply, cut)
    }

    /// What came is what comes: says how that went, and keeps the connection if it can serve again.
    fn concluded(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        route: Route<'_>,
        mut connection: Box<Connection>,
        reply: Reply,
        cut: Option<Cut>,
    ) -> Exchanged {
        connection.count();
        let meter = connection.attempt.meter;
        let now = Instant::now();
        let trace = meter.finish(now);
        let over_limit = matches!(cut, Some(Cut::TooLarge));
        // A body cut by a cancel can look complete, so the flag decides.
        let trouble = match (
            call.cancel.withdraw(),
            connection.attempt.broken.take(),
            cut,
        ) {
            (Err(_), _, _) => Some(Trouble::Cancelled),
            (Ok(()), Some(broken), Some(_)) => Some(Trouble::Broken(broken)),
            (Ok(()), _, Some(cut)) => Some(Trouble::Body(cut)),
            (Ok(()), _, None) => route.refusal(reply.status).map(Trouble::Proxy),
        };
        let result = match trouble {
            None => Ok(reply),
            Some(trouble) => {
                let scene = Scene {
                    call,
                    target,
                    started: meter.started(),
                    phase: Phase::Receive,
                    sent: trace.bytes_sent,
                    received: trace.bytes_received,
                    ended: connection.attempt.ended,
                };
                let mut reply = sampled(reply);
                reply.truncated |= over_limit;
                Err(scene.fault(trouble, Some(reply)))
            }
        };
        if connection.attempt.reusable && result.is_ok() {
            connection.rest();
            self.pool.give_back(connection, now);
        }
        Exchanged { result, trace }
    }

    /// It ended before the response head was complete.
    #[inline(never)]
    fn broke_off(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        meter: Meter,
        mut trouble: Trouble,
        connection: Option<Box<Connection>>,
    ) -> Exchanged {
        let cancelled = call.cancel.withdraw();
        let (mut meter, mut ended) = (meter, false);
        if let Some(mut connection) = connection {
            connection.count();
            meter = connection.attempt.meter;
            ended = connection.attempt.ended;
            if let Some(broken) = connection.attempt.broken.take() {
                trouble = Trouble::Broken(broken);
            }
        }
        if cancelled.is_err() {
            trouble = Trouble::Cancelled;
        }
        self.failed_at(call, target, meter, trouble, ended)
    }

    fn failed(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        meter: Meter,
        trouble: Trouble,
    ) -> Exchanged {
        self.failed_at(call, target, meter, trouble, false)
    }

    // What most attempts do not need stays off the stacks too.
    #[inline(never)]
    fn failed_at(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        meter: Meter,
        trouble: Trouble,
        ended: bool,
    ) -> Exchanged {
        let fault = self.fault(call, target, &meter, trouble, ended);
        Exchanged {
            result: Err(fault),
            trace: meter.finish(Instant::now()),
        }
    }

    fn fault(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        meter: &Meter,
        trouble: Trouble,
        ended: bool,
    ) -> Fault {
        let scene = Scene {
            call,
            target,
            started: meter.started(),
            phase: meter.phase(),
            sent: meter.trace.bytes_sent,
            received: meter.trace.bytes_received,
            ended,
        };
        scene.fault(trouble, None)
    }
}
