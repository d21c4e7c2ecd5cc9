use super::framing::Framing;
use super::*;
use http::Method;

fn reader(limit: usize) -> HeadReader {
    HeadReader::new(Asked::by(&Method::GET), limit)
}

fn look(input: &[u8]) -> Result<ParsedHead, Malformed> {
    reader(1000).look(input)
}

fn head(input: &str) -> ResponseHead {
    match look(input.as_bytes()) {
        Ok(ParsedHead::Final(head)) => head,
        found => panic!("{input:?}: {found:?}"),
    }
}

#[test]
fn a_head_is_found_once_all_of_it_has_come() {
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 204 No Content\n\n",
        "HTTP/1.0 200\r\nA: b\n\r\n",
        "\r\n\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\nA : b\r\n c\r\n\r\n",
        "HTTP/1.1 200 OK\r\n \r\nA: b\r\n\r\n",
    ] {
        let mut reader = reader(1000);
        for end in 0..text.len() {
            let found = reader.look(&text.as_bytes()[..end]);
            assert!(
                matches!(found, Ok(ParsedHead::Unfinished)),
                "{text:?} {end}"
            );
        }
        let found = reader.look(format!("{text}body").as_bytes());
        let Ok(ParsedHead::Final(head)) = found else {
            panic!("{text:?}: {found:?}");
        };
        assert_eq!(head.size, text.len(), "{text:?}");
    }
}

#[test]
fn bytes_that_are_not_http_are_refused_before_their_end() {
    for text in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "\0\0\0",
        "http/1.1 200 OK",
        "HTTP/2 200 OK\r\n",
        "HTTP/1.2 200 OK\r\n",
        "HTTP/1.1 20 OK\r\n",
        "HTTP/1.1 099 Low\r\n",
        "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1\r\n",
        "HTTP/1.1  200 OK\r\n",
        "<html>",
    ] {
        assert_eq!(
            look(text.as_bytes()).err(),
            Some(Malformed::StatusLine),
            "{text}"
        );
    }
}

#[test]
fn an_odd_head_is_read_as_it_was_meant() {
    let head =
        head("HTTP/1.1 200 O\u{1}K\r\nPHP Warning\r\nX-A : b\r\n c\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(head.framed.framing, Framing::Length(5));
    assert!(!head.framed.closes);
    assert_eq!(head.headers["x-a"], "b c");
    assert_eq!(head.headers.len(), 2);
    assert_eq!(head.repaired, (1, 1));
}

#[test]
fn bytes_above_127_are_kept_in_an_odd_head_too() {
    let text = b"HTTP/1.1 200 OK\r\nX-A: \xe9\xc3\xa9\r\nodd\r\nContent-Length: 0\r\n\r\n";
    let Ok(ParsedHead::Final(head)) = look(text) else {
        panic!("it is a head");
    };
    assert_eq!(head.headers["x-a"].as_bytes(), b"\xe9\xc3\xa9");
}

#[test]
fn more_lines_than_usual_are_read_by_the_same_rules() {
    for lines in [63, 64, 65, 200] {
        let text = format!(
            "HTTP/1.1 200 OK\r\n{}Transfer-Encoding: chunked\r\n\r\n",
            "A:b\r\n".repeat(lines - 1)
        );
        let found = reader(5000).look(text.as_bytes());
        let Ok(ParsedHead::Final(head)) = found else {
            panic!("{lines}: {found:?}");
        };
        assert_eq!(head.framed.framing, Framing::Chunked);
        assert!(!head.framed.closes && head.repaired == (0, 0));
        assert_eq!(head.headers.get_all("a").iter().count(), lines - 1);
    }
}

#[test]
fn a_head_beyond_the_limit_is_refused_as_soon_as_it_is_longer() {
    let whole = |size: usize| format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "v".repeat(size - 24));
    assert!(matches!(
        look(whole(1000).as_bytes()),
        Ok(ParsedHead::Final(_))
    ));
    let refused = Some(Malformed::HeadTooLarge(1000));
    assert_eq!(look(whole(1001).as_bytes()).err(), refused);
    assert_eq!(look(&whole(2000).as_bytes()[..1001]).err(), refused);
    assert_eq!(look(&b"\r\n".repeat(501)).err(), refused);
    let long = format!("HTTP/1.1 200 {}", "O".repeat(1000));
    assert_eq!(look(long.as_bytes()).err(), refused);
}

#[test]
fn up_to_16_informational_responses_are_passed_over() {
    let mut reader = reader(1000);
    let interim = b"HTTP/1.1 103 Early\r\nLink : a\r\n b\r\n\r\nHTTP/1.1 2";
    for _ in 0..MOST_INFORMATIONAL {
        let found = reader.look(interim);
        let Ok(ParsedHead::Informational { status, size }) = found else {
            panic!("{found:?}");
        };
        assert_eq!((status.as_u16(), size), (103, interim.len() - 10));
    }
    let more = reader.look(interim);
    assert_eq!(more.err(), Some(Malformed::TooManyInformational));
}

#[test]
fn switching_protocols_is_final_only_if_it_was_asked_for() {
    let text = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n";
    assert_eq!(look(text).err(), Some(Malformed::NotAskedToSwitch));
    let asked = Asked {
        upgrade: true,
        ..Asked::by(&Method::GET)
    };
    let Ok(ParsedHead::Final(head)) = HeadReader::new(asked, 1000).look(text) else {
        panic!("it was asked for");
    };
    assert_eq!(head.framed.framing, Framing::Bodiless);
    assert!(head.framed.closes);
}
