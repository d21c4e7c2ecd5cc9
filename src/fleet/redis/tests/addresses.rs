//! URLs of servers.

use super::ServerAddress;
use crate::fleet::redis::address::{AddressError, Route};

fn parse(url: &str) -> Result<ServerAddress, AddressError> {
    ServerAddress::parse(url, false)
}

fn tcp(host: &str, port: u16) -> Route {
    Route::Tcp {
        host: host.into(),
        port,
    }
}

#[test]
fn a_url_names_host_port_and_database() {
    for (url, route, database, shown) in [
        (
            "redis://localhost",
            tcp("localhost", 6379),
            0,
            "redis://localhost:6379/0",
        ),
        (
            "redis://127.0.0.1:7000/3",
            tcp("127.0.0.1", 7000),
            3,
            "redis://127.0.0.1:7000/3",
        ),
        (
            "redis://[::1]/",
            tcp("::1", 6379),
            0,
            "redis://[::1]:6379/0",
        ),
        (
            "rediss://Cache.Example/1",
            Route::Tls {
                host: "cache.example".into(),
                port: 6379,
            },
            1,
            "rediss://cache.example:6379/1",
        ),
        (
            "unix:///run/a%20b.sock?db=2",
            Route::Unix("/run/a b.sock".into()),
            2,
            "unix:///run/a b.sock?db=2",
        ),
    ] {
        let address = parse(url).unwrap();
        assert_eq!(
            (&address.route, address.database),
            (&route, database),
            "{url}"
        );
        assert_eq!(address.to_string(), shown);
    }
}

#[test]
fn a_url_names_a_user() {
    assert_eq!(
        parse("redis://us%40er@localhost").unwrap().user.as_deref(),
        Some("us@er")
    );
    assert_eq!(
        parse("unix:///s?user=u").unwrap().user.as_deref(),
        Some("u")
    );
    assert_eq!(parse("redis://localhost").unwrap().user, None);
}

#[test]
fn a_url_with_a_password_is_refused_without_showing_it() {
    for url in [
        "redis://:secret@localhost",
        "redis://u:secret@h",
        "rediss://u:secret@h",
        "unix:///s?pass=secret",
    ] {
        let error = parse(url).unwrap_err();
        assert_eq!(error, AddressError::HoldsPassword, "{url}");
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}

#[test]
fn a_connection_to_another_machine_is_encrypted_unless_that_is_allowed() {
    for url in [
        "redis://cache.example",
        "redis://10.0.0.1",
        "redis://[2001:db8::1]",
        "redis://0.0.0.0",
        "redis://localhost.example",
    ] {
        let error = parse(url).unwrap_err();
        assert!(
            matches!(error, AddressError::NotEncrypted(_)),
            "{url}: {error}"
        );
        assert!(ServerAddress::parse(url, true).is_ok(), "{url}");
    }
    for url in [
        "redis://LOCALHOST",
        "redis://127.9.9.9",
        "redis://[::1]",
        "unix:///s",
        "rediss://cache.example",
    ] {
        assert!(parse(url).is_ok(), "{url}");
    }
}

#[test]
fn a_text_that_is_no_url_of_a_server_is_refused() {
    for url in [
        "",
        "localhost",
        "localhost:6379",
        "http://localhost",
        "redis://",
        "redis:///1",
        "unix://",
        "unix:///",
        "unix://host/path",
        "redis://localhost#insecure",
    ] {
        assert_eq!(parse(url).unwrap_err(), AddressError::NoUrl, "{url}");
    }
}

#[test]
fn a_database_is_a_number() {
    for url in [
        "redis://localhost/a",
        "redis://localhost/-1",
        "redis://localhost/1/2",
        "unix:///s?db=x",
    ] {
        assert!(
            matches!(parse(url).unwrap_err(), AddressError::NoDatabase(..)),
            "{url}"
        );
    }
}

#[test]
fn an_unknown_parameter_is_named() {
    let error = parse("redis://localhost?protocol=resp3").unwrap_err();
    let shown = error.to_string();
    assert_eq!(
        shown,
        r#"redis://localhost:6379/0: unknown parameter "protocol" (db and user are known)"#
    );
}

#[test]
fn an_address_shows_no_password() {
    let address = parse("redis://user@localhost")
        .unwrap()
        .with_password("secret");
    assert_eq!(
        format!("{address:?} {address}"),
        "ServerAddress(redis://localhost:6379/0) redis://localhost:6379/0"
    );
}
