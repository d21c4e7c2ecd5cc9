//! Transport over sockets: finds or opens a connection, makes the exchange on it, and keeps the connection.

use std::sync::Arc;
use std::time::Instant;

use super::classify::{Failure, no_host};
use super::connect::proxy::ProxyRoute;
use super::connect::resolver::{Resolver, ResolverSettings};
use super::connect::{ConnectionRequest, Connector};
use super::connection::tls::Tls;
use super::conversation::Conversation;
use super::http1::by_ureq::UreqWriter;
use super::http1::upload::Upload;
use super::meter::PhaseMeter;
use super::pool::{ConnectionPool, PoolSettings};
use super::provide::provide;
use super::settings::TransportSettings;
use super::target::Target;
use super::{Call, ExchangeResult, Fault, SentHead, Transport};
use crate::request::RequestContent;
use crate::settings::proxy::ProxySettings;

/// Transport over sockets.
pub(crate) struct Sockets {
    writer: UreqWriter,
    pub(super) connector: Connector,
    proxies: Option<Arc<ProxySettings>>,
    header_limit: usize,
}

impl Sockets {
    pub(crate) fn new(mut settings: TransportSettings) -> Sockets {
        let addressing = std::mem::take(&mut settings.addressing);
        let tls = std::mem::take(&mut settings.tls);
        let resolver = Resolver::new(ResolverSettings::default(), addressing);
        Sockets::from_parts(settings, resolver, tls)
    }

    pub(super) fn from_parts(settings: TransportSettings, resolver: Resolver, tls: Tls) -> Sockets {
        let pool = PoolSettings {
            max: settings.max_idle,
            max_per_host: settings.max_idle_per_host,
            age: settings.idle_age,
        };
        Sockets {
            writer: UreqWriter::new(),
            connector: Connector {
                resolver,
                tls,
                dialling: settings.dialling,
                pool: ConnectionPool::new(pool),
            },
            proxies: settings.proxies,
            header_limit: settings.header_limit,
        }
    }

    /// Returns the head of a call, if its body can be read and its host, if it is an address, may be connected to.
    fn look_ahead(&self, call: &Call<'_>, target: &Target<'_>) -> Result<SentHead, Failure> {
        let length = match call.body {
            RequestContent::Bytes(bytes) => Some(bytes.len() as u64),
            RequestContent::Streamed(stream) => {
                Upload::open(stream).map_err(Failure::Unsent)?.length()
            }
        };
        let resolver = &self.connector.resolver;
        resolver.check_literal(target.bare_name())?;
        Ok(SentHead::of(call, target, length))
    }
}

impl Transport for Sockets {
    fn exchange(&self, call: &Call<'_>) -> ExchangeResult {
        let started = Instant::now();
        let Some(target) = Target::of(call) else {
            return ExchangeResult {
                result: Err(no_host()),
                trace: PhaseMeter::start(started).finish(Instant::now()),
            };
        };
        let mut conversation = Conversation::new(call, &target, started);
        match provide(call, &self.connector.pool) {
            Ok(upload) => conversation.upload = upload,
            Err(failure) => return conversation.failed(failure),
        }
        conversation.route = ProxyRoute::of(self.proxies.as_deref(), &target);
        if let Some(activity) = call.watch() {
            activity.begin();
            activity.waits(started);
        }
        let wanted = ConnectionRequest {
            call,
            target: &target,
            route: conversation.route,
            started,
        };
        match self.connector.connect(wanted, &mut conversation.meter) {
            Ok(connection) => {
                let pool = &self.connector.pool;
                conversation.hold(connection, &self.writer, self.header_limit, pool)
            }
            Err(unconnected) => {
                let failure = match call.cancel.withdraw() {
                    Ok(()) => unconnected.into(),
                    Err(_) => Failure::Cancelled,
                };
                conversation.failed(failure)
            }
        }
    }

    fn preview(&self, call: &Call<'_>) -> Result<SentHead, Box<Fault>> {
        let Some(target) = Target::of(call) else {
            return Err(Box::new(no_host()));
        };
        self.look_ahead(call, &target).map_err(|failure| {
            let conversation = Conversation::new(call, &target, Instant::now());
            Box::new(conversation.fault(failure, None))
        })
    }

    fn close_idle(&self) {
        self.connector.pool.clear();
    }
}
