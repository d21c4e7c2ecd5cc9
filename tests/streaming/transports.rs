//! Bodies as they come over a transport of the caller's own.

use std::io::Read;
use std::ops::ControlFlow::{Break, Continue};

use haul::http::Response;
use haul::unversioned::{Call, ExchangeResult, Transport};
use haul::{ErrorType, Request, RetryPolicy};

use crate::*;

/// Transport that answers with 200 and what the closure returns.
struct Giving<F>(F);

impl<R: Read, F: Fn(&Call<'_>) -> R + Send + Sync> Transport for Giving<F> {
    fn exchange(&self, call: &Call<'_>) -> ExchangeResult {
        let body = (self.0)(call);
        call.receive(Response::new(body)).into()
    }
}

fn over<R: Read + 'static>(body: impl Fn(&Call<'_>) -> R + Send + Sync + 'static) -> Client {
    builder().transport(Giving(body)).build().unwrap()
}

#[test]
fn chunks_events_and_lines_come_over_any_transport() {
    let client = over(|_| &b"data: 1\n\ndata: 2\n\n"[..]);
    let seen = Collected::new();
    let to = seen.clone();
    let get = || Request::get("http://h/");
    let by_event = get().on_event(move |event| {
        to.add(event.data().to_owned());
        Continue(())
    });
    assert!(client.send(by_event).is_success());
    assert_eq!(seen.take(), ["1", "2"]);
    let to = seen.clone();
    let by_line = get().on_line(move |line| {
        to.add(line.to_owned());
        Break(())
    });
    assert!(client.send(by_line).success().unwrap().is_truncated());
    assert_eq!(seen.take(), ["data: 1"]);
    let to = seen.clone();
    let by_chunk = get().on_chunk(move |chunk| {
        to.add(String::from_utf8(chunk.bytes().to_vec()).unwrap());
        Continue(())
    });
    let outcome = client.send(by_chunk);
    assert_eq!(seen.take().concat(), outcome.success().unwrap().text());
    assert!(outcome.first_byte().is_some());
}

#[test]
fn a_discarded_body_is_not_read() {
    struct Untouched;
    impl Read for Untouched {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            panic!("it was read")
        }
    }
    let client = over(|_| Untouched);
    let outcome = client.send(Request::get("http://h/").discard_body());
    assert!(outcome.is_success(), "{outcome:?}");
}

#[test]
fn an_endless_body_ends_at_the_deadline() {
    let client = over(|_| std::io::repeat(b'x'));
    let request = Request::get("http://h/")
        .body_limit(100)
        .retry(RetryPolicy::none().deadline(Duration::from_millis(500)))
        .on_chunk(|_| Continue(()));
    let outcome = client.send(request);
    assert_eq!(error(&outcome).error_type(), ErrorType::Timeout);
    assert!(error(&outcome).response().unwrap().is_truncated());
}

#[test]
fn the_time_limits_are_those_of_the_body_once_it_begins() {
    struct Asking<'a>(&'a Call<'a>, Collected<bool>, u32);
    impl Read for Asking<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            self.1.add(self.0.deadline().is_some());
            self.2 += 1;
            into[0] = b'x';
            Ok(usize::from(self.2 < 3))
        }
    }
    struct Limited(Collected<bool>);
    impl Transport for Limited {
        fn exchange(&self, call: &Call<'_>) -> ExchangeResult {
            self.0.add(call.deadline().is_some());
            call.receive(Response::new(Asking(call, self.0.clone(), 0)))
                .into()
        }
    }
    let limits = Collected::new();
    let client = builder()
        .transport(Limited(limits.clone()))
        .build()
        .unwrap();
    assert!(
        client
            .send(Request::get("http://h/").on_chunk(|_| Continue(())))
            .is_success()
    );
    assert_eq!(limits.take(), [true, true, false, false]);
}
