use super::*;

fn url(text: &str) -> String {
    Redaction::USUAL.url(text)
}

fn with_names() -> Redaction {
    let mut redaction = Redaction::default();
    redaction.add_header(HeaderName::from_static("x-session"));
    redaction.add_query("api_key".to_owned());
    redaction.add_query("ticket".to_owned());
    redaction.add_query("päss".to_owned());
    redaction
}

#[test]
fn userinfo_alone_is_masked() {
    assert_eq!(url("http://u:p@h/a@b"), "http://***@h/a@b");
    assert_eq!(url("http://h/a@b?x=@"), "http://h/a@b?x=@");
    assert_eq!(url("http://u:p@q@h"), "http://***@h");
    assert_eq!(url("//u:p@h/a@b"), "//***@h/a@b");
    assert_eq!(url("mailto:a@b"), "mailto:a@b");
    let bare = |text| Redaction::USUAL.bare(text).url.into_owned();
    assert_eq!(bare("http://u:p@h/a@b"), "http://h/a@b");
    assert_eq!(bare("http://h/a@b"), "http://h/a@b");
    assert_eq!(
        url("http://u:p w@h:x/ not a url"),
        "http://***@h:x/ not a url"
    );
}

#[test]
fn userinfo_is_masked_wherever_a_parser_finds_it() {
    for (text, shown) in [
        ("http:u:p@h/", "http:***@h/"),
        ("http:/\\u:p@h/", "http:/\\***@h/"),
        ("HTTPS:////u:p@h/", "HTTPS:////***@h/"),
        ("\\\\u:p@h/", "\\\\***@h/"),
        ("ht\ntp://u:p\t@h/a\tb", "http://***@h/ab"),
        (" //u:p@h", "//***@h"),
        ("http://h\\a@b", "http://h\\a@b"),
        ("http://h:81\\a@b", "http://h:81\\a@b"),
        ("http://[::1]/a@b", "http://[::1]/a@b"),
        ("/a?to=http://u@h", "/a?to=http://u@h"),
    ] {
        assert_eq!(url(text), shown, "{text:?}");
    }
}

#[test]
fn userinfo_is_masked_in_what_is_no_url_too() {
    for (text, shown) in [
        ("http://u:p/w@h/x", "http://***@h/x"),
        ("http://u:p#w?@h/x", "http://***@h/x"),
        ("http://u:p\\w@h/x", "http://***@h/x"),
        ("user:p@h/x", "***@h/x"),
        ("see http://u:p@h/x", "see http://***@h/x"),
        ("foo://u:p@h\\x", "foo://***@h\\x"),
        ("a@b:c", "a@b:c"),
    ] {
        assert_eq!(url(text), shown, "{text:?}");
    }
}

#[test]
fn parameters_that_were_named_are_masked_in_any_url() {
    let redaction = with_names();
    for (given, shown, bare) in [
        ("http://h/?api_key=x", "http://h/?api_key=***", "http://h/"),
        (
            "http://u:p@h/a?b=1&API_KEY=x=y&c#api_key=z",
            "http://***@h/a?b=1&API_KEY=***&c#api_key=***",
            "http://h/a?b=1&c#api_key=***",
        ),
        ("/a?p%C3%A4ss=x&q", "/a?p%C3%A4ss=***&q", "/a?q"),
        ("/a?api_\tk\ney=x&q", "/a?api_\tk\ney=***&q", "/a?q"),
        ("http://h/?api_key", "http://h/?api_key=***", "http://h/"),
        (
            "http://h/?xapi_key=1",
            "http://h/?xapi_key=1",
            "http://h/?xapi_key=1",
        ),
        (
            "http://h/#?api_key=x",
            "http://h/#?api_key=***",
            "http://h/#?api_key=***",
        ),
    ] {
        assert_eq!(redaction.url(given), shown);
        assert_eq!(redaction.bare(given).url, bare);
    }
    assert_eq!(redaction.bare("/?api_key=1").parameters, ["api_key"]);
    assert_eq!(with_names().url("/?Ticket=x"), "/?Ticket=***");
    assert_eq!(url("http://h/?ticket=x"), "http://h/?ticket=x");
}

#[test]
fn parameters_that_always_are_secret_are_masked_wherever_they_stand() {
    for (given, shown) in [
        (
            "http://h/?access_token=s&page_token=p",
            "http://h/?access_token=***&page_token=p",
        ),
        ("/a?x=1;sig=s=s&y", "/a?x=1;sig=***&y"),
        ("/?X-AMZ-Signature=s?s;s", "/?X-AMZ-Signature=***"),
        ("/cb#access_token=s&state=1", "/cb#access_token=***&state=1"),
        ("/cb#/route?id_token=s", "/cb#/route?id_token=***"),
        (
            "/?next=http://h/?password=s&a",
            "/?next=http://h/?password=***&a",
        ),
        ("/?%61pi%2Dkey=s", "/?%61pi%2Dkey=***"),
        ("/?client_secret=", "/?client_secret=***"),
        ("/?sig&sigh=1&signature", "/?sig=***&sigh=1&signature=***"),
        ("/api_key=1;sig=2", "/api_key=1;sig=2"),
        ("/doc#password", "/doc#password"),
        ("/?token=t&key=k", "/?token=t&key=k"),
    ] {
        assert_eq!(url(given), shown);
    }
    let bare = Redaction::USUAL.bare("/?a=1&next=/?sig=s&id_token=t#sig=s");
    assert_eq!(
        (&*bare.url, bare.parameters),
        (
            "/?a=1#sig=***",
            vec!["next".to_owned(), "id_token".to_owned()]
        )
    );
}

#[test]
fn headers_that_were_named_are_masked_like_those_that_always_are() {
    let (name, value) = (
        HeaderName::from_static("x-session"),
        HeaderValue::from_static("v"),
    );
    assert_eq!(with_names().response_header(&name, &value), MASK);
    assert_eq!(Redaction::USUAL.response_header(&name, &value), "v");
    assert_eq!(Redaction::USUAL.request_header(&name, &value), MASK);
}

#[test]
fn urls_in_headers_are_shown_without_their_secrets() {
    for (name, value, shown) in [
        ("location", "/a?api_key=x y&b", "/a?api_key=***&b"),
        ("location", "http://u:p@h/", "http://***@h/"),
        (
            "link",
            "<http://h/?page=2&sig=x>; rel=\"next\", <http://u:p@h/?page=9&sig=x>; rel=last",
            "<http://h/?page=2&sig=***>; rel=\"next\", <http://***@h/?page=9&sig=***>; rel=last",
        ),
        (
            "refresh",
            "5; url=http://h/?id_token=x",
            "5; url=http://h/?id_token=***",
        ),
        (
            "x-next",
            "http://h/?a=1&password=x",
            "http://h/?a=1&password=***",
        ),
        ("content-location", "?Ticket=x&a", "?Ticket=***&a"),
        ("etag", "\"a  b\" ", "\"a  b\" "),
    ] {
        let (name, value) = (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
        assert_eq!(with_names().response_header(&name, &value), shown);
    }
}

#[test]
fn a_beginning_ends_between_characters() {
    for (most, expected) in [(0, ""), (1, "a"), (3, "a"), (4, "a余"), (9, "a余b")] {
        assert_eq!(beginning("a余b", most), expected);
    }
}

#[test]
fn bytes_above_127_in_a_header_are_utf8_or_else_latin_1() {
    assert_eq!(header_text("caf\u{e9}".as_bytes()), "caf\u{e9}");
    assert_eq!(header_text(b"caf\xe9"), "caf\u{e9}");
    assert_eq!(header_text(b"\xe9\xc3\xa9"), "\u{e9}\u{c3}\u{a9}");
    let name = HeaderName::from_static("x-a");
    let value = HeaderValue::from_bytes(b"\x80\xff").unwrap();
    assert_eq!(
        Redaction::default().response_header(&name, &value),
        "\u{80}\u{ff}"
    );
}
