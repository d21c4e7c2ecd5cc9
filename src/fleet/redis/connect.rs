//! Connections to a server.

use redis::{
    Client, Cmd, Connection, ConnectionAddr, ConnectionInfo, ConnectionLike, ErrorKind,
    IntoConnectionInfo, RedisConnectionInfo, RedisError, RedisResult, TlsCertificates, Value,
};

use super::super::engine::EngineError;
use super::address::{Route, ServerAddress};
#[cfg(feature = "fleet-cluster")]
use super::cluster::ClusterLink;
use super::failure;
use super::slow_dial::SlowDial;

/// Connection to one server or to a cluster.
pub(super) enum Wire {
    Single(Box<Connection>),
    #[cfg(feature = "fleet-cluster")]
    Cluster(Box<ClusterLink>),
}

impl Wire {
    /// Sends a command and returns its reply. An error of the server is an error.
    pub(super) fn request(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Wire::Single(connection) => connection.req_command(command)?.extract_error(),
            #[cfg(feature = "fleet-cluster")]
            Wire::Cluster(link) => link.request(command),
        }
    }

    /// Sends a command to the server that ran the script before.
    fn request_of_same_node(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            #[cfg(feature = "fleet-cluster")]
            Wire::Cluster(link) => link.request_of_same_node(command),
            wire @ Wire::Single(_) => wire.request(command),
        }
    }
}

impl ServerAddress {
    /// Connects, and tells the server who the client is.
    fn dial(
        &self,
        slow: &mut SlowDial,
        cause: &mut Option<RedisError>,
    ) -> Result<Wire, EngineError> {
        self.check_tls()?;
        let failed = |error: RedisError| {
            let sorted = match self.route {
                Route::Tls { .. } => failure::of_tls(&error, &self.to_string()),
                _ => failure::sort(&error, &self.to_string(), "connect", None),
            };
            *cause = failure::of_way(error);
            sorted
        };
        let mut connection = self.connection(slow).map_err(failed)?;
        self.log_in(&mut connection)?;
        Ok(Wire::Single(Box::new(connection)))
    }

    fn connection(&self, slow: &mut SlowDial) -> RedisResult<Connection> {
        let certificates = TlsCertificates {
            client_tls: None,
            root_cert: self.authority.clone(),
        };
        let info = self.info()?;
        let client = match (&self.route, &self.authority) {
            (Route::Tls { .. }, Some(_)) => Client::build_with_tls(info, certificates)?,
            _ => Client::open(info)?,
        };
        let connection = match &self.route {
            Route::Unix(_) => {
                slow.connect(move || client.get_connection(), self.connect_timeout)?
            }
            _ => client.get_connection_with_timeout(self.connect_timeout)?,
        };
        connection.set_read_timeout(Some(self.reply_timeout))?;
        connection.set_write_timeout(Some(self.reply_timeout))?;
        Ok(connection)
    }

    /// Returns the address as the crate takes it.
    pub(super) fn info(&self) -> RedisResult<ConnectionInfo> {
        match &self.route {
            Route::Tcp { host, port } | Route::Tls { host, port } => self.info_of(host, *port),
            Route::Unix(path) => info(ConnectionAddr::Unix(path.clone())),
        }
    }

    /// Returns the address of a host that is reached in the same way. The password stays out of it, since the crate's
    /// own commands for it do not tell a wrong password from other errors.
    pub(super) fn info_of(&self, host: &str, port: u16) -> RedisResult<ConnectionInfo> {
        let host = host.to_owned();
        info(match &self.route {
            Route::Tls { .. } => ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: None,
            },
            _ => ConnectionAddr::Tcp(host, port),
        })
    }

    /// Sends user, password and number of the database.
    fn log_in(&self, connection: &mut Connection) -> Result<(), EngineError> {
        let place = self.to_string();
        if let Some(password) = &self.password {
            let mut command = redis::cmd("AUTH");
            command.arg(&self.user).arg(password);
            let reply = connection
                .req_command(&command)
                .and_then(Value::extract_error);
            // The server's words may repeat what it was sent.
            reply.map_err(|error| match error.code() {
                Some("ERR") if !failure::ends_connection(&error) => {
                    let reason = "it takes no password, or not from this user";
                    EngineError::Refused(format!("{place}: {reason}"))
                }
                _ => failure::sort(&error, &place, "AUTH", None),
            })?;
        }
        if self.database != 0 {
            let command = redis::cmd("SELECT").arg(self.database).to_owned();
            let reply = connection
                .req_command(&command)
                .and_then(Value::extract_error);
            reply.map_err(|error| failure::sort(&error, &place, "SELECT", None))?;
        }
        Ok(())
    }

    /// Refuses what would end in a panic of rustls, or in a connection that trusts no server.
    fn check_tls(&self) -> Result<(), EngineError> {
        let has_provider = rustls::crypto::CryptoProvider::get_default().is_some();
        match self.tls_fault(has_provider) {
            Some(fault) => Err(EngineError::Refused(format!("{self}: {fault}"))),
            None => Ok(()),
        }
    }

    /// Reason why no TLS is possible. `None`: it is possible, or not needed.
    pub(super) fn tls_fault(&self, has_provider: bool) -> Option<&'static str> {
        if !matches!(self.route, Route::Tls { .. }) {
            return None;
        }
        let is_empty = |pem: &Vec<u8>| {
            let text = String::from_utf8_lossy(pem);
            !text.contains("-----BEGIN CERTIFICATE-----")
        };
        if self.authority.as_ref().is_some_and(is_empty) {
            return Some("the file of authorities holds no certificate in PEM");
        }
        let fault = "this process has no provider of TLS (CryptoProvider::install_default of rustls sets one)";
        (!has_provider).then_some(fault)
    }
}

fn info(address: ConnectionAddr) -> RedisResult<ConnectionInfo> {
    let info = address.into_connection_info()?;
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    let redis = RedisConnectionInfo::default().set_skip_set_lib_name();
    Ok(info.set_tcp_settings(tcp).set_redis_settings(redis))
}

/// Connection that is made when it is needed.
pub(super) struct ServerLink {
    pub(super) address: ServerAddress,
    /// Nodes of the cluster, in case that the one of the address is away.
    #[cfg(feature = "fleet-cluster")]
    known: Vec<super::cluster::Node>,
    wire: Option<Wire>,
    /// Number of times that a connection to a cluster was made.
    dials: u64,
    slow: SlowDial,
    /// Reason of the last error, if it was one of the way to the server.
    pub(super) cause: Option<RedisError>,
}

impl ServerLink {
    pub(super) fn new(address: ServerAddress) -> ServerLink {
        ServerLink {
            address,
            #[cfg(feature = "fleet-cluster")]
            known: Vec::new(),
            wire: None,
            dials: 0,
            slow: SlowDial::default(),
            cause: None,
        }
    }

    /// Returns a link to the same server, with a connection of its own.
    #[cfg(test)]
    pub(super) fn another(&self) -> ServerLink {
        ServerLink {
            address: self.address.clone(),
            #[cfg(feature = "fleet-cluster")]
            known: self.known.clone(),
            wire: None,
            dials: 0,
            slow: SlowDial::default(),
            cause: None,
        }
    }

    /// True if the nodes of a cluster may have got changes over a connection before this one, on which a wait for their
    /// disks tells nothing.
    pub(super) fn has_earlier_changes(&self) -> bool {
        self.dials > 1
    }

    fn dial(&mut self) -> Result<Wire, EngineError> {
        #[cfg(feature = "fleet-cluster")]
        if self.address.is_cluster {
            self.dials += 1;
            let place = self.address.to_string();
            let mut failed = |error: RedisError| {
                let sorted = failure::sort(&error, &place, "connect", None);
                self.cause = failure::of_way(error);
                sorted
            };
            let mut link = ClusterLink::dial(&self.address, &self.known).map_err(&mut failed)?;
            let known = link.known().map_err(failed)?;
            if !known.is_empty() {
                self.known = known;
            }
            return Ok(Wire::Cluster(Box::new(link)));
        }
        self.address.dial(&mut self.slow, &mut self.cause)
    }

    /// Gives the connection up.
    pub(super) fn close(&mut self) {
        self.wire = None;
    }

    /// Sends a command over the connection, or a new one if there is none. A connection on which a reply is missing is
    /// given up at once: the reply that comes late must not be taken for that of another command.
    pub(super) fn request(
        &mut self,
        command: &Cmd,
    ) -> Result<Result<Value, RedisError>, EngineError> {
        self.request_by(|wire| wire.request(command))
    }

    /// Sends a command to the server that ran the script before, and sorts its errors.
    pub(super) fn command_of_same_node(
        &mut self,
        command: &Cmd,
        name: &str,
    ) -> Result<Value, EngineError> {
        let reply = self.request_by(|wire| wire.request_of_same_node(command))?;
        reply.map_err(|error| failure::sort(&error, &self.address.to_string(), name, None))
    }

    fn request_by(
        &mut self,
        send: impl FnOnce(&mut Wire) -> RedisResult<Value>,
    ) -> Result<Result<Value, RedisError>, EngineError> {
        self.cause = None;
        let mut wire = match self.wire.take() {
            Some(wire) => wire,
            None => self.dial()?,
        };
        let reply = send(&mut wire);
        self.cause = reply.as_ref().err().cloned().and_then(failure::of_way);
        if !reply.as_ref().is_err_and(failure::ends_connection) {
            self.wire = Some(wire);
        }
        Ok(reply)
    }

    /// Sends a command and sorts its errors.
    pub(super) fn command(&mut self, command: &Cmd, name: &str) -> Result<Value, EngineError> {
        let reply = self.request(command)?;
        reply.map_err(|error| failure::sort(&error, &self.address.to_string(), name, None))
    }

    /// Returns true if an error says that the server does not speak the protocol.
    pub(super) fn is_other_protocol(error: &RedisError) -> bool {
        error.kind() == ErrorKind::Parse
    }
}
