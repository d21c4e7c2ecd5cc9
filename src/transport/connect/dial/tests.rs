use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::*;

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

/// Returns an address at which no socket listens.
fn nobody() -> SocketAddr {
    listener().1
}

fn limits(time: Duration) -> Limits {
    Limits::attempt(Some(Instant::now() + time), None)
}

const LONG: Duration = Duration::from_secs(20);

#[cfg(unix)]
#[test]
fn a_connection_has_the_options_that_were_set() {
    use rustix::net::sockopt;

    use crate::settings::KeepAlive;

    let (_listener, addr) = listener();
    let local = addr.ip();
    let minute = Duration::from_secs(60);
    for (keep_alive, on) in [
        (KeepAlive::System, true),
        (KeepAlive::After(minute), true),
        (KeepAlive::Never, false),
    ] {
        let dialling = Dialling {
            local: Some(local),
            keep_alive,
        };
        let (socket, _) = dial(&[addr], &dialling, &limits(LONG), &CancelSlot::default()).unwrap();
        assert_eq!(sockopt::socket_keepalive(&socket).unwrap(), on);
        let idle = sockopt::tcp_keepidle(&socket).unwrap();
        assert_eq!(idle == minute, keep_alive == KeepAlive::After(minute));
        assert_eq!(socket.local_addr().unwrap().ip(), local);
    }
}

#[test]
fn the_first_address_that_answers_wins() {
    let (_listener, addr) = listener();
    let cancel = CancelSlot::default();
    for addresses in [
        vec![addr],
        vec![nobody(), addr],
        vec![nobody(), nobody(), addr, nobody()],
    ] {
        let (socket, remote) =
            dial(&addresses, &Dialling::default(), &limits(LONG), &cancel).unwrap();
        assert_eq!(remote, addr);
        assert_eq!(socket.peer_addr().unwrap(), addr);
        assert!(socket.nodelay().unwrap());
    }
}

#[cfg(unix)]
#[test]
fn an_address_that_does_not_answer_holds_up_the_next_for_a_moment_only() {
    let (hole, _fill) = crate::transport::tests::black_hole();
    let (_listener, addr) = listener();
    let addresses = [hole.local_addr().unwrap(), addr];
    let cancel = CancelSlot::default();
    let started = Instant::now();
    let (_, remote) = dial(&addresses, &Dialling::default(), &limits(LONG), &cancel).unwrap();
    assert_eq!(remote, addr);
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(200), "{took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn when_none_answers_the_last_says_why() {
    let cancel = CancelSlot::default();
    let Err(Undialled::Broken(WireError::Io(error))) = dial(
        &[nobody(), nobody()],
        &Dialling::default(),
        &limits(LONG),
        &cancel,
    ) else {
        panic!("nobody listens");
    };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    assert!(matches!(
        dial(&[], &Dialling::default(), &limits(LONG), &cancel),
        Err(Undialled::Broken(WireError::Io(_)))
    ));
}

#[test]
fn an_attempt_that_is_cancelled_already_connects_nowhere() {
    let (listener, addr) = listener();
    listener.set_nonblocking(true).unwrap();
    let cancel = CancelSlot::new();
    cancel.abort(cancel.begin());
    assert!(matches!(
        dial(&[addr], &Dialling::default(), &limits(LONG), &cancel),
        Err(Undialled::Cancelled)
    ));
    assert!(listener.accept().is_err());
}

#[cfg(unix)]
#[test]
fn an_address_that_cannot_be_used_is_no_shortage_of_ports() {
    // TEST-NET-1 (RFC 5737): no machine has this address.
    let nowhere = "192.0.2.1".parse().ok();
    let dialling = Dialling {
        local: nowhere,
        ..Dialling::default()
    };
    let cancel = CancelSlot::default();
    let (_listener, addr) = listener();
    let refused = dial(&[addr], &dialling, &limits(LONG), &cancel).unwrap_err();
    assert!(!refused.is_shortage(), "{refused:?}");
    let Undialled::Broken(WireError::Io(error)) = refused else {
        panic!("{refused:?}");
    };
    assert!(error.to_string().contains("192.0.2.1"), "{error}");
}

#[test]
fn a_shortage_on_this_side_is_reported_before_what_other_addresses_say() {
    let mut failed = None;
    let error = |kind: io::ErrorKind| io::Error::from(kind);
    keep(&mut failed, error(io::ErrorKind::ConnectionRefused));
    keep(&mut failed, platform::out_of_files());
    keep(&mut failed, error(io::ErrorKind::ConnectionRefused));
    assert!(platform::is_out_of_files(&failed.unwrap()));
}

mod sequence {
    use super::*;
    use crate::transport::connect::dial::sequence::open;

    #[test]
    fn addresses_are_tried_one_after_another_until_one_answers() {
        let (_listener, addr) = listener();
        let cancel = CancelSlot::default();
        let (_, remote) = open(&[nobody(), addr], None, &limits(LONG), &cancel).unwrap();
        assert_eq!(remote, addr);
        let refused = open(&[nobody()], None, &limits(LONG), &cancel);
        assert!(matches!(refused, Err(Undialled::Broken(WireError::Io(_)))));
    }

    #[cfg(unix)]
    #[test]
    fn an_address_that_does_not_answer_gets_its_share_of_the_time() {
        let (hole, _fill) = crate::transport::tests::black_hole();
        let (_listener, addr) = listener();
        let hole = hole.local_addr().unwrap();
        let cancel = CancelSlot::default();
        let time = Duration::from_millis(400);
        let (_, remote) = open(&[hole, addr], None, &limits(time), &cancel).unwrap();
        assert_eq!(remote, addr);
        let never = open(&[hole], None, &limits(Duration::from_millis(50)), &cancel);
        assert!(matches!(
            never,
            Err(Undialled::Broken(WireError::TimedOut(_)))
        ));
    }
}
