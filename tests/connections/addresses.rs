//! Addresses that the client connects to.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use haul::settings::{AddressPolicy, IpFamily};
use haul::{Client, ErrorType, StopReason};
use test_support::{Answer, Scenario, Server};

use crate::{builder, loopback, message, refusal, text, verdict};

/// A listener that notes every connection, on one port of 127.0.0.1 and, if there is one, ::1.
struct Door {
    addresses: Vec<SocketAddr>,
    port: u16,
    came: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Door {
    fn open() -> Door {
        let first = TcpListener::bind((loopback(), 0)).unwrap();
        let port = first.local_addr().unwrap().port();
        let second = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).ok();
        let came: Arc<Mutex<Vec<SocketAddr>>> = Arc::default();
        let mut addresses = Vec::new();
        for listener in [Some(first), second].into_iter().flatten() {
            addresses.push(listener.local_addr().unwrap());
            let came = Arc::clone(&came);
            thread::spawn(move || {
                while let Ok((_, from)) = listener.accept() {
                    came.lock().unwrap().push(from);
                }
            });
        }
        Door {
            addresses,
            port,
            came,
        }
    }

    /// Number of connections so far. Each listener serves its queue in order, so once it has noted this method's own
    /// connection, it has noted all earlier ones.
    fn came(&self) -> usize {
        for address in &self.addresses {
            let own = TcpStream::connect(address).unwrap();
            let own = own.local_addr().unwrap();
            while !self.came.lock().unwrap().contains(&own) {
                thread::yield_now();
            }
        }
        self.came.lock().unwrap().len() - self.addresses.len()
    }
}

/// Loopback, private and otherwise not public hosts, in more than two hundred spellings.
fn spellings() -> Vec<String> {
    let mut hosts: Vec<String> = [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "0",
        "0.0.0.0",
        "0x0",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[0000::0001]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::FFFF:7F00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00::1]",
        "[ff02::1]",
        "[2001:db8::1]",
        "[3fff::1]",
        "[fec0::1]",
        "[::ffff:0:127.0.0.1]",
        "10.0.0.1",
        "10.255.255.254",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "198.18.0.1",
        "240.0.0.1",
        "192.88.99.1",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::10.0.0.1]",
        "[::ffff:169.254.169.254]",
    ]
    .map(str::to_owned)
    .to_vec();
    for last in [1_u32, 2, 3, 77, 254] {
        for third in [0_u32, 1] {
            let bits = 0x7f00_0000 | third << 8 | last;
            let low = third << 8 | last;
            hosts.extend([
                format!("127.0.{third}.{last}"),
                format!("{bits}"),
                format!("0{bits:o}"),
                format!("0x{bits:x}"),
                format!("0X{bits:X}"),
                format!("127.{low}"),
                format!("0x7f.{low}"),
                format!("0177.{low}"),
                format!("127.0.{low}"),
                format!("127.0.0x{low:x}"),
                format!("0177.0.{third}.0{last:o}"),
                format!("0x7f.0x0.0x{third:x}.0x{last:x}"),
                format!("127.0x0.{third}.0{last:o}"),
                format!("[::ffff:127.0.{third}.{last}]"),
                format!("[::ffff:7f00:{low:x}]"),
                format!("[64:ff9b::127.0.{third}.{last}]"),
                format!("[::127.0.{third}.{last}]"),
            ]);
        }
    }
    hosts
}

#[test]
fn no_spelling_of_an_address_that_is_not_public_is_connected_to() {
    let door = Door::open();
    let hosts = spellings();
    assert!(hosts.len() >= 200, "{}", hosts.len());
    let client = Client::builder()
        .address_policy(AddressPolicy::PublicOnly)
        .build()
        .unwrap();
    let urls = hosts
        .iter()
        .map(|host| format!("http://{host}:{}/", door.port));
    let mut denied = 0;
    for outcome in client.map(urls) {
        match verdict(&outcome) {
            (ErrorType::AddressDenied, 0, Some(StopReason::NotRetryable)) => denied += 1,
            // This system's resolver does not know the spelling.
            (ErrorType::Dns, ..) => {}
            other => panic!("{}: {other:?}", outcome.url()),
        }
    }
    assert!(denied >= 200, "{denied} of {}", hosts.len());
    assert_eq!(door.came(), 0);
    // Without the policy a request reaches the door, so the door itself keeps nothing out.
    let door = Door::open();
    let _ = Client::builder()
        .retry(haul::RetryPolicy::none())
        .timeouts(haul::Timeouts::new().attempt(std::time::Duration::from_millis(300)))
        .build()
        .unwrap()
        .get(format!("http://127.1:{}/", door.port));
    assert!(door.came() >= 1);
}

#[test]
fn no_redirect_leads_where_the_policy_forbids() {
    let door = Door::open();
    let hosts = spellings();
    let count = hosts.len();
    let port = door.port;
    let server = Scenario::new()
        .when("*", move |seen| {
            let host = &hosts[seen.path()[1..].parse::<usize>().unwrap()];
            Answer::redirect(302, format!("http://{host}:{port}/"))
        })
        .start();
    let policy = AddressPolicy::custom(|host, address| {
        host == "start.test" || AddressPolicy::PublicOnly.allows(host, address)
    });
    let client = Client::builder()
        .address_policy(policy)
        .resolve("start.test", None, [loopback()])
        .build()
        .unwrap();
    let from = server.address().port();
    let urls = (0..count).map(|i| format!("http://start.test:{from}/{i}"));
    for outcome in client.map(urls) {
        let class = verdict(&outcome).0;
        assert!(
            matches!(class, ErrorType::AddressDenied | ErrorType::Dns),
            "{class}: {}",
            message(&outcome)
        );
    }
    assert_eq!(server.requests(), count);
    assert_eq!(door.came(), 0);
}

#[test]
fn a_refused_address_is_not_tried_again() {
    let client = builder()
        .address_policy(AddressPolicy::PublicOnly)
        .build()
        .unwrap();
    let outcome = client.get("http://inside.test/");
    assert_eq!(
        verdict(&outcome),
        (ErrorType::AddressDenied, 0, Some(StopReason::NotRetryable))
    );
    assert_eq!(
        message(&outcome),
        "the address policy refuses 127.0.0.1, an address of inside.test"
    );
}

#[test]
fn only_allowed_addresses_of_a_host_are_used() {
    let server = Server::always(Answer::text("allowed"));
    let door = Door::open();
    // The second address is the server's, on its own port: the first would be the door's.
    let allowed = server.address().ip();
    assert_eq!(allowed, loopback());
    let other = IpAddr::from([127, 0, 0, 2]);
    let policy = AddressPolicy::custom(move |_, address| address == allowed);
    let client = Client::builder()
        .address_policy(policy)
        .resolve("both.test", None, [other, allowed])
        .resolve("other.test", None, [other])
        .build()
        .unwrap();
    let port = server.address().port();
    let outcome = client.get(format!("http://both.test:{port}/"));
    assert_eq!(text(&outcome), "allowed");
    let remote = outcome.success().unwrap().remote_addr();
    assert_eq!(remote, Some(SocketAddr::new(allowed, port)));
    let outcome = client.get(format!("http://other.test:{port}/"));
    assert_eq!(verdict(&outcome).0, ErrorType::AddressDenied);
    assert_eq!(door.came(), 0);
}

#[test]
fn a_policy_that_panics_ends_its_request_alone() {
    let server = Server::always(Answer::text("fine"));
    let policy = AddressPolicy::custom(|host, _| {
        assert!(host != "bad.test", "as the test wants it");
        true
    });
    let client = builder().address_policy(policy).build().unwrap();
    let url = |host: &str| format!("http://{host}:{}/", server.address().port());
    assert_eq!(verdict(&client.get(url("bad.test"))).0, ErrorType::Panic);
    assert_eq!(text(&client.get(url("good.test"))), "fine");
}

#[test]
fn a_host_can_be_given_addresses_for_one_port_or_all() {
    let server = Server::always(Answer::text("found"));
    let port = server.address().port();
    let nowhere = IpAddr::from([127, 77, 0, 1]);
    let client = Client::builder()
        .retry(haul::RetryPolicy::none())
        .resolve("A.test", port, [loopback()])
        .resolve("a.test", None, [nowhere])
        .resolve("[2001:db8::5]", None, [loopback()])
        .build()
        .unwrap();
    let outcome = client.get(format!("http://a.TEST:{port}/"));
    assert_eq!(text(&outcome), "found");
    let host = server.last("/").header("host").map(str::to_lowercase);
    assert_eq!(host, Some(format!("a.test:{port}")));
    assert_eq!(
        text(&client.get(format!("http://[2001:db8::5]:{port}/"))),
        "found"
    );
    let outcome = client.get("http://a.test:1/");
    assert_eq!(
        verdict(&outcome).0,
        ErrorType::Connect,
        "{}",
        message(&outcome)
    );
}

#[test]
fn only_addresses_of_the_family_are_connected_to() {
    let server = Server::always(Answer::text("four"));
    let url = format!("http://both.test:{}/", server.address().port());
    let client = |family| {
        Client::builder()
            .resolve(
                "both.test",
                None,
                [IpAddr::from(Ipv6Addr::LOCALHOST), loopback()],
            )
            .resolve("four.test", None, [loopback()])
            .ip_family(family)
            .build()
            .unwrap()
    };
    let outcome = client(IpFamily::V4).get(&*url);
    let remote = outcome.success().unwrap().remote_addr().unwrap();
    assert_eq!(remote.ip(), loopback());
    let outcome = client(IpFamily::V6).get("http://four.test/");
    assert_eq!(verdict(&outcome).0, ErrorType::Dns);
    assert!(message(&outcome).contains("four.test: the name has no IPv6 address"));
    let outcome = client(IpFamily::V4).get("http://[::1]:9/");
    assert_eq!(verdict(&outcome).0, ErrorType::Dns);
}

#[cfg(unix)]
#[test]
fn connections_come_from_the_local_address() {
    let listener = TcpListener::bind((loopback(), 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let from = thread::spawn(move || {
        use std::io::Write;
        let (mut socket, from) = listener.accept().unwrap();
        test_support::read_head(&mut socket);
        socket
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
        from.ip()
    });
    // All of 127.0.0.0/8 is this machine's on Linux; elsewhere only one of them is sure to be.
    let local = match cfg!(target_os = "linux") {
        true => IpAddr::from([127, 0, 0, 9]),
        false => loopback(),
    };
    let client = builder().local_address(local).build().unwrap();
    assert!(client.get(format!("http://a.test:{port}/")).is_success());
    assert_eq!(from.join().unwrap(), local);
    let outcome = client.get(format!("http://[::1]:{port}/"));
    assert!(outcome.is_failed());
}

#[test]
fn impossible_addresses_are_errors() {
    let foreign: IpAddr = "192.0.2.1".parse().unwrap();
    for (wrong, setting, why) in [
        (
            builder().resolve("a.test", 1, []),
            "resolve",
            "a.test is given no address",
        ),
        (
            builder().resolve("", None, [loopback()]),
            "resolve",
            "no name",
        ),
        (
            builder().local_address(foreign),
            "local_address",
            "192.0.2.1",
        ),
        (
            builder().local_address(loopback()).ip_family(IpFamily::V6),
            "local_address",
            "ip_family",
        ),
    ] {
        let (of, text) = refusal(wrong);
        assert_eq!(of, setting);
        assert!(text.contains(why), "{text}");
    }
}
