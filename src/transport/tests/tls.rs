//! Transport over TLS, against servers with certificates made by the tests.

use std::io::{Read, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use ::rustls::{HandshakeKind, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::server::{Server, answer, read_request};
use super::*;
use crate::timing::Timings;
use crate::transport::connection::carrier::TlsCarrier;
use crate::transport::connection::wire::WireError;

struct Authority {
    issuer: rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
}

impl Authority {
    fn new() -> Authority {
        let mut params = rcgen::CertificateParams::default();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "authority of the tests");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        Authority {
            issuer: rcgen::CertifiedIssuer::self_signed(params, key).unwrap(),
        }
    }

    /// Returns a configuration with a certificate for this name, valid until this year.
    fn certify(&self, name: &str, until: i32) -> Arc<ServerConfig> {
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        serving(certificate.der().clone(), &key)
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        roots
    }

    /// Returns a transport that trusts this authority, and resolves every name to 127.0.0.1.
    fn sockets(&self) -> Sockets {
        let local = |_: &str| Ok(vec!["127.0.0.1".parse().unwrap()]);
        asking_names(local, Tls::trusting(self.roots()))
    }
}

fn serving(certificate: CertificateDer<'static>, key: &rcgen::KeyPair) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}

type Secure = StreamOwned<ServerConnection, std::net::TcpStream>;

/// Starts a server that makes the handshake and then follows the script. The kinds of the handshakes are recorded.
fn secure(
    config: Arc<ServerConfig>,
    script: impl Fn(&mut Secure) + Send + Sync + 'static,
) -> (Server, Arc<Mutex<Vec<HandshakeKind>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kinds = seen.clone();
    let server = Server::start(move |peer| {
        let connection = ServerConnection::new(config.clone()).unwrap();
        let mut stream = StreamOwned::new(connection, peer.stream.try_clone().unwrap());
        while stream.conn.is_handshaking() {
            if stream.conn.complete_io(&mut stream.sock).is_err() {
                return;
            }
        }
        kinds.lock().unwrap().extend(stream.conn.handshake_kind());
        script(&mut stream);
    });
    (server, seen)
}

/// Returns a script that gives the same answer to each request, without end.
fn answering(body: &str) -> impl Fn(&mut Secure) + Send + Sync + use<> {
    let bytes = answer(200, body);
    move |stream| {
        let mut unread = Vec::new();
        while read_request(stream, &mut unread).is_some() {
            let _ = stream.write_all(bytes.as_bytes());
            let _ = stream.flush();
        }
    }
}

fn url(server: &Server, name: &str) -> String {
    format!("https://{name}:{}/", server.addr.port())
}

#[test]
fn ten_thousand_encrypted_requests_of_eight_threads_open_eight_connections() {
    let authority = Authority::new();
    let (server, seen) = secure(authority.certify("test.name", 2100), answering("{}"));
    let sockets = authority.sockets();
    let requests = AtomicUsize::new(0);
    // The other connections can resume the session of the first.
    let exchanged = get(url(&server, "test.name")).of(&sockets);
    assert!(
        exchanged.result.is_ok() && Timings::from(exchanged.trace.timings).tls > Duration::ZERO
    );
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while requests.fetch_add(1, Ordering::Relaxed) < 10_000 {
                    let reply = get(url(&server, "test.name")).reply(&sockets);
                    assert_eq!(reply.body, b"{}");
                }
            });
        }
    });
    let seen = seen.lock().unwrap();
    assert!(seen.len() <= 8, "{seen:?}");
    assert_eq!(seen[0], HandshakeKind::Full);
    assert!(seen[1..].contains(&HandshakeKind::Resumed), "{seen:?}");
}

#[test]
fn a_second_connection_resumes_the_session_of_the_first() {
    let authority = Authority::new();
    let (server, seen) = secure(authority.certify("test.name", 2100), answering("{}"));
    let sockets = authority.sockets();
    for _ in 0..4 {
        let mut request = get(url(&server, "test.name"));
        request.fresh = true;
        request.reply(&sockets);
    }
    use HandshakeKind::{Full, Resumed};
    assert_eq!(*seen.lock().unwrap(), [Full, Resumed, Resumed, Resumed]);
}

#[test]
fn sessions_of_many_hosts_are_remembered() {
    let authority = Authority::new();
    let (server, seen) = secure(authority.certify("*.test.name", 2100), answering("{}"));
    let sockets = authority.sockets();
    for _ in 0..2 {
        for host in 0..50 {
            let mut request = get(url(&server, &format!("h{host}.test.name")));
            request.fresh = true;
            request.reply(&sockets);
        }
    }
    let seen = seen.lock().unwrap();
    let resumed = |kind: &HandshakeKind| *kind == HandshakeKind::Resumed;
    assert!(!seen[..50].iter().any(resumed));
    assert!(seen[50..].iter().all(resumed), "{seen:?}");
}

#[test]
fn large_bodies_pass_both_ways() {
    let authority = Authority::new();
    let (server, _) = secure(authority.certify("test.name", 2100), |stream| {
        let mut unread = Vec::new();
        while let Some(request) = read_request(stream, &mut unread) {
            let body = &request[request.find("\r\n\r\n").unwrap() + 4..];
            let _ = stream.write_all(answer(200, body).as_bytes());
        }
    });
    let sockets = authority.sockets();
    for size in [1, 16_384, 100_000, 1_000_000] {
        let body: Vec<u8> = (0..size).map(|i| b'a' + (i % 26) as u8).collect();
        let reply = post(url(&server, "test.name"), body.clone()).reply(&sockets);
        assert!(reply.body == body, "{size}");
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_certificate_that_is_not_acceptable_is_a_permanent_tls_fault() {
    let authority = Authority::new();
    let sockets = authority.sockets();
    let self_signed = || {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["test.name".to_owned()]).unwrap();
        serving(params.self_signed(&key).unwrap().der().clone(), &key)
    };
    for (config, word) in [
        (authority.certify("test.name", 2010), "expired"),
        (authority.certify("other.name", 2100), "not valid for name"),
        (self_signed(), "UnknownIssuer"),
        (Authority::new().certify("test.name", 2100), "certificate"),
    ] {
        let (server, _) = secure(config, answering("{}"));
        let exchanged = get(url(&server, "test.name")).of(&sockets);
        let fault = exchanged.result.err().unwrap();
        assert_eq!(
            (fault.error_type, fault.phase),
            (ErrorType::Tls, Phase::Tls)
        );
        assert!(fault.permanent);
        assert!(fault.message.contains(word), "{}", fault.message);
        let place = format!("TLS handshake with test.name:{}", server.addr.port());
        assert!(fault.message.contains(&place), "{}", fault.message);
        assert_eq!(exchanged.trace.bytes_sent, 0);
        assert!(server.requests().is_empty());
    }
}

#[test]
fn a_server_that_speaks_no_tls_is_a_permanent_tls_fault() {
    let server = Server::start(|peer| {
        peer.say("HTTP/1.1 400 Bad Request\r\n\r\n");
        peer.stay();
    });
    let fault = get(url(&server, "test.name")).fault(&Authority::new().sockets());
    assert_eq!(
        (fault.error_type, fault.phase),
        (ErrorType::Tls, Phase::Tls)
    );
    assert!(fault.permanent, "{}", fault.message);
}

#[test]
fn a_handshake_that_is_cut_or_stalls_may_be_tried_again() {
    let sockets = Authority::new().sockets();
    let closing = Server::start(|_| ());
    let fault = get(url(&closing, "test.name")).fault(&sockets);
    assert_eq!(
        (fault.error_type, fault.phase),
        (ErrorType::Tls, Phase::Tls)
    );
    assert!(!fault.permanent, "{}", fault.message);

    let silent = Server::start(|peer| peer.stay());
    let mut request = get(url(&silent, "test.name"));
    request.connect = Some(Duration::from_millis(100));
    let fault = request.fault(&sockets);
    assert_eq!(
        (fault.error_type, fault.phase),
        (ErrorType::Timeout, Phase::Tls)
    );
    assert!(fault.message.contains("longer than 100ms"));
}

#[test]
fn a_body_without_length_needs_a_proper_end() {
    let authority = Authority::new();
    let serve = |properly: bool| {
        let (server, _) = secure(authority.certify("test.name", 2100), move |stream| {
            read_request(stream, &mut Vec::new());
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nto the end");
            if properly {
                stream.conn.send_close_notify();
            }
            let _ = stream.flush();
        });
        server
    };
    let sockets = authority.sockets();
    let reply = get(url(&serve(true), "test.name")).reply(&sockets);
    assert_eq!(reply.body, b"to the end");
    let fault = get(url(&serve(false), "test.name")).fault(&sockets);
    assert_eq!(fault.error_type, ErrorType::IncompleteBody);
}

#[test]
fn new_tickets_on_an_idle_connection_do_not_end_it() {
    let authority = Authority::new();
    let (server, _) = secure(authority.certify("test.name", 2100), |stream| {
        let mut unread = Vec::new();
        while read_request(stream, &mut unread).is_some() {
            let _ = stream.write_all(answer(200, "ok").as_bytes());
            // After the answer the server renews its keys: a message that does not belong to any request.
            stream.conn.refresh_traffic_keys().unwrap();
            let _ = stream.write_all(b"");
            let _ = stream.flush();
        }
    });
    let sockets = authority.sockets();
    for n in 0..5 {
        let exchanged = get(url(&server, "test.name")).of(&sockets);
        assert!(exchanged.result.is_ok());
        assert_eq!(exchanged.trace.reused, n > 0);
    }
}

#[test]
fn a_name_no_certificate_can_have_is_refused() {
    let server = Server::start(|peer| peer.stay());
    let sockets = Authority::new().sockets();
    let fault = get(url(&server, "under_score..name")).fault(&sockets);
    assert_eq!(fault.error_type, ErrorType::Tls);
    assert!(fault.permanent);
}

#[test]
fn a_refusal_while_the_body_is_sent_is_heard_over_tls_too() {
    let authority = Authority::new();
    let (server, _) = secure(authority.certify("test.name", 2100), |stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(answer(413, "no").as_bytes());
        let _ = stream.flush();
        // The server reads nothing more, and keeps the connection.
        while stream.sock.peek(&mut [0]).is_ok_and(|n| n > 0) {
            std::thread::yield_now();
        }
    });
    let exchanged = post(url(&server, "test.name"), vec![b'x'; 24 << 20]).of(&authority.sockets());
    assert!(exchanged.trace.bytes_sent < 24 << 20);
    assert_eq!(exchanged.result.ok().unwrap().status, 413);
}

#[test]
fn a_success_is_read_while_the_body_is_sent_over_tls_too() {
    const SIZE: usize = 8 << 20;
    let authority = Authority::new();
    let (server, _) = secure(authority.certify("test.name", 2100), |stream| {
        let mut read = stream.read(&mut [0; 4096]).unwrap_or(0);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n");
        let _ = stream.write_all(head.as_bytes());
        let mut piece = vec![0; 16 * 1024];
        for _ in 0..SIZE / piece.len() {
            // Each piece is written, however long that takes, before the next piece is read.
            if stream.write_all(&vec![b'y'; 16 * 1024]).is_err() || stream.flush().is_err() {
                return;
            }
            read += stream.read(&mut piece).unwrap_or(0);
        }
        while read < SIZE {
            match stream.read(&mut piece) {
                Ok(n) if n > 0 => read += n,
                _ => return,
            }
        }
        let _ = stream.read(&mut piece);
    });
    let exchanged = post(url(&server, "test.name"), vec![b'x'; SIZE]).of(&authority.sockets());
    assert!(exchanged.trace.bytes_sent > SIZE as u64);
    let body = exchanged.result.ok().unwrap().body;
    assert!(body.len() == SIZE && body.iter().all(|&b| b == b'y'));
}

/// Server side of a TLS session, in memory.
struct InMemory {
    server: ServerConnection,
    /// Number of bytes of a push that are taken before input comes.
    room: usize,
    /// Plain text that the server has received.
    received: Vec<u8>,
}

impl TlsCarrier for InMemory {
    fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), WireError> {
        while !bytes.is_empty() {
            self.server.read_tls(&mut bytes).map_err(WireError::Io)?;
            self.server.process_new_packets().unwrap();
            let _ = self.server.reader().read_to_end(&mut self.received);
        }
        Ok(())
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(usize, bool), WireError> {
        let most = bytes.len().min(self.room);
        self.write_all(&bytes[..most])?;
        Ok((most, most == bytes.len()))
    }

    fn read_within(
        &mut self,
        mut into: &mut [u8],
        _: Option<std::time::Duration>,
    ) -> Result<usize, WireError> {
        self.server.write_tls(&mut into).map_err(WireError::Io)
    }
}

#[test]
fn output_that_a_push_left_goes_out_with_the_next_write_even_if_that_is_empty() {
    let authority = Authority::new();
    let server = ServerConnection::new(authority.certify("test.name", 2100)).unwrap();
    let mut line = InMemory {
        server,
        room: 100,
        received: Vec::new(),
    };
    let tls = Tls::trusting(authority.roots());
    let mut session = tls.handshake("test.name", &mut line).ok().unwrap();
    let (taken, gone) = session.push(&mut line, &[b'x'; 1000]).ok().unwrap();
    assert!(taken == 1000 && !gone && line.received.is_empty());
    session.write_all(&mut line, b"").ok().unwrap();
    assert_eq!(line.received.len(), 1000);
}
