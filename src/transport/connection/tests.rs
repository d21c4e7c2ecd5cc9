use std::io::Read;
use std::net::TcpListener;

use ureq::unversioned::transport::Buffers as _;

use super::*;
use crate::transport::platform;
use crate::transport::wire::Wire;

const HEAD: &[u8] = b"POST / HTTP/1.1\r\ncontent-length: 4\r\n\r\n";

fn pair(body_size: u64) -> (Connection, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let socket = Arc::new(TcpStream::connect(addr).unwrap());
    let limits = Limits::attempt(None, None);
    let line = Line::new(Wire::new(socket, limits));
    let mut connection = Connection::new(line, None, "h".into(), addr);
    connection.begin(Plan {
        limits,
        meter: Meter::start(Instant::now()),
        head_size: HEAD.len(),
        body: Some(body_size),
        unwanted: None,
        header_limit: 1024,
        forwarding: None,
        watch: None,
    });
    (connection, listener.accept().unwrap().0)
}

fn put(connection: &mut Connection, bytes: &[u8]) {
    connection.buffers.output()[..bytes.len()].copy_from_slice(bytes);
    connection.send(bytes.len()).unwrap();
}

#[test]
fn a_head_waits_for_its_body_and_goes_out_with_it() {
    let (mut connection, mut server) = pair(4);
    put(&mut connection, HEAD);
    assert!(matches!(platform::peek(&server), Idle::Quiet));
    put(&mut connection, b"body");
    let mut seen = [0; 100];
    let n = server.read(&mut seen).unwrap();
    assert_eq!(seen[..n], [HEAD, b"body"].concat());
}

#[test]
fn a_head_without_a_body_goes_out_at_once() {
    let (mut connection, mut server) = pair(0);
    put(&mut connection, HEAD);
    let mut seen = [0; 100];
    let n = server.read(&mut seen).unwrap();
    assert_eq!(&seen[..n], HEAD);
}

#[test]
fn a_head_whose_body_waits_for_the_server_goes_out_before_the_wait() {
    let (mut connection, mut server) = pair(4);
    put(&mut connection, HEAD);
    let patience = Some(Duration::from_millis(1));
    assert!(connection.receive(patience).is_err());
    let mut seen = [0; 100];
    let n = server.read(&mut seen).unwrap();
    assert_eq!(&seen[..n], HEAD);
}
