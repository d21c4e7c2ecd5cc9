use super::*;

/// Returns the name, data and id of each event of a stream that comes in one piece.
fn events(stream: &[u8]) -> Vec<(String, String, String)> {
    let events = Parser::new().push(stream);
    let parts = |e: &Event| (e.name().into(), e.data().into(), e.id().into());
    events.iter().map(parts).collect()
}

fn data(stream: &[u8]) -> Vec<String> {
    events(stream)
        .into_iter()
        .map(|(_, data, _)| data)
        .collect()
}

#[test]
fn data_lines_are_joined_with_a_line_feed() {
    let stream = b"data: YHOO\ndata: +2\ndata: 10\n\n";
    assert_eq!(data(stream), ["YHOO\n+2\n10"]);
}

#[test]
fn comments_and_ids_are_read_as_in_the_standard() {
    let stream = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n";
    let event = |data: &str, id: &str| ("message".to_owned(), data.to_owned(), id.to_owned());
    let expected = [
        event("first event", "1"),
        event("second event", ""),
        event(" third event", ""),
    ];
    assert_eq!(events(stream), expected);
}

#[test]
fn an_empty_data_line_is_an_event_without_text() {
    assert_eq!(data(b"data\n\ndata\ndata\n\ndata:"), ["", "\n"]);
}

#[test]
fn only_one_space_after_the_colon_is_left_out() {
    assert_eq!(data(b"data:test\n\ndata: test\n\n"), ["test", "test"]);
    assert_eq!(data(b"data:\ttest\n\n"), ["\ttest"]);
}

#[test]
fn lines_end_with_lf_cr_or_crlf() {
    for end in ["\n", "\r", "\r\n"] {
        let stream = format!("data: a{end}data: b{end}{end}data: c{end}{end}");
        assert_eq!(data(stream.as_bytes()), ["a\nb", "c"], "{end:?}");
    }
    assert_eq!(
        data(b"data: a\n\r\ndata: b\r\rdata: c\r\n\n"),
        ["a", "b", "c"]
    );
}

#[test]
fn an_event_ended_by_cr_does_not_wait_for_the_next_byte() {
    let mut parser = Parser::new();
    assert_eq!(parser.push(b"data: a\r\r").len(), 1);
    assert!(parser.push(b"\n").is_empty());
    assert_eq!(parser.push(b"data: b\r\n\r").len(), 1);
    assert_eq!(parser.push(b"\ndata: c\n\n")[0].data(), "c");
}

#[test]
fn a_byte_order_mark_is_left_out_only_at_the_beginning() {
    assert_eq!(
        data("\u{feff}data: a\n\n\u{feff}data: b\n\ndata: c\n\n".as_bytes()),
        ["a", "c"]
    );
    assert_eq!(
        data("\u{feff}\u{feff}data: a\n\n".as_bytes()),
        [] as [&str; 0]
    );
}

#[test]
fn an_event_has_the_type_of_its_last_event_line() {
    let stream = b"event: a\nevent: add\ndata: 1\n\ndata: 2\n\nevent:\ndata: 3\n\n";
    let names: Vec<_> = events(stream).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["add", "message", "message"]);
}

#[test]
fn an_event_without_data_is_none_and_takes_its_type_along() {
    assert_eq!(
        events(b"event: ping\n\ndata: 1\n\n"),
        [("message".into(), "1".into(), String::new())]
    );
}

#[test]
fn an_id_holds_until_the_next_one() {
    let ids: Vec<_> = events(b"id: 1\ndata\n\ndata\n\nid: 2\n\ndata\n\nid\ndata\n\n")
        .into_iter()
        .map(|(.., id)| id)
        .collect();
    assert_eq!(ids, ["1", "1", "2", ""]);
}

#[test]
fn an_id_with_a_null_character_is_ignored() {
    let mut parser = Parser::new();
    parser.push(b"id: 1\n\nid: 2\0\n\n");
    assert_eq!(parser.last_event_id(), "1");
}

#[test]
fn an_id_counts_when_its_event_ends() {
    let mut parser = Parser::new();
    parser.push(b"id: 1\ndata: a\n");
    assert_eq!(parser.last_event_id(), "");
    parser.push(b"\n");
    assert_eq!(parser.last_event_id(), "1");
}

#[test]
fn a_time_to_retry_is_digits_and_nothing_else() {
    let mut parser = Parser::new();
    parser.push(b"retry: 1500\n");
    assert_eq!(parser.retry(), Some(Duration::from_millis(1500)));
    for line in ["retry: 1.5", "retry: -1", "retry: x", "retry:", "retry: 1 "] {
        parser.push(format!("{line}\n\n").as_bytes());
        assert_eq!(parser.retry(), Some(Duration::from_millis(1500)), "{line}");
    }
}

#[test]
fn unknown_fields_and_other_cases_are_ignored() {
    assert_eq!(
        data(b"Data: a\n data: b\ndata : c\nfoo: d\ndata: e\n\n"),
        ["e"]
    );
}

#[test]
fn an_event_that_has_not_ended_is_none() {
    assert_eq!(data(b"data: a\n\ndata: b\n"), ["a"]);
    assert_eq!(data(b"data: a\n\ndata: b"), ["a"]);
}

#[test]
fn bytes_that_are_no_utf_8_are_replaced() {
    assert_eq!(data(b"data: a\xffb\xe2\x82\n\n"), ["a\u{fffd}b\u{fffd}"]);
}

#[test]
fn an_endless_line_takes_no_more_than_the_limit() {
    let mut parser = Parser::with_limit(100);
    for _ in 0..1000 {
        assert!(
            parser
                .push(b"data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")
                .is_empty()
        );
        assert!(parser.line.len() <= 100);
    }
    assert!(parser.is_over_limit());
    let events = parser.push(b"\n\ndata: next\n\n");
    assert!(events[0].is_truncated() && events[0].data().len() == 94);
    assert!(!events[1].is_truncated() && events[1].data() == "next");
}

#[test]
fn endless_data_lines_take_no_more_than_the_limit() {
    let mut parser = Parser::with_limit(100);
    for _ in 0..1000 {
        assert!(parser.push(b"data: 12345\n").is_empty());
        assert!(parser.data.len() <= 101, "{}", parser.data.len());
    }
    assert!(parser.push(b"\n")[0].is_truncated());
    assert!(!parser.is_over_limit());
}

#[test]
fn a_long_comment_truncates_no_event() {
    let mut parser = Parser::with_limit(10);
    let events = parser.push(b":xxxxxxxxxxxxxxxxxxxxxxx\ndata: 1\n\n");
    assert_eq!((events[0].data(), events[0].is_truncated()), ("1", false));
}

/// Streams whose splits are tried.
const STREAMS: &[&[u8]] = &[
    b"\xef\xbb\xbfdata: a\r\ndata: \xe2\x82\xac\r\n\r\nid: 1\revent: x\rdata\r\r: c\n\ndata:b\n\n",
    b"retry: 10\r\n\r\nid: \xf0\x9f\x98\x80\ndata: 1\n\n\r\r\n\ndata: 2\r\n\n",
    b"data: a\xff\xe2\x82\n\n\xef\xbb\xbfdata: b\n\ndata",
];

fn pushed<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Event>, String, Option<Duration>) {
    let mut parser = Parser::with_limit(64);
    let events = pieces.into_iter().flat_map(|piece| parser.push(piece));
    let events = events.collect();
    (events, parser.last_event_id().to_owned(), parser.retry())
}

#[test]
fn a_split_at_any_two_bytes_gives_the_events_of_the_whole() {
    for stream in STREAMS {
        let whole = pushed([*stream]);
        assert_eq!(pushed(stream.chunks(1)), whole);
        for first in 0..=stream.len() {
            for second in first..=stream.len() {
                let pieces = [&stream[..first], &stream[first..second], &stream[second..]];
                assert_eq!(pushed(pieces), whole, "{first}, {second}");
            }
        }
    }
}

#[test]
fn any_split_of_a_random_stream_gives_the_same_events() {
    let parts: &[&[u8]] = &[
        b"data",
        b"id",
        b"event",
        b"retry",
        b":",
        b" ",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"7",
        b"x",
        b"\xef\xbb\xbf",
        b"\xe2",
        b"\x82\xac",
        b"\0",
        b"data: 1\n\n",
        b"longer than the others of all",
    ];
    for seed in 0..2000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let count = random.usize(0..60);
        let stream: Vec<u8> = (0..count)
            .flat_map(|_| *random.choice(parts).unwrap())
            .copied()
            .collect();
        let mut rest = &stream[..];
        let pieces = std::iter::from_fn(|| {
            let (piece, others) = rest.split_at(random.usize(0..=rest.len().min(9)));
            rest = others;
            (!piece.is_empty() || !rest.is_empty()).then_some(piece)
        });
        let split = pushed(pieces);
        assert_eq!(split, pushed([&stream[..]]), "seed {seed}");
    }
}
