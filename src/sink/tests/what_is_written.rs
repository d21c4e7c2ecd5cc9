//! Which outcomes a sink writes.

use super::*;

fn kept(keep: Keep) -> Vec<u64> {
    let pipe = Pipe::endless();
    write_all(JsonLines::new(pipe.clone()).only(keep), &mixed());
    indices(&pipe.text())
}

#[test]
fn results_hold_all_that_came_to_an_end_of_their_own() {
    assert_eq!(kept(Keep::All), [0, 1, 2, 6]);
}

#[test]
fn filters_leave_the_rest_out() {
    assert_eq!(kept(Keep::Failed), [2, 6]);
    assert_eq!(kept(Keep::Rejected), [1]);
    assert_eq!(kept(Keep::Unsuccessful), [1, 2, 6]);
}

#[test]
fn the_failure_log_holds_failures_and_on_request_rejections() {
    for (and_rejected, expected) in [(false, &[2, 6][..]), (true, &[1, 2, 6])] {
        let pipe = Pipe::endless();
        write_all(
            Failures::new(pipe.clone()).and_rejected(and_rejected),
            &mixed(),
        );
        assert_eq!(indices(&pipe.text()), expected);
        for line in pipe.text().lines() {
            assert!(request_of(line).is_ok(), "{line}");
        }
    }
}

#[test]
fn records_are_shaped_as_asked() {
    let pipe = Pipe::endless();
    let options = RecordOptions::new().body(false).headers(true);
    write_all(JsonLines::new(pipe.clone()).records(options), &[success(0)]);
    let record = Record::parse(pipe.text().trim_end()).unwrap();
    assert_eq!(record.body, None);
    assert!(record.headers.unwrap().contains_key("content-type"));
}

#[test]
fn several_sinks_share_a_batch_and_one_that_fails_leaves_the_others_be() {
    let (a, b, c) = (Pipe::with_room(10), Pipe::endless(), Pipe::endless());
    let mut sinks = (
        Failures::new(a.clone()),
        vec![
            Box::new(JsonLines::new(b.clone())) as Box<dyn Sink>,
            Box::new(Failures::new(c.clone())),
        ],
    );
    let error = sinks.write(&failed(0)).unwrap_err();
    assert!(error.is_broken_pipe());
    sinks.idle().unwrap_err();
    assert_eq!((b.lines(), c.lines()), (1, 1));
}

#[test]
fn a_sink_takes_outcomes_of_any_kind() {
    let pipe = Pipe::endless();
    let done = success(0);
    let processed = Outcome {
        index: 0,
        request: done.request.clone(),
        report: done.report.clone(),
        state: crate::State::Success("parsed"),
    };
    let mut sink = JsonLines::new(pipe.clone());
    sink.write(&processed).unwrap();
    Sink::<&str>::idle(&mut sink).unwrap();
    assert_eq!(indices(&pipe.text()), [0]);
}
