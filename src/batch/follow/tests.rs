use super::*;
use crate::attempt::ClientDefaults;
use crate::error::ErrorType;
use crate::outcome::sample;

/// Reads the next request and returns its URL. The error says that there is none: for now, or ever.
fn read<I, F>(follow: &mut Follow<I, F>, index: u64) -> Result<String, &'static str>
where
    I: Iterator<Item = &'static str>,
    F: FnMut(&Outcome, &mut NextRequests<'_>),
{
    match follow.read(index) {
        NextRead::Input(request) | NextRead::Added(request) => Ok(request.url().to_owned()),
        NextRead::Later => Err("later"),
        NextRead::End => Err("end"),
    }
}

/// Shows an outcome of the request with this number to the closure. Returns the answer, and the outcome's depth and
/// parent.
fn see<I, F>(follow: &mut Follow<I, F>, index: u64, fed: u64) -> (bool, u32, Option<u64>)
where
    I: Iterator<Item = &'static str>,
    F: FnMut(&Outcome, &mut NextRequests<'_>),
{
    let defaults = ClientDefaults::default();
    let mut outcome = sample::unsent(index, "http://h/", ErrorType::Io);
    let batch = SeeingBatch {
        defaults: &defaults,
        unique: None,
        fed,
        closed: false,
    };
    let more = follow.see(&mut outcome, batch);
    (more, outcome.depth(), outcome.parent())
}

fn adds(urls: &'static [&'static str]) -> impl FnMut(&Outcome, &mut NextRequests<'_>) {
    move |outcome, next| {
        for url in urls.iter().filter(|_| outcome.depth() == 0) {
            assert_eq!(next.push(*url).unwrap(), Pushed::Queued);
        }
    }
}

fn text(url: &str) -> Result<String, &'static str> {
    Ok(url.to_owned())
}

#[test]
fn added_requests_are_read_before_seeds_in_their_order() {
    let mut follow = Follow::new(["s0", "s1"].into_iter(), adds(&["a", "b"]), 10);
    assert_eq!(read(&mut follow, 0), text("s0"));
    assert_eq!(see(&mut follow, 0, 1), (true, 0, None));
    for (index, url) in (1..).zip(["a", "b", "s1"]) {
        assert_eq!(read(&mut follow, index), text(url));
    }
    assert_eq!(see(&mut follow, 2, 4), (false, 1, Some(0)));
}

#[test]
fn it_ends_once_each_outcome_was_seen_and_led_to_nothing() {
    let mut follow = Follow::new(["s0", "s1"].into_iter(), adds(&[]), 10);
    assert_eq!(read(&mut follow, 0), text("s0"));
    assert_eq!(read(&mut follow, 1), text("s1"));
    assert_eq!(read(&mut follow, 2), Err("later"));
    assert!(!see(&mut follow, 1, 2).0);
    assert_eq!(read(&mut follow, 2), Err("later"));
    assert!(see(&mut follow, 0, 2).0);
    assert_eq!(read(&mut follow, 2), Err("end"));
}

#[test]
fn without_seeds_it_ends_at_once() {
    let mut follow = Follow::new([].into_iter(), adds(&[]), 10);
    assert_eq!(read(&mut follow, 0), Err("end"));
}

#[test]
fn no_seed_is_read_beyond_the_greatest_number_of_requests() {
    let mut follow = Follow::new(["s0", "s1"].into_iter(), adds(&[]), 10);
    follow.set_max_requests(1);
    assert_eq!(read(&mut follow, 0), text("s0"));
    assert_eq!(read(&mut follow, 1), Err("later"));
    assert!(see(&mut follow, 0, 1).0);
    assert_eq!(read(&mut follow, 1), Err("end"));
}

#[test]
fn nothing_is_read_after_it_was_closed_and_outcomes_are_still_seen() {
    let mut seen = 0;
    let push = |_: &Outcome, next: &mut NextRequests<'_>| {
        seen += 1;
        let _ = next.push("a");
    };
    let mut follow = Follow::new(["s0", "s1"].into_iter(), push, 10);
    assert_eq!(read(&mut follow, 0), text("s0"));
    see(&mut follow, 0, 1);
    let mut follow = follow.close().unwrap();
    assert_eq!(read(&mut follow, 1), Err("end"));
    see(&mut follow, 0, 1);
    drop(follow);
    assert_eq!(seen, 2);
}

#[test]
fn an_origin_is_kept_as_long_as_its_request_is_under_way() {
    let mut follow = Follow::new(["s0"].into_iter(), adds(&["a"]), 10);
    assert_eq!(read(&mut follow, 0), text("s0"));
    see(&mut follow, 0, 1);
    assert_eq!(read(&mut follow, 1), text("a"));
    assert_eq!(follow.added.under_way.len(), 1);
    see(&mut follow, 1, 2);
    assert!(follow.added.under_way.is_empty());
}
