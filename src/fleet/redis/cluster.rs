//! Connection to a cluster.

use std::time::{Duration, Instant};

use redis::cluster::{ClusterClient, ClusterConnection};
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, Slot, SlotAddr};
use redis::{Arg, Cmd, ConnectionLike, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};

use super::address::ServerAddress;
use super::reply;

/// Most times that a command is sent to another node, since its keys are on their way there.
const MOST_REDIRECTS: usize = 8;

/// Time after which the nodes are asked anew which slots they have. A node may learn late that a slot moved.
const BETWEEN_REFRESHES: Duration = Duration::from_secs(1);

/// Host and port of a node.
pub(super) type Node = (String, u16);

/// Connections to the nodes of a cluster.
///
/// The crate would send a command again after an error of a connection, when it is unknown whether the command was
/// carried out. Its retries are therefore off, and redirects are followed here: a command that is redirected was not
/// carried out.
pub(super) struct ClusterLink {
    client: ClusterClient,
    nodes: ClusterConnection,
    reply_timeout: Duration,
    refreshed: Instant,
    /// Node that was asked last to run a script. `None`: there was none.
    last: Option<RoutingInfo>,
}

impl ClusterLink {
    /// Connects through the node of the address, or through another one that is known.
    pub(super) fn dial(address: &ServerAddress, known: &[Node]) -> RedisResult<ClusterLink> {
        let mut seeds = vec![address.info()?];
        for (host, port) in known {
            seeds.push(address.info_of(host, *port)?);
        }
        let mut builder = ClusterClient::builder(seeds)
            .retries(0)
            .connection_timeout(address.connect_timeout)
            .response_timeout(address.reply_timeout);
        if let Some(user) = &address.user {
            builder = builder.username(user);
        }
        if let Some(password) = &address.password {
            builder = builder.password(password);
        }
        if let Some(pem) = &address.authority {
            builder = builder.certs(redis::TlsCertificates {
                client_tls: None,
                root_cert: Some(pem.clone()),
            });
        }
        let client = builder.build()?;
        Ok(ClusterLink {
            nodes: connect(&client, address.reply_timeout)?,
            client,
            reply_timeout: address.reply_timeout,
            refreshed: Instant::now(),
            last: None,
        })
    }

    /// Returns the nodes that have slots, and their replicas. None if the reply has another form.
    pub(super) fn known(&mut self) -> RedisResult<Vec<Node>> {
        let command = redis::cmd("CLUSTER").arg("SLOTS").to_owned();
        let any = RoutingInfo::SingleNode(SingleNodeRoutingInfo::Random);
        let slots = self.nodes.route_command(&command, any)?;
        Ok(nodes_of(slots).unwrap_or_default())
    }

    /// Sends a command to the node that has its keys.
    pub(super) fn request(&mut self, command: &Cmd) -> RedisResult<Value> {
        let mut reply = self.nodes.req_command(command);
        self.last = node_of(command).or(self.last.take());
        for _ in 0..MOST_REDIRECTS {
            let Err(error) = &reply else { break };
            let Some((node, is_moved)) = redirect(error) else {
                break;
            };
            if !is_moved {
                let asking = redis::cmd("ASKING");
                self.nodes.route_command(&asking, node.clone())?;
            } else if self.refreshed.elapsed() > BETWEEN_REFRESHES {
                // The crate has no other way to learn the slots anew.
                self.nodes = connect(&self.client, self.reply_timeout)?;
                self.refreshed = Instant::now();
            }
            self.last = Some(node.clone());
            reply = self.nodes.route_command(command, node);
        }
        reply?.extract_error()
    }

    /// Sends a command to the node that ran the script before.
    pub(super) fn request_of_same_node(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self.last.clone() {
            Some(node) => self.nodes.route_command(command, node)?.extract_error(),
            None => self.request(command),
        }
    }
}

fn connect(client: &ClusterClient, reply_timeout: Duration) -> RedisResult<ClusterConnection> {
    let nodes = client.get_connection()?;
    nodes.set_auto_reconnect(false);
    nodes.set_write_timeout(Some(reply_timeout))?;
    Ok(nodes)
}

/// Node that has the keys of a script, as far as it is known. `None`: the command runs no script.
fn node_of(command: &Cmd) -> Option<RoutingInfo> {
    let mut words = command.args_iter().map(|word| match word {
        Arg::Simple(bytes) => bytes,
        _ => b"",
    });
    let name = words.next()?;
    let is_script = [b"EVALSHA".as_slice(), b"EVAL"].contains(&name);
    let key = words.nth(2).filter(|_| is_script)?;
    let route = Route::with_slot(Slot::for_key(key), SlotAddr::Master);
    Some(RoutingInfo::SingleNode(
        SingleNodeRoutingInfo::SpecificNode(route),
    ))
}

/// Nodes that the reply to `CLUSTER SLOTS` names.
fn nodes_of(slots: Value) -> Option<Vec<Node>> {
    let mut nodes = Vec::new();
    for range in reply::list(slots)? {
        for node in reply::list(range)?.into_iter().skip(2) {
            let mut facts = reply::list(node)?.into_iter();
            let host = reply::text(facts.next()?)?;
            let port = reply::number(facts.next()?)?.try_into().ok()?;
            if !host.is_empty() && !nodes.contains(&(host.clone(), port)) {
                nodes.push((host, port));
            }
        }
    }
    Some(nodes)
}

/// Returns the node that an error leads to, and whether the slot lies there for good.
fn redirect(error: &RedisError) -> Option<(RoutingInfo, bool)> {
    let is_moved = error.kind() == ErrorKind::Server(ServerErrorKind::Moved);
    let (address, _) = error.redirect_node()?;
    let (host, port) = address.rsplit_once(':')?;
    let node = SingleNodeRoutingInfo::ByAddress {
        host: host.to_owned(),
        port: port.parse().ok()?,
    };
    Some((RoutingInfo::SingleNode(node), is_moved))
}
