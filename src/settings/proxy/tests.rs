use std::collections::HashMap;
use std::ffi::OsString;

use crate::settings::proxy::*;

fn proxy(url: &str) -> ProxyServer {
    parse(url).unwrap_or_else(|wrong| panic!("{url}: {wrong}"))
}

#[test]
fn a_proxy_is_read_from_its_url() {
    use ProxyKind::{Http, Https, Socks5};
    for (url, kind, place) in [
        ("http://proxy.name:3128", Http, "proxy.name:3128"),
        ("proxy.name:3128", Http, "proxy.name:3128"),
        ("Proxy.NAME", Http, "proxy.name:80"),
        ("HTTPS://proxy.name/", Https, "proxy.name:443"),
        ("socks5://10.0.0.1", Socks5, "10.0.0.1:1080"),
        ("socks5h://proxy.name:9", Socks5, "proxy.name:9"),
        ("http://u:p@[::1]:3128", Http, "[::1]:3128"),
        ("http://proxy.name:80", Http, "proxy.name:80"),
        ("http://proxy.name:443", Http, "proxy.name:443"),
        ("https://proxy.name:80", Https, "proxy.name:80"),
        ("https://proxy.name:443", Https, "proxy.name:443"),
        ("socks5://proxy.name:80", Socks5, "proxy.name:80"),
        ("socks5://proxy.name:443", Socks5, "proxy.name:443"),
        ("socks5://proxy.name:", Socks5, "proxy.name:1080"),
        ("http://próxy.name:1", Http, "xn--prxy-rqa.name:1"),
        ("http://0x7f.1:1", Http, "127.0.0.1:1"),
        ("[fe80::1%25eth0]:1", Http, "[fe80::1%eth0]:1"),
    ] {
        let proxy = proxy(url);
        assert_eq!((proxy.kind, &*proxy.to_string()), (kind, place), "{url}");
    }
    assert_eq!(proxy("http://[::1]").name, "::1");
}

#[test]
fn user_and_password_of_a_proxy_are_decoded() {
    let with = proxy("http://us%40er:p%3Aa@s%2Fs:x@proxy.name:1");
    let credentials = with.credentials.as_ref().unwrap();
    assert_eq!(credentials.user, b"us@er");
    assert_eq!(credentials.password, b"p:a@s/s:x");
    assert!(proxy("http://@proxy.name").credentials.is_none());
}

#[test]
fn user_and_password_of_a_proxy_are_shown_nowhere() {
    let with = proxy("http://us%40er:p%3Aa@s%2Fs:x@proxy.name:1");
    assert_eq!(
        format!("{with:?} {with}"),
        "Http(proxy.name:1) proxy.name:1"
    );
    let settings = ProxySettings::all("http://user:secret@proxy.name");
    assert!(!format!("{settings:?}").contains("secret"));
}

#[test]
fn an_invalid_proxy_is_named_without_its_password() {
    for (url, why) in [
        ("ftp://u:secret@proxy.name", "none of http"),
        ("socks4://u:secret@proxy.name", "none of http"),
        ("http://u:secret@proxy.name/path", "path"),
        ("http://u:secret/x@proxy.name", "path"),
        ("http://u:secret@proxy.name:port", "port"),
        ("http://u:secret@proxy\\.name", "path"),
        ("u:secret@", "host"),
        ("http://", "host"),
        ("", "host"),
        ("http://u%3Av:secret@proxy.name", "colon"),
        ("socks5://u@proxy.name", "255"),
    ] {
        let wrong = parse(url).err().unwrap_or_else(|| panic!("{url} is one"));
        assert!(wrong.contains(why), "{url}: {wrong}");
        assert!(!wrong.contains("secret"), "{wrong}");
        assert_eq!(ProxySettings::all(url).check(), Err(wrong));
    }
}

#[test]
fn exceptions_hold_for_the_named_hosts_alone() {
    let holds = |list: &str, name: &str, port| {
        exceptions(list)
            .unwrap()
            .iter()
            .any(|e| e.holds(name, port))
    };
    for (list, name, port, expected) in [
        ("*", "any.name", 80, true),
        ("example.com", "example.com", 80, true),
        ("example.com", "WWW.Example.COM.", 80, true),
        (".example.com", "example.com", 80, true),
        ("*.example.com", "a.b.example.com", 80, true),
        ("example.com.", "example.com", 80, true),
        ("example.com", "notexample.com", 80, false),
        ("example.com", "example.com.evil", 80, false),
        ("www.example.com", "example.com", 80, false),
        ("a,b c", "c", 80, true),
        (".bücher.example", "a.xn--bcher-kva.example", 80, true),
        (" , ,", "a", 80, false),
        ("example.com:8443", "example.com", 8443, true),
        ("example.com:8443", "example.com", 443, false),
        ("10.0.0.0/8", "10.255.1.2", 80, true),
        ("10.0.0.0/8", "11.0.0.1", 80, false),
        ("10.0.0.0/8", "10.example.com", 80, false),
        ("0.0.0.0/0", "1.2.3.4", 80, true),
        ("0.0.0.0/0", "::1", 80, false),
        ("127.0.0.1", "127.0.0.1", 80, true),
        ("127.0.0.1", "127.0.0.10", 80, false),
        ("127.0.0.1:80", "127.0.0.1", 81, false),
        ("0.0.1", "127.0.0.1", 80, false),
        ("::1", "::1", 80, true),
        ("[::1]:80", "::1", 80, true),
        ("[::1]:80", "::1", 81, false),
        ("fd00::/8", "fd12::1", 80, true),
        ("::/0", "fd12::1", 80, true),
    ] {
        assert_eq!(holds(list, name, port), expected, "{list} {name}:{port}");
    }
    for list in [
        "10.0.0.0/33",
        "a b/8",
        "x:port",
        "[::1",
        "a.name:99999",
        "u@h",
    ] {
        let wrong = exceptions(list).unwrap_err();
        assert!(wrong.contains("names no server"), "{wrong}");
    }
}

#[test]
fn which_proxy_a_server_has_goes_by_its_scheme_and_the_exceptions() {
    let settings = ProxySettings::none()
        .http("http://plain:1")
        .https("http://secure:2")
        .except("direct.name");
    let of = |tls, name| settings.of(tls, name, 80).map(|p| p.to_string());
    assert_eq!(of(false, "a.name").as_deref(), Some("plain:1"));
    assert_eq!(of(true, "a.name").as_deref(), Some("secure:2"));
    assert_eq!(of(true, "sub.direct.name"), None);
    assert_eq!(ProxySettings::none().of(true, "a.name", 443), None);
}

fn env(variables: &[(&str, &str)]) -> ProxySettings {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    environment::read(|name| variables.get(name).map(OsString::from))
}

#[test]
fn the_environment_is_read_as_curl_and_requests_do() {
    let of = |variables: &[(&str, &str)]| {
        let settings = env(variables);
        settings.check().unwrap();
        let port = |tls| settings.of(tls, "a.name", 80).map_or(0, |p| p.port);
        (port(false), port(true))
    };
    assert_eq!(of(&[]), (0, 0));
    assert_eq!(of(&[("HTTP_PROXY", "h:1"), ("https_proxy", "h:2")]), (1, 2));
    assert_eq!(of(&[("http_proxy", "h:1"), ("HTTP_PROXY", "h:2")]), (1, 0));
    assert_eq!(of(&[("http_proxy", ""), ("HTTP_PROXY", "h:2")]), (0, 0));
    assert_eq!(of(&[("ALL_PROXY", "h:1"), ("HTTPS_PROXY", "h:2")]), (1, 2));
    assert_eq!(of(&[("all_proxy", "socks5://h:1")]), (1, 1));
    assert_eq!(
        of(&[("ALL_PROXY", "h:1"), ("NO_PROXY", "x,.b.name")]),
        (1, 1)
    );
    assert_eq!(of(&[("ALL_PROXY", "h:1"), ("no_proxy", "name")]), (0, 0));
    let cgi = ("REQUEST_METHOD", "GET");
    assert_eq!(
        of(&[cgi, ("HTTP_PROXY", "h:1"), ("HTTPS_PROXY", "h:2")]),
        (0, 2)
    );
    assert_eq!(of(&[cgi, ("http_proxy", "h:1")]), (1, 0));
}

#[test]
fn an_invalid_proxy_of_the_environment_is_named_with_its_variable() {
    for (variables, expected) in [
        (
            ("HTTPS_PROXY", "gopher://u:secret@h"),
            "HTTPS_PROXY in the environment: ",
        ),
        (
            ("no_proxy", "10.0.0.0/99"),
            "no_proxy in the environment: \"10.0.0.0/99\"",
        ),
    ] {
        let wrong = env(&[variables, ("http_proxy", "h:1")])
            .check()
            .unwrap_err();
        assert!(wrong.starts_with(expected), "{wrong}");
        assert!(!wrong.contains("secret"), "{wrong}");
    }
}
