//! Conversation: one exchange from its connection to its result.

use std::time::Instant;

use super::classify::{Failure, FailureContext};
use super::connect::proxy::ProxyRoute;
use super::connection::wire::Limits;
use super::connection::{Connection, Plan};
use super::http1::body::collect::BodyCut;
use super::http1::by_ureq::UreqWriter;
use super::http1::exchange::{Exchange, ExchangePlan};
use super::http1::head::framing::Asked;
use super::http1::reply::{receive, sampled};
use super::http1::request::{asks, head_size};
use super::http1::upload::Upload;
use super::http1::{self, HeadlessExchange, ResponseStart};
use super::meter::PhaseMeter;
use super::pool::ConnectionPool;
use super::target::Target;
use super::{Call, ExchangeResult, Fault, Reply};
use crate::request::RequestContent;
use crate::timing::Phase;
use http::Method;
use http::header::{CONNECTION, EXPECT, UPGRADE};

/// State of one exchange.
pub(super) struct Conversation<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) target: &'a Target<'a>,
    pub(super) route: ProxyRoute<'a>,
    /// Measurements of the attempt, while the connection does not hold them.
    pub(super) meter: PhaseMeter,
    /// Connection of the exchange. `None`: not made yet, lent, or given back.
    connection: Option<Box<Connection>>,
    /// Body of the request, if it is streamed. `None`: it is not.
    pub(super) upload: Option<Upload<'a>>,
}

impl<'a> Conversation<'a> {
    /// Creates a conversation that goes straight to the target and has no connection yet.
    pub(super) fn new(call: &'a Call<'a>, target: &'a Target<'a>, started: Instant) -> Self {
        Conversation {
            call,
            target,
            route: ProxyRoute::Direct,
            meter: PhaseMeter::start(started),
            connection: None,
            upload: None,
        }
    }

    /// Sends the request and takes the response, on the connection that was found.
    pub(super) fn hold(
        mut self,
        mut connection: Box<Connection>,
        writer: &UreqWriter,
        header_limit: usize,
        pool: &ConnectionPool<Connection>,
    ) -> ExchangeResult {
        self.meter.trace.connected = true;
        self.meter.trace.remote = Some(connection.remote());
        if let Some(activity) = self.call.watch() {
            activity.goes_on();
        }
        if let Some(on_connected) = self.call.on_connected {
            on_connected();
        }
        let opening = self.begin(header_limit, &mut connection);
        let exchange = Exchange::new(connection, opening);
        let upload = self.upload.as_mut();
        let answer = http1::exchange(writer, self.call, self.target, exchange, upload);
        match answer {
            Ok(answer) => self.answered(pool, answer),
            Err(broken_off) => self.broke_off(broken_off),
        }
    }

    /// Makes the connection ready for the exchange.
    #[inline(never)]
    fn begin(&mut self, header_limit: usize, connection: &mut Connection) -> ExchangePlan {
        let call = self.call;
        let length = match (call.body, &self.upload) {
            (RequestContent::Bytes(bytes), _) => Some(bytes.len() as u64),
            (RequestContent::Streamed(_), upload) => upload.as_ref().and_then(Upload::length),
        };
        let asks_itself = || length != Some(0) && call.headers.contains_key(EXPECT);
        self.meter.trace.asked = (self.upload.is_some() && asks(call, length)) || asks_itself();
        self.meter.enter(Phase::Send, Instant::now());
        connection.begin(Plan {
            limits: Limits::attempt(call.until, call.read),
            meter: self.meter,
            head_size: head_size(call),
            body: length,
            header_limit,
            watch: call.watch().cloned(),
        });
        // Prewritten lines contain neither of these headers.
        let says = |name| call.lines.is_none() && call.headers.contains_key(name);
        ExchangePlan {
            asked: Asked {
                head: *call.method == Method::HEAD,
                upgrade: says(UPGRADE),
                close: says(CONNECTION) && says_close(call),
                tunnel: false,
            },
            header_limit,
            body_limit: call.body_limit,
            body: length,
            forwarding: self.route.forwarding(self.target, call),
        }
    }

    /// Takes the body after the head has come. Kept off the stack during the wait for the head, where ureq makes the
    /// stack deepest: ten thousand workers have ten thousand stacks, and each page of them counts.
    #[inline(never)]
    fn answered(
        mut self,
        pool: &ConnectionPool<Connection>,
        mut answer: ResponseStart,
    ) -> ExchangeResult {
        let head_at = Instant::now();
        self.call.tell_head(head_at);
        answer
            .connection
            .attempt
            .meter
            .enter(Phase::Receive, head_at);
        if let Some(activity) = self.call.watch() {
            activity.answered();
        }
        if answer.overrun.is_some() {
            answer.connection.await_no_more(head_at);
        }
        let (reply, cut) = receive(self.call, &mut answer);
        let mut connection = answer.connection;
        connection.count();
        self.meter = connection.attempt.meter;
        let now = Instant::now();
        let over_limit = matches!(cut, Some(BodyCut::TooLarge | BodyCut::Declared(_)));
        let failure = self.failure(&mut connection, &reply, cut, answer.unsent);
        let failure = match (failure, answer.overrun) {
            (Some(Failure::Broken(_) | Failure::Unfinished), Some(most)) => {
                Some(Failure::Overrun(most))
            }
            (failure, _) => failure,
        };
        let reusable = connection.attempt.reusable && failure.is_none();
        self.connection = Some(connection);
        let result = match failure {
            None => Ok(reply),
            Some(failure) => {
                let mut reply = sampled(self.call, reply);
                reply.truncated |= over_limit;
                Err(self.fault(failure, Some(reply)))
            }
        };
        if let Some(mut connection) = self.connection.take().filter(|_| reusable) {
            connection.rest();
            pool.give_back(connection, now);
        }
        ExchangeResult {
            result,
            trace: self.meter.finish(now),
        }
    }

    /// Returns the problem with a response that came. `None`: the response is good.
    fn failure(
        &self,
        connection: &mut Connection,
        reply: &Reply,
        cut: Option<BodyCut>,
        unsent: bool,
    ) -> Option<Failure> {
        // A body cut by a cancel can look complete, so the flag decides.
        match (
            self.call.cancel.withdraw(),
            connection.attempt.broken.take(),
            cut,
        ) {
            (Err(_), _, _) => Some(Failure::Cancelled),
            (Ok(()), Some(broken), Some(_)) => Some(Failure::Broken(broken)),
            (Ok(()), _, Some(cut)) => Some(Failure::Body(cut)),
            (Ok(()), _, None) if unsent && reply.status < 300 => Some(Failure::Unfinished),
            (Ok(()), _, None) => self.route.refusal(reply.status).map(Failure::Proxy),
        }
    }

    /// Ends an exchange in which no whole response head came.
    #[inline(never)]
    fn broke_off(mut self, broken_off: HeadlessExchange) -> ExchangeResult {
        let HeadlessExchange { reason, connection } = broken_off;
        let mut failure = Failure::from(reason);
        if let Some(mut connection) = connection {
            connection.count();
            self.meter = connection.attempt.meter;
            self.connection = Some(connection);
        }
        if self.call.cancel.withdraw().is_err() {
            failure = Failure::Cancelled;
        }
        self.failed(failure)
    }

    // Kept out of line: most attempts do not fail, and stacks stay small.
    #[inline(never)]
    pub(super) fn failed(self, failure: Failure) -> ExchangeResult {
        let fault = self.fault(failure, None);
        ExchangeResult {
            result: Err(fault),
            trace: self.meter.finish(Instant::now()),
        }
    }

    pub(super) fn fault(&self, failure: Failure, reply: Option<Reply>) -> Fault {
        let connection = self.connection.as_ref();
        let context = FailureContext {
            call: self.call,
            target: self.target,
            phase: self.meter.phase(),
            sent: self.meter.trace.bytes_sent,
            received: self.meter.trace.bytes_received,
            ended: connection.is_some_and(|connection| connection.attempt.ended),
        };
        context.fault(failure, reply)
    }
}

/// Returns true if the request itself asks for the connection to be closed.
#[inline(never)]
fn says_close(call: &Call<'_>) -> bool {
    let values = call.headers.get_all(CONNECTION);
    let mut options = values
        .iter()
        .flat_map(|value| value.as_bytes().split(|&b| b == b','));
    options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
}
