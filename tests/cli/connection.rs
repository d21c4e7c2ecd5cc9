//! Proxies, TLS, addresses, and heads of responses.

use test_support::{Answer, Authority, Folder, ProxyServer, Server, TlsServer};

use super::command::haul;

#[test]
fn a_certificate_is_checked_unless_insecure_is_given() {
    let folder = Folder::new();
    let authority = Authority::new();
    let ca = folder.write("ca.pem", authority.pem());
    let server = TlsServer::start(authority.sign("localhost", 2100).serving());
    let url = server.url("localhost");
    let done = haul(["-4", "--cacert", ca.to_str().unwrap(), &url])
        .done()
        .exits(0);
    assert_eq!(done.results()[0]["body"], "hello");
    let done = haul(["-4", &url]).done().exits(1);
    assert_eq!(done.results()[0]["error_type"], "tls");
    for flag in ["-k", "--insecure"] {
        haul(["-4", flag, &url])
            .done()
            .exits(0)
            .says("certificates are not checked");
    }
    haul(["--cacert", "/no/such", &url])
        .done()
        .exits(2)
        .says("/no/such");
    haul(["-k", "--cacert", ca.to_str().unwrap(), &url])
        .done()
        .exits(2)
        .says("cannot be used with");
}

#[test]
fn a_client_certificate_is_shown_with_its_key_in_one_file_or_two() {
    let folder = Folder::new();
    let [servers, clients] = [Authority::new(), Authority::new()];
    let ca = folder.write("ca.pem", servers.pem());
    let ca = ca.to_str().unwrap();
    let me = clients.sign("me", 2100);
    let cert = folder.write("cert.pem", me.certificate.pem());
    let key = folder.write("key.pem", me.key.serialize_pem());
    let both = folder.write("both.pem", me.certificate.pem() + &me.key.serialize_pem());
    let [cert, key, both] = [&cert, &key, &both].map(|path| path.to_str().unwrap());
    let server = TlsServer::start(servers.sign("localhost", 2100).serving_known(&clients));
    let url = server.url("localhost");
    haul(["-4", "--cacert", ca, "-E", cert, "--key", key, &url])
        .done()
        .exits(0);
    haul(["-4", "--cacert", ca, "--cert", both, &url])
        .done()
        .exits(0);
    haul(["-4", "--cacert", ca, "--retry", "0", &url])
        .done()
        .exits(1);
    haul(["-4", "--cacert", ca, "-E", cert, &url])
        .done()
        .exits(2)
        .says("haul: ");
    haul(["--key", key, &url])
        .done()
        .exits(2)
        .says("--cert <FILE>");
}

#[test]
fn a_proxy_serves_all_hosts_but_those_named() {
    let server = Server::always(Answer::text("there"));
    let proxy_server = ProxyServer::http();
    let (proxy, url) = (proxy_server.url("http"), server.url("/a"));
    for option in ["-x", "--proxy"] {
        let before = proxy_server.connections();
        haul([option, &proxy, &url]).done().exits(0);
        assert!(proxy_server.connections() > before);
    }
    let before = proxy_server.connections();
    haul(["-x", &proxy, "--noproxy", "127.0.0.0/8,other.example", &url])
        .done()
        .exits(0);
    assert_eq!(proxy_server.connections(), before);
    haul(["--noproxy", "x", &url])
        .done()
        .exits(2)
        .says("--proxy <URL>");
    let done = haul(["-x", "ftp://user:secret@h:1", &url])
        .done()
        .exits(2)
        .says("proxy");
    assert!(!done.stderr.contains("secret"), "{}", done.stderr);
    let socks = ProxyServer::socks(None);
    haul(["-x", &socks.url("socks5"), &url]).done().exits(0);
    assert_eq!(socks.connections(), 1);
}

#[test]
fn one_family_of_addresses_is_used_if_asked_for() {
    let server = Server::always(Answer::text(""));
    let url = server.url("/");
    for flag in ["-4", "--ipv4"] {
        haul([flag, &url]).done().exits(0);
    }
    for flag in ["-6", "--ipv6"] {
        haul([flag, "--retry", "0", &url]).done().exits(1);
    }
    haul(["-4", "-6", &url])
        .done()
        .exits(2)
        .says("cannot be used with");
    assert_eq!(server.requests(), 2);
}

#[test]
fn public_only_refuses_addresses_of_this_network() {
    let server = Server::always(Answer::text(""));
    let done = haul(["--public-only", &server.url("/")]).done().exits(1);
    assert_eq!(done.results()[0]["error_type"], "address_denied");
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_head_larger_than_allowed_fails() {
    let server = Server::always(Answer::text("").header("X-Large", "x".repeat(2000)));
    let url = server.url("/");
    haul([&url]).done().exits(0);
    let done = haul(["--max-header-size", "1K", "--retry", "0", &url])
        .done()
        .exits(1);
    assert_eq!(done.results()[0]["error_type"], "protocol");
    haul(["--max-header-size", "0", &url])
        .done()
        .exits(2)
        .says("header_limit");
}
