use std::borrow::Cow;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use super::*;
use crate::host::Host;
use crate::transport::connection::Plan;
use crate::transport::connection::line::ConnectionLine;
use crate::transport::connection::platform::{self, Idle};
use crate::transport::connection::wire::{Limits, SocketWire};
use crate::transport::meter::PhaseMeter;
use crate::transport::pool::PoolKey;
use http::Method;

const HEAD: &[u8] = b"POST / HTTP/1.1\r\ncontent-length: 4\r\n\r\n";

/// Returns an exchange whose request has a body of this size, and the server's side.
fn pair(body_size: u64, limits: Limits) -> (Exchange, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let socket = Arc::new(TcpStream::connect(addr).unwrap());
    let line = ConnectionLine::new(SocketWire::new(socket, limits));
    let host = Host::of(&"http://h/".parse().unwrap()).unwrap();
    let key = PoolKey::Server(Cow::Owned(host));
    let mut connection = Box::new(Connection::new(line, None, key, addr));
    connection.begin(Plan {
        limits,
        meter: PhaseMeter::start(Instant::now()),
        head_size: HEAD.len(),
        body: Some(body_size),
        header_limit: 1024,
        watch: None,
    });
    let opening = ExchangePlan {
        asked: Asked::by(&Method::POST),
        header_limit: 1024,
        body_limit: 1024,
        body: Some(body_size),
        forwarding: None,
    };
    let exchange = Exchange::new(connection, opening);
    (exchange, listener.accept().unwrap().0)
}

fn unlimited() -> Limits {
    Limits::attempt(None, None)
}

fn put(exchange: &mut Exchange, bytes: &[u8]) {
    exchange.connection.buffers.output()[..bytes.len()].copy_from_slice(bytes);
    exchange.send(bytes.len()).unwrap();
}

#[test]
fn a_head_goes_out_with_its_body() {
    let (mut exchange, mut server) = pair(4, unlimited());
    put(&mut exchange, HEAD);
    assert!(matches!(platform::peek(&server), Idle::Quiet));
    put(&mut exchange, b"body");
    let mut seen = [0; 100];
    let n = server.read(&mut seen).unwrap();
    assert_eq!(seen[..n], [HEAD, b"body"].concat());
}

#[test]
fn a_head_without_a_body_goes_out_at_once() {
    let (mut exchange, mut server) = pair(0, unlimited());
    put(&mut exchange, HEAD);
    let mut seen = [0; 100];
    let n = server.read(&mut seen).unwrap();
    assert_eq!(&seen[..n], HEAD);
}

#[test]
fn a_head_whose_body_waits_for_the_server_goes_out_before_the_wait() {
    let limits = Limits::attempt(None, Some(Duration::from_millis(30)));
    let (mut exchange, mut server) = pair(4, limits);
    put(&mut exchange, HEAD);
    assert!(matches!(exchange.await_leave(), Ok(SendBody::TimedOut)));
    let mut seen = [0; 100];
    let n = server.read(&mut seen).unwrap();
    assert_eq!(&seen[..n], HEAD);
}
