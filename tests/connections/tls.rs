//! TLS settings of a client: the certificates it trusts, the one it shows, the versions it takes.

use haul::settings::TlsVersion;
use haul::{ErrorType, StopReason, TlsSettings};
use rustls::{HandshakeKind, ProtocolVersion, version};
use test_support::{Authority, Folder, Signed, TlsServer};

use crate::{builder, message, refusal, text, verdict};

/// Makes an authority, and settings that trust it alone.
fn trusted(folder: &Folder) -> (Authority, TlsSettings) {
    let authority = Authority::new();
    let file = folder.write("ca.pem", authority.pem());
    (authority, TlsSettings::new().ca_file(file))
}

#[test]
fn a_server_of_a_private_authority_needs_its_ca_file() {
    let folder = Folder::new();
    let (authority, in_place) = trusted(&folder);
    let server = TlsServer::start(authority.sign("a.test", 2100).serving());
    let beside = TlsSettings::new().add_ca_file(folder.path().join("ca.pem"));
    for tls in [in_place, beside] {
        let client = builder().tls(tls).build().unwrap();
        assert_eq!(text(&client.get(server.url("a.test"))), "hello");
    }
    let outcome = builder().build().unwrap().get(server.url("a.test"));
    assert_eq!(
        verdict(&outcome),
        (ErrorType::Tls, 1, Some(StopReason::NotRetryable))
    );
}

#[test]
fn every_certificate_of_every_ca_file_is_trusted() {
    let folder = Folder::new();
    let [a, b, c] = [Authority::new(), Authority::new(), Authority::new()];
    let two = folder.write("two.pem", format!("# a comment\n{}{}", a.pem(), b.pem()));
    let one = folder.write("one.pem", c.pem());
    let tls = TlsSettings::new().ca_file(two).ca_file(one);
    let client = builder().tls(tls).build().unwrap();
    for authority in [a, b, c] {
        let server = TlsServer::start(authority.sign("a.test", 2100).serving());
        assert_eq!(text(&client.get(server.url("a.test"))), "hello");
    }
}

#[test]
fn a_bad_certificate_fails_at_once_unless_insecure() {
    let folder = Folder::new();
    let (authority, tls) = trusted(&folder);
    let client = builder().tls(tls.clone()).build().unwrap();
    let insecure = builder().tls(tls.insecure(true)).build().unwrap();
    for (signed, why) in [
        (authority.sign("a.test", 2010), "expired"),
        (authority.sign("other.test", 2100), "not valid for name"),
        (Signed::by_itself("a.test"), "UnknownIssuer"),
        (Authority::new().sign("a.test", 2100), "certificate"),
    ] {
        let server = TlsServer::start(signed.serving());
        let outcome = client.get(server.url("a.test"));
        assert_eq!(
            verdict(&outcome),
            (ErrorType::Tls, 1, Some(StopReason::NotRetryable))
        );
        assert!(message(&outcome).contains(why), "{}", message(&outcome));
        assert_eq!(text(&insecure.get(server.url("a.test"))), "hello", "{why}");
    }
}

#[test]
fn a_server_that_asks_for_a_certificate_gets_it() {
    let folder = Folder::new();
    let (authority, tls) = trusted(&folder);
    let clients = Authority::new();
    let server = TlsServer::start(authority.sign("a.test", 2100).serving_known(&clients));
    let me = clients.sign("me", 2100);
    let cert = folder.write("me.pem", me.certificate.pem());
    let key = folder.write("me.key", me.key.serialize_pem());
    let both = folder.write("both.pem", me.key.serialize_pem() + &me.certificate.pem());

    let anonymous = builder().tls(tls.clone()).build().unwrap();
    let outcome = anonymous.get(server.url("a.test"));
    assert_eq!(verdict(&outcome).0, ErrorType::Tls, "{outcome:?}");
    for tls in [
        tls.clone().client_cert(cert).client_key(key),
        tls.clone().client_cert(both),
    ] {
        let client = builder().tls(tls).build().unwrap();
        assert_eq!(text(&client.get(server.url("a.test"))), "hello");
        assert_eq!(server.handshakes().last().unwrap().client_certificates, 1);
    }

    let stranger = Authority::new().sign("stranger", 2100);
    let stranger = folder.write(
        "stranger.pem",
        stranger.key.serialize_pem() + &stranger.certificate.pem(),
    );
    let client = builder().tls(tls.client_cert(stranger)).build().unwrap();
    let outcome = client.get(server.url("a.test"));
    assert_eq!(verdict(&outcome).0, ErrorType::Tls, "{outcome:?}");
}

#[test]
fn a_server_older_than_the_minimum_version_is_refused() {
    let folder = Folder::new();
    let (authority, tls) = trusted(&folder);
    let old = TlsServer::start(
        authority
            .sign("a.test", 2100)
            .serving_versions(&[&version::TLS12]),
    );
    let new = TlsServer::start(authority.sign("a.test", 2100).serving());
    let usual = builder().tls(tls.clone()).build().unwrap();
    let strict = tls.min_version(TlsVersion::V1_3);
    let strict = builder().tls(strict).build().unwrap();
    assert_eq!(text(&usual.get(old.url("a.test"))), "hello");
    assert_eq!(old.handshakes()[0].version, ProtocolVersion::TLSv1_2);
    assert_eq!(
        verdict(&strict.get(old.url("a.test"))),
        (ErrorType::Tls, 1, Some(StopReason::NotRetryable))
    );
    assert_eq!(text(&strict.get(new.url("a.test"))), "hello");
    assert_eq!(new.handshakes()[0].version, ProtocolVersion::TLSv1_3);
}

#[test]
fn the_servers_name_is_sent_unless_turned_off() {
    let folder = Folder::new();
    let (authority, tls) = trusted(&folder);
    let server = TlsServer::start(authority.sign("a.test", 2100).serving());
    for (send, expected) in [(true, Some("a.test")), (false, None)] {
        let client = builder().tls(tls.clone().sni(send)).build().unwrap();
        assert_eq!(text(&client.get(server.url("a.test"))), "hello");
        assert_eq!(
            server.handshakes().last().unwrap().name.as_deref(),
            expected
        );
    }
}

#[test]
fn sessions_of_more_than_thirty_two_hosts_are_resumed() {
    let folder = Folder::new();
    let (authority, tls) = trusted(&folder);
    let server = TlsServer::start(authority.sign("*.a.test", 2100).serving());
    // Without idle connections every request opens one.
    let client = builder().workers(1).max_idle(0).tls(tls).build().unwrap();
    for _ in 0..2 {
        for host in 0..80 {
            let name = format!("h{host}.a.test");
            assert_eq!(text(&client.get(server.url(&name))), "hello");
        }
    }
    let handshakes = server.handshakes();
    assert_eq!(handshakes.len(), 160);
    let resumed = |kind| kind == HandshakeKind::Resumed;
    assert!(!handshakes[..80].iter().any(|s| resumed(s.kind)));
    assert!(
        handshakes[80..].iter().all(|s| resumed(s.kind)),
        "{handshakes:?}"
    );
}

#[test]
fn the_error_of_a_wrong_file_names_setting_and_path() {
    let folder = Folder::new();
    let me = Authority::new().sign("me", 2100);
    let cert = folder.write("cert.pem", me.certificate.pem());
    let key = folder.write("key.pem", me.key.serialize_pem());
    let other = folder.write(
        "other.pem",
        rcgen::KeyPair::generate().unwrap().serialize_pem(),
    );
    let empty = folder.write("empty.pem", "");
    let garbled = me.certificate.pem().replace("MII", "M*I");
    let garbled = folder.write("garbled.pem", garbled);
    let block = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
    let hollow = folder.write("hollow.pem", me.certificate.pem() + &block("CERTIFICATE"));
    let locked = folder.write("locked.pem", block("ENCRYPTED PRIVATE KEY"));
    let bad_key = folder.write("bad-key.pem", block("PRIVATE KEY"));
    let none = folder.path().join("none.pem");
    let tls = TlsSettings::new;
    let with_cert = || tls().client_cert(&cert);
    for (settings, setting, path, why) in [
        (tls().ca_file(&none), "ca_file", &none, "No such file"),
        (
            tls().ca_file(folder.path()),
            "ca_file",
            &folder.path().to_owned(),
            "",
        ),
        (tls().ca_file(&empty), "ca_file", &empty, "no certificate"),
        (tls().ca_file(&key), "ca_file", &key, "no certificate"),
        (tls().add_ca_file(&garbled), "ca_file", &garbled, "PEM"),
        (
            tls().add_ca_file(&hollow),
            "ca_file",
            &hollow,
            "certificate 2",
        ),
        (
            tls().client_cert(&none),
            "client_cert",
            &none,
            "No such file",
        ),
        (
            tls().client_cert(&empty),
            "client_cert",
            &empty,
            "no certificate",
        ),
        (with_cert(), "client_cert", &cert, "no private key"),
        (
            with_cert().client_key(&none),
            "client_key",
            &none,
            "No such file",
        ),
        (
            with_cert().client_key(&cert),
            "client_key",
            &cert,
            "no private key",
        ),
        (
            with_cert().client_key(&locked),
            "client_key",
            &locked,
            "encrypted",
        ),
        (
            with_cert().client_key(&bad_key),
            "client_cert",
            &cert,
            "cannot be used",
        ),
        (
            with_cert().client_key(&other),
            "client_key",
            &other,
            "not the key",
        ),
        (
            tls().client_key(&key),
            "client_key",
            &key,
            "without a certificate",
        ),
    ] {
        let (of, text) = refusal(builder().tls(settings));
        assert_eq!(of, "tls");
        let start = format!("tls: {setting}: {}: ", path.display());
        assert!(
            text.starts_with(&start) && text.contains(why),
            "{text} ({why})"
        );
        assert!(!text.contains("AAAA"), "{text}");
    }
}

#[cfg(not(feature = "platform-verifier"))]
#[test]
fn the_platforms_roots_need_their_feature() {
    let (setting, text) = refusal(builder().tls(TlsSettings::new().platform_roots()));
    assert_eq!(setting, "tls");
    assert!(text.contains("platform-verifier"), "{text}");
}

/// Variable from which the separate process reads the server's URL.
#[cfg(all(feature = "platform-verifier", target_os = "linux"))]
const URL: &str = "HAUL_TEST_TLS_URL";

/// On Linux the system's roots can be named by a variable, which only a separate process can be given.
#[cfg(all(feature = "platform-verifier", target_os = "linux"))]
#[test]
fn the_platforms_roots_are_trusted() {
    let folder = Folder::new();
    let (authority, _) = trusted(&folder);
    let server = TlsServer::start(authority.sign("a.test", 2100).serving());
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tls::with_roots_of_its_own", "--nocapture"])
        .env(URL, server.url("a.test"))
        .env("SSL_CERT_FILE", folder.path().join("ca.pem"))
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
    assert_eq!(server.handshakes().len(), 2);
}

/// Runs in the process of the test above. Without its variable, in an ordinary test run, it does nothing.
#[cfg(all(feature = "platform-verifier", target_os = "linux"))]
#[test]
fn with_roots_of_its_own() {
    let Ok(url) = std::env::var(URL) else { return };
    let folder = Folder::new();
    let other = folder.write("other.pem", Authority::new().pem());
    let platform = || TlsSettings::new().platform_roots();
    for tls in [platform(), platform().add_ca_file(other)] {
        let client = builder().tls(tls).build().unwrap();
        assert_eq!(text(&client.get(&*url)), "hello");
    }
    let outcome = builder().build().unwrap().get(&*url);
    assert_eq!(verdict(&outcome).0, ErrorType::Tls);
}

/// Returns settings that trust this certificate alone.
fn pinned(folder: &Folder, name: &str, signed: &Signed) -> TlsSettings {
    TlsSettings::new().ca_file(folder.write(name, signed.certificate.pem()))
}

#[test]
fn a_certificate_in_the_ca_file_is_accepted_from_the_server_that_presents_it() {
    let folder = Folder::new();
    for signed in [
        Signed::by_itself_until("a.test", 2100),
        Signed::by_itself("a.test"),
        Authority::new().sign("a.test", 2100),
    ] {
        let server = TlsServer::start(signed.serving());
        let in_place = pinned(&folder, "own.pem", &signed);
        let beside = TlsSettings::new().add_ca_file(folder.path().join("own.pem"));
        for tls in [in_place, beside] {
            let client = builder().tls(tls).build().unwrap();
            assert_eq!(text(&client.get(server.url("a.test"))), "hello");
        }
    }
}

#[test]
fn an_old_version_of_tls_accepts_such_a_certificate_too() {
    let folder = Folder::new();
    let signed = Signed::by_itself_until("a.test", 2100);
    let server = TlsServer::start(signed.serving_versions(&[&version::TLS12]));
    let tls = pinned(&folder, "own.pem", &signed);
    let client = builder().tls(tls).build().unwrap();
    assert_eq!(text(&client.get(server.url("a.test"))), "hello");
}

#[test]
fn such_a_certificate_must_be_valid_for_the_name_and_at_this_time() {
    let folder = Folder::new();
    for (signed, why) in [
        (Signed::by_itself_until("a.test", 2010), "expired"),
        (
            Signed::by_itself_until("b.test", 2100),
            "not valid for name",
        ),
        (Authority::new().sign("a.test", 2010), "expired"),
        (Authority::new().sign("b.test", 2100), "not valid for name"),
    ] {
        let server = TlsServer::start(signed.serving());
        let client = builder().tls(pinned(&folder, "own.pem", &signed)).build();
        let outcome = client.unwrap().get(server.url("a.test"));
        assert!(message(&outcome).contains(why), "{}", message(&outcome));
    }
}

#[test]
fn another_certificate_of_the_same_name_is_not_accepted() {
    let folder = Folder::new();
    let known = Signed::by_itself_until("a.test", 2100);
    let client = builder().tls(pinned(&folder, "own.pem", &known)).build();
    let client = client.unwrap();
    for other in [
        Signed::by_itself_until("a.test", 2100),
        Signed::by_itself("a.test"),
        Authority::new().sign("a.test", 2100),
    ] {
        let server = TlsServer::start(other.serving());
        let outcome = client.get(server.url("a.test"));
        assert_eq!(
            verdict(&outcome),
            (ErrorType::Tls, 1, Some(StopReason::NotRetryable))
        );
    }
}
