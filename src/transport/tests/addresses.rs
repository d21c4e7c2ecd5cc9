//! Addresses that are dialled when the addresses of names change.

use std::io;
use std::net::IpAddr;
use std::sync::Mutex;

use super::server::{Server, answer};
use super::*;
use crate::settings::addresses::AddressPolicy;
use crate::transport::connect::resolver::{Resolver, ResolverSettings};

/// Addresses that every name has at present.
type Names = Arc<Mutex<Vec<IpAddr>>>;

/// Returns a transport that asks for the addresses of a name anew for each connection.
fn asking(names: &Names, policy: AddressPolicy) -> Sockets {
    let names = Arc::clone(names);
    let look_up = move |_: &str| -> io::Result<Vec<IpAddr>> { Ok(names.lock().unwrap().clone()) };
    let settings = ResolverSettings {
        keep: Duration::ZERO,
        ..ResolverSettings::default()
    };
    let addressing = Addressing {
        policy,
        ..Addressing::default()
    };
    let resolver = Resolver::asking(settings, Arc::new(look_up)).with(addressing);
    Sockets::from_parts(TransportSettings::default(), resolver, Tls::default())
}

fn set(names: &Names, addresses: &[&str]) {
    *names.lock().unwrap() = addresses.iter().map(|a| a.parse().unwrap()).collect();
}

#[test]
fn a_name_that_changes_to_a_refused_address_is_not_followed() {
    let inside = Server::answering(answer(200, "inside"));
    let port = inside.addr.port();
    let names = Names::default();
    // Addresses outside of 127.0.0.0/16 stand for the public internet: the server is not there.
    let outside: IpAddr = "127.77.0.1".parse().unwrap();
    let sockets = asking(
        &names,
        AddressPolicy::custom(move |_, address| address == outside),
    );
    let ask = |fresh| {
        let mut request = get(format!("http://turning.name:{port}/"));
        request.fresh = fresh;
        request.fault(&sockets)
    };
    for addresses in [
        &["127.77.0.1", "127.0.0.1"][..],
        &["127.0.0.1", "127.77.0.1"],
        &["::ffff:127.0.0.1", "127.77.0.1", "::1"],
    ] {
        set(&names, addresses);
        // Only the allowed address is dialled, and no socket listens there.
        let fault = ask(false);
        assert_eq!(fault.error_type, ErrorType::Connect, "{}", fault.message);
    }
    for addresses in [&["127.0.0.1"][..], &["::1", "127.0.0.1"]] {
        set(&names, addresses);
        for fresh in [false, true] {
            let fault = ask(fresh);
            assert_eq!(
                (fault.error_type, fault.phase),
                (ErrorType::AddressDenied, Phase::Resolve)
            );
            assert!(fault.permanent);
            assert!(fault.message.contains("turning.name"), "{}", fault.message);
            assert!(fault.message.contains(addresses[0]), "{}", fault.message);
        }
    }
    assert_eq!(inside.connections(), 0);
}

#[test]
fn private_addresses_are_left_out_beside_public_ones() {
    let names = Names::default();
    let sockets = asking(&names, AddressPolicy::PublicOnly);
    let left = || {
        let limits = crate::transport::connection::wire::Limits::attempt(None, None);
        let found =
            sockets
                .connector
                .resolver
                .resolve("mixed.name", 80, &limits, &CancelSlot::new());
        found.map(|addresses| addresses.iter().map(|a| a.to_string()).collect::<Vec<_>>())
    };
    set(
        &names,
        &[
            "127.0.0.1",
            "93.184.215.14",
            "::ffff:10.0.0.1",
            "64:ff9b::1",
        ],
    );
    assert_eq!(left().unwrap(), ["93.184.215.14:80"]);
    set(&names, &["10.0.0.1", "fd00::1"]);
    assert!(left().is_err());
}
