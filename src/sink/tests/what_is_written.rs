//! Selection of the outcomes that a sink writes.

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
            assert!(Record::parse_request(line).is_ok(), "{line}");
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
fn a_flush_writes_out_what_is_in_the_buffer() {
    let pipe = Pipe::endless();
    let mut lines = JsonLines::new(pipe.clone());
    lines.write(&success(0)).unwrap();
    assert_eq!(pipe.lines(), 0);
    lines.flush().unwrap();
    assert_eq!(pipe.lines(), 1);
}

#[test]
fn an_outcome_that_one_sink_refuses_is_given_to_none_after_it() {
    let (a, b, c, d) = (
        Pipe::endless(),
        Pipe::with_room(10),
        Pipe::endless(),
        Pipe::endless(),
    );
    let mut sinks = (
        Failures::new(a.clone()),
        vec![
            Box::new(Failures::new(b.clone())) as Box<dyn Sink>,
            Box::new(JsonLines::new(c.clone())),
            Box::new(Failures::new(d.clone())),
        ],
    );
    let error = sinks.write(&failed(0)).unwrap_err();
    assert!(error.is_broken_pipe());
    sinks.finish(&Summary::new()).unwrap_err();
    drop(sinks);
    assert_eq!((a.lines(), c.lines(), d.lines()), (1, 0, 0));
}

#[test]
fn every_sink_writes_out_though_another_fails() {
    let (a, b) = (Pipe::with_room(10), Pipe::endless());
    let mut sinks = (JsonLines::new(a.clone()), JsonLines::new(b.clone()));
    sinks.write(&success(0)).unwrap();
    Sink::<crate::Response>::idle(&mut sinks).unwrap_err();
    assert_eq!(b.lines(), 1);
}

#[test]
fn a_failure_that_a_log_refuses_is_not_written_later_either() {
    let pipe = Pipe::with_room(0);
    let mut log = Failures::new(pipe.clone());
    log.write(&failed(0)).unwrap_err();
    pipe.widen();
    log.write(&failed(1)).unwrap();
    drop(log);
    assert_eq!(indices(&pipe.text()), [1]);
}

#[test]
fn a_sink_of_all_outcomes_says_how_many_are_written() {
    let pipe = Pipe::with_room(700);
    let mut sink = JsonLines::new(pipe.clone());
    let written = |sink: &JsonLines<Pipe>| Sink::<crate::Response>::written(sink);
    for index in 0..5 {
        sink.write(&success(index)).unwrap();
    }
    assert_eq!(written(&sink), Some(0));
    Sink::<crate::Response>::idle(&mut sink).unwrap_err();
    let whole = pipe.text().matches('\n').count() as u64;
    assert!((1..5).contains(&whole));
    assert_eq!(written(&sink), Some(whole));
    pipe.widen();
    Sink::<crate::Response>::idle(&mut sink).unwrap();
    assert_eq!(written(&sink), Some(5));
    assert_eq!(written(&sink.only(Keep::Failed)), None);
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
