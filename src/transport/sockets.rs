//! The transport over sockets: finds or opens a connection, makes the exchange on it, and keeps the connection.

use std::sync::Arc;
use std::time::Instant;

use super::classify::Trouble;
use super::connect::proxy::Route;
use super::connect::resolver::{Resolver, ResolverSettings};
use super::connection::Connection;
use super::connection::tls::Tls;
use super::conversation::Conversation;
use super::http1::by_ureq::Writer;
use super::http1::upload::Upload;
use super::meter::Meter;
use super::pool::{Keep, Pool, PoolSettings};
use super::settings::{Dialling, Settings};
use super::target::Target;
use super::{Call, Exchanged, Fault, SentHead, Transport};
use crate::request::Body;
use crate::settings::proxy::ProxySettings;

/// The transport over sockets.
pub(crate) struct Sockets {
    writer: Writer,
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
            writer: Writer::new(),
            pool: Pool::new(pool),
            resolver,
            tls,
            dialling: settings.dialling,
            proxies: settings.proxies,
            header_limit: settings.header_limit,
        }
    }
}

impl Transport for Sockets {
    fn exchange(&self, call: &Call<'_>) -> Exchanged {
        let started = Instant::now();
        let target = Target::of(call);
        let mut conversation = Conversation {
            call,
            target: target.as_ref().unwrap_or(&Target::NONE),
            route: Route::Direct,
            meter: Meter::start(started),
            connection: None,
            upload: None,
        };
        if target.is_none() {
            return conversation.failed(Trouble::NoHost);
        }
        match self.provide(call) {
            Ok(upload) => conversation.upload = upload,
            Err(trouble) => return conversation.failed(trouble),
        }
        conversation.route = Route::of(self.proxies.as_deref(), conversation.target);
        if let Some(activity) = call.watch() {
            activity.begin();
            activity.waits(started);
        }
        match self.connect(&mut conversation, started) {
            Ok(()) => conversation.hold(&self.writer, self.header_limit, &self.pool),
            Err(trouble) => {
                let trouble = match call.cancel.withdraw() {
                    Ok(()) => trouble,
                    Err(_) => Trouble::Cancelled,
                };
                conversation.failed(trouble)
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
            let conversation = Conversation {
                call,
                target: target.as_ref().unwrap_or(&Target::NONE),
                route: Route::Direct,
                meter: Meter::start(Instant::now()),
                connection: None,
                upload: None,
            };
            Box::new(conversation.fault(trouble, None))
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
}
