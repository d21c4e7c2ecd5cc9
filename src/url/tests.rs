//! URLs: parsed, shown and sent.

use super::*;

fn sent(text: &str) -> String {
    parse(text).unwrap().uri().to_string()
}

#[test]
fn a_url_is_sent_as_browsers_send_it() {
    for (written, expected) in [
        // Escapes.
        ("http://h/a b?q=ü\"<>", "http://h/a%20b?q=%C3%BC%22%3C%3E"),
        ("http://h/a|b[c]'~?a[]=b|c", "http://h/a|b[c]'~?a[]=b|c"),
        ("http://h/{a}`?{a}`", "http://h/%7Ba%7D%60?{a}`"),
        ("http://h/?q='a'", "http://h/?q=%27a%27"),
        (
            "http://h/%7Euser/%2f?sig=a%2Fb",
            "http://h/%7Euser/%2f?sig=a%2Fb",
        ),
        ("http://h/100%?5%", "http://h/100%?5%"),
        ("http://h/\u{7f}\u{1}x", "http://h/%7F%01x"),
        ("http://h/😀", "http://h/%F0%9F%98%80"),
        ("http://h/?a\\b^c", "http://h/?a\\b^c"),
        // Fragments are not sent.
        ("HTTP://h?x=1#frag", "http://h/?x=1"),
        ("http://h/#a?b", "http://h/"),
        ("http://h/?", "http://h/?"),
        // Blanks at both ends, tabs and line breaks inside.
        ("  https://h  ", "https://h/"),
        ("ht\ttp://h\n/a\r\nb", "http://h/ab"),
        // Slashes.
        ("http:\\\\h\\a\\b?c\\d", "http://h/a/b?c\\d"),
        ("http:h/a", "http://h/a"),
        ("http:///h//a", "http://h//a"),
        // Dot segments.
        ("http://h/a/../b/./c/..", "http://h/b/"),
        ("http://h/../../a", "http://h/a"),
        ("http://h/a/%2E%2e/b/%2e", "http://h/b/"),
        ("http://h/?a/../b", "http://h/?a/../b"),
        // Ports.
        ("http://h:/x", "http://h/x"),
        ("http://h:80/", "http://h/"),
        ("https://h:0443/", "https://h/"),
        ("https://h:80/", "https://h:80/"),
        ("http://h:00081/", "http://h:81/"),
        // Hosts.
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://BÜCHER.Example", "http://xn--bcher-kva.example/"),
        (
            "http://xn--bcher-kva.example/",
            "http://xn--bcher-kva.example/",
        ),
        ("http://ＥＸＡＭＰＬＥ。com/", "http://example.com/"),
        ("http://Example.COM./", "http://example.com./"),
        ("http://ex%61mple.com/", "http://example.com/"),
        (
            "http://b%C3%BCcher.example/",
            "http://xn--bcher-kva.example/",
        ),
        ("http://a_b.example/", "http://a_b.example/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://0177.0.0.01./", "http://127.0.0.1/"),
        ("http://①②⑦.0.0.1/", "http://127.0.0.1/"),
        ("http://[0:0::0001]:80/", "http://[::1]/"),
        ("http://[::FFFF:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
        ("http://[fe80::1%25eth0]:81/a", "http://[fe80::1]:81/a"),
        // Userinfo.
        ("http://u:p@q@h/", "http://u:p%40q@h/"),
        ("http://ü:@h/", "http://%C3%BC@h/"),
        ("http://@h/", "http://h/"),
        ("http://h\\@evil/", "http://h/@evil/"),
    ] {
        assert_eq!(sent(written), expected, "{written:?}");
    }
}

#[test]
fn the_wrong_part_of_a_url_is_named() {
    for (url, part) in [
        ("", "the URL is empty"),
        (" \t\n", "the URL is empty"),
        ("example.com", "no scheme"),
        ("example.com:80/x", "no scheme"),
        ("localhost:8080", "no scheme"),
        ("user:secret@example.com/", "no scheme"),
        ("//example.com/", "no scheme"),
        ("://x", "no scheme"),
        ("ftp://h/", "the scheme of the URL is not supported"),
        ("mailto:a@b", "scheme of the URL"),
        ("javascript:alert(1)", "scheme of the URL"),
        ("file:///etc/passwd", "scheme of the URL"),
        ("http://", "no host"),
        ("http://?x", "no host"),
        ("http://:80/", "no host"),
        ("http://u:secret@/", "no host"),
        ("http://u:secret@:80/", "no host"),
        ("http://h:99999/", "no number between 1 and 65535"),
        ("http://h:0/", "no number between 1 and 65535"),
        (
            "http://[::1]x/",
            "text stands between the ] of an IPv6 address",
        ),
        ("http://h:-1/", "no number between 1 and 65535"),
        ("http://h:8o/", "no number between 1 and 65535"),
        ("http://u:secret#@h/", "no number between 1 and 65535"),
        ("http://h h/", "the host holds ' '"),
        ("http://u:secret@a<b/", "the host holds '<'"),
        ("http://a%00b/", "the host holds '%'"),
        ("http://a|b/", "'|'"),
        ("http://a`b/", "'`'"),
        ("http://{host}/", "'{'"),
        ("http://xn--a/", "the host is no valid name"),
        ("http://\u{ad}/", "host"),
        ("http://1.2.3.256/", "the host ends in a number"),
        ("http://1.2.3.4.5/", "no IPv4 address"),
        ("http://a.0x/", "no IPv4 address"),
        ("http://[::g]/", "the host is no IPv6 address"),
        ("http://[::1/", "no IPv6 address"),
        ("http://[127.0.0.1%25eth0]/", "no IPv6 address"),
        ("http://[fe80::1%25]eth0/", "text stands between the ]"),
    ] {
        let error = parse(url).unwrap_err().to_string();
        assert!(error.contains(part), "{url}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
    let host = format!("http://{}\u{0}/", "ä".repeat(10_000));
    assert!(parse(&host).unwrap_err().reason.len() < 300);
}

#[test]
fn a_mistake_is_found_in_the_text_as_it_was_written() {
    for (url, position) in [
        ("example.com", Some(1)),
        ("  example.com", Some(3)),
        ("http://a b/", Some(9)),
        ("http://h:99999/", Some(10)),
        ("http://u:p@h:x/", Some(14)),
        (" ht\ttp://h:x", Some(12)),
        ("http://h\n:x", Some(11)),
        ("http://[::1]x/", Some(13)),
        ("http:///", Some(9)),
        ("", None),
    ] {
        assert_eq!(parse(url).unwrap_err().position, position, "{url:?}");
    }
}

#[test]
fn no_url_is_sent_that_is_longer_than_the_limit() {
    let url = |length| format!("http://h/{}", "a".repeat(length - "http://h/".len()));
    assert_eq!(sent(&url(LONGEST)).len(), LONGEST);
    let error = parse(&url(LONGEST + 1)).unwrap_err();
    assert_eq!(error.reason, "the URL is longer than 65534 bytes");
    let escaped = format!("http://h/{}", "ü".repeat(LONGEST / 4));
    assert_eq!(parse(&escaped).unwrap_err(), error);
    let longest = parse(&url(LONGEST)).unwrap();
    assert_eq!(with_query(&longest, "a=b").unwrap_err(), error);
}

#[test]
fn every_character_can_be_sent_in_a_path_and_a_query() {
    for c in (0..=0x2ff).filter_map(char::from_u32) {
        for url in [format!("http://h/a{c}b"), format!("http://h/?a{c}b")] {
            assert!(parse(&url).is_ok(), "{url:?}");
        }
    }
}

#[test]
fn query_parameters_are_added_after_those_the_url_has() {
    for (url, expected) in [
        ("http://h/p?a=1", "http://h/p?a=1&q=x%20y%26z"),
        ("http://h/p?a='|'#f", "http://h/p?a=%27|%27&q=x%20y%26z"),
        ("http://h/ü?", "http://h/%C3%BC?q=x%20y%26z"),
        ("http://h", "http://h/?q=x%20y%26z"),
    ] {
        let url = parse(url).unwrap();
        let with = with_query(&url, &form([("q", "x y&z")])).unwrap();
        assert_eq!(with.uri().to_string(), expected);
        assert_eq!(with_query(&url, "").unwrap(), url);
    }
    let zoned = parse("http://[fe80::1%25eth0]/").unwrap();
    let with = with_query(&zoned, "a=b").unwrap();
    assert_eq!(with.zone(), Some("eth0"));
    assert_eq!(written_with_query("/a#b?", "c=d"), "/a?c=d#b?");
}

#[test]
fn a_parameter_is_taken_out_of_a_url() {
    let without = |text| without_parameter(text, "a b");
    assert_eq!(without("/l?a%20b=1&x=2&a+b=3#f"), "/l?x=2#f");
    assert_eq!(without("/l?a+b#f"), "/l#f");
    assert_eq!(without("/l#?a+b=1"), "/l#?a+b=1");
}

#[test]
fn masked_parameters_have_the_values_that_are_known() {
    let known = ["k=s%20", "x=1", "a+b=2", "k=other"].map(str::to_owned);
    let with = |text| with_values_of(&known, text, "***");
    assert_eq!(
        with("http://h/l?x=***&k=***&y=***#x=***"),
        "http://h/l?x=1&k=s%20&y=***#x=***"
    );
    assert_eq!(with("/l?%6b=***&a%20b=***"), "/l?%6b=s%20&a%20b=2");
    assert_eq!(with("http://h/l?k=t"), "http://h/l?k=t");
    assert_eq!(with("http://h/x=***"), "http://h/x=***");
}

#[test]
fn masked_userinfo_is_that_of_another_url() {
    let with = |text| with_userinfo_for("http://u:p@h/a", text, "***");
    assert_eq!(with("http://***@h/b"), "http://u:p@h/b");
    assert_eq!(with("http://v@h/b"), "http://v@h/b");
    assert_eq!(with("http://h/***@b"), "http://h/***@b");
    let none = with_userinfo_for("http://h/", "http://***@h/b", "***");
    assert_eq!(none, "http://***@h/b");
}

#[test]
fn a_url_without_userinfo_takes_that_of_another() {
    let with = |text| with_userinfo_of("http://u:p@h/a", text);
    assert_eq!(with("http://h/b"), "http://u:p@h/b");
    assert_eq!(with("http://v@h/b"), "http://v@h/b");
}
