use std::io;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use indicatif::TermLike;

use crate::client::Client;

use super::*;
use crate::batch::progress::{HoldingHost, WaitingHost};

/// Terminal that remembers the text written to it.
#[derive(Clone, Debug, Default)]
struct Screen(Arc<Mutex<String>>);

impl Screen {
    fn written(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        200
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.lock().unwrap().push_str(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_bar_shows_the_progress_as_one_line() {
    let mut now = Progress {
        total: Some(2000),
        done: 1200,
        succeeded: 1190,
        failed: 10,
        in_flight: 32,
        per_second: 256.4,
        eta: Some(Duration::from_millis(3120)),
        ..Progress::default()
    };
    let all = "1,200/2,000 60%  1,190 ok  10 failed  32 in flight  256/s  0:04 left";
    assert_eq!(text(&now), all);
    let host = |uri: &'static str| Host::of(&http::Uri::from_static(uri)).unwrap();
    let slow = host("https://slow.example/");
    now.slowest = Some((slow.clone(), Duration::from_millis(640)));
    assert_eq!(text(&now), format!("{all}  slowest slow.example 640 ms"));
    now.waiting = Some(WaitingHost {
        host: host("http://busy.example:81/"),
        requests: 120,
        time: Duration::from_secs(14),
    });
    let waits = "  busy.example:81 keeps 120 waiting 0:14";
    assert_eq!(text(&now), format!("{all}{waits}"));
    now.holding = Some(HoldingHost {
        host: slow.clone(),
        places: 16,
        time: Duration::from_secs(12),
    });
    let held = "  slow.example has held 16 places for 0:12";
    assert_eq!(text(&now), format!("{all}{waits}{held}"));
    now.waiting = None;
    assert_eq!(text(&now), format!("{all}{held}"));
    (now.holding, now.slowest) = (None, None);
    (now.total, now.eta, now.per_second) = (None, None, 0.25);
    (now.rejected, now.cancelled, now.not_done) = (1, 2, 3);
    let unknown =
        "1,200  1,190 ok  1 rejected  2 cancelled  3 not done  10 failed  32 in flight  0.2/s";
    assert_eq!(text(&now), unknown);
    let empty = Progress {
        total: Some(0),
        ..Progress::default()
    };
    assert!(text(&empty).starts_with("0/0 100%"));
}

#[test]
fn the_time_left_is_in_hours_minutes_and_seconds() {
    let shown = [1, 60, 754, 10_800].map(|seconds| clock(Duration::from_secs(seconds)));
    assert_eq!(shown, ["0:01", "1:00", "12:34", "3:00:00"]);
}

#[test]
fn the_bar_is_drawn_until_the_batch_ends() {
    let client = Client::builder().workers(2).build().unwrap();
    let screen = Screen::default();
    // The requests are not fit to be sent, so they fail without a network.
    let mut outcomes = client.as_completed(vec!["nowhere"; 7]);
    let on = ProgressDrawTarget::term_like_with_hz(Box::new(screen.clone()), 20);
    let bar = Bar::start(outcomes.progress(), on);
    assert!(bar.is_some());
    outcomes.display(bar);
    let until = Instant::now() + Duration::from_secs(30);
    while !screen.written().contains("0/7 0%") {
        assert!(Instant::now() < until, "{:?}", screen.written());
        thread::yield_now();
    }
    assert_eq!(outcomes.by_ref().count(), 7);
    let written = screen.written();
    assert!(
        written.contains("7/7 100%  0 ok  7 failed  0 in flight"),
        "{written:?}"
    );
    drop(outcomes);
    assert_eq!(screen.written(), written, "it ended with the batch");
}

#[test]
fn dropped_half_way_it_goes_too() {
    let client = Client::builder().workers(2).build().unwrap();
    let screen = Screen::default();
    let mut outcomes = client.as_completed(std::iter::repeat("nowhere"));
    let on = ProgressDrawTarget::term_like(Box::new(screen.clone()));
    outcomes.display(Bar::start(outcomes.progress(), on));
    assert_eq!(outcomes.by_ref().take(5).count(), 5);
    drop(outcomes);
    assert!(
        screen.written().contains("5  0 ok  5 failed"),
        "{:?}",
        screen.written()
    );
}

#[test]
fn there_is_no_bar_on_a_hidden_terminal() {
    let client = Client::builder().workers(1).build().unwrap();
    let outcomes = client.as_completed(["nowhere"]);
    let on = ProgressDrawTarget::hidden();
    assert!(Bar::start(outcomes.progress(), on).is_none());
}
