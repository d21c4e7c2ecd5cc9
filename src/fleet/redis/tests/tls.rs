//! Connections over TLS.

use std::time::Duration;

use test_support::{Authority, Folder, RedisServer, Signed};

use super::new_run;
use crate::fleet::engine::{EngineError, FleetEngine};
use crate::fleet::redis::{RedisEngine, ServerAddress};

/// Starts a server whose certificate is this one.
fn server(folder: &Folder, signed: &Signed) -> Option<RedisServer> {
    // The rest of haul names its provider; the crate takes that of the process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate = folder.write("certificate.pem", signed.certificate.pem());
    let key = folder.write("key.pem", signed.key.serialize_pem());
    let options = [
        "--tls-cert-file",
        certificate.to_str()?,
        "--tls-key-file",
        key.to_str()?,
    ];
    let more = [
        "--tls-port",
        "{port}",
        "--port",
        "0",
        "--tls-auth-clients",
        "no",
    ];
    RedisServer::start_on_port(&[&options[..], &more[..]].concat())
}

fn connect(url: &str, authority: Option<&Authority>) -> Result<RedisEngine, EngineError> {
    let second = Duration::from_secs(5);
    let mut address = ServerAddress::parse(url, false)
        .unwrap()
        .with_timeouts(second, second);
    if let Some(authority) = authority {
        address = address.with_authority(authority.pem().as_bytes());
    }
    RedisEngine::connect(address, "r1", false).map(|(engine, _)| engine)
}

#[test]
fn a_server_with_a_certificate_of_a_private_authority_is_trusted() {
    let (folder, authority) = (Folder::new(), Authority::new());
    let Some(server) = server(&folder, &authority.sign("localhost", 2100)) else {
        return;
    };
    let url = format!("rediss://localhost:{}", server.port());
    let mut engine = connect(&url, Some(&authority)).unwrap();
    assert_eq!(engine.create(&new_run(1)), Ok(true));
    assert_eq!(engine.another().facts().unwrap().lanes, 1);
}

#[test]
fn a_certificate_that_is_not_trusted_is_refused_at_once() {
    let (folder, authority) = (Folder::new(), Authority::new());
    let Some(server) = server(&folder, &authority.sign("localhost", 2100)) else {
        return;
    };
    let localhost = format!("rediss://localhost:{}", server.port());
    let other_name = format!("rediss://127.0.0.1:{}", server.port());
    for (url, trusted) in [(&localhost, &Authority::new()), (&other_name, &authority)] {
        match connect(url, Some(trusted)) {
            Err(EngineError::Refused(reason)) => {
                assert!(reason.contains("certificate"), "{reason}")
            }
            other => panic!("{url}: {other:?}"),
        }
    }
}

#[test]
fn a_certificate_that_expired_is_refused() {
    let (folder, authority) = (Folder::new(), Authority::new());
    let Some(server) = server(&folder, &authority.sign("localhost", 2001)) else {
        return;
    };
    let url = format!("rediss://localhost:{}", server.port());
    assert!(matches!(
        connect(&url, Some(&authority)),
        Err(EngineError::Refused(_))
    ));
}

#[test]
fn a_process_without_a_provider_is_told_so() {
    let tls = ServerAddress::parse("rediss://h", false).unwrap();
    assert!(tls.tls_fault(false).unwrap().contains("no provider of TLS"));
    assert_eq!(tls.tls_fault(true), None);
    let plain = ServerAddress::parse("redis://localhost", false).unwrap();
    assert_eq!(plain.tls_fault(false), None);
}

#[test]
fn a_file_without_certificates_is_refused() {
    let tls = ServerAddress::parse("rediss://h", false).unwrap();
    let fault = tls.with_authority(b"not PEM").tls_fault(true);
    assert_eq!(
        fault,
        Some("the file of authorities holds no certificate in PEM")
    );
}
