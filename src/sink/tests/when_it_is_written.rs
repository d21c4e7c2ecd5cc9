//! When lines go out.

use super::*;

#[test]
fn results_wait_until_nothing_further_is_ready() {
    let pipe = Pipe::endless();
    let mut sink: Box<dyn Sink> = Box::new(JsonLines::new(pipe.clone()));
    for index in 0..10 {
        sink.write(&success(index)).unwrap();
    }
    assert_eq!(pipe.writes(), 0);
    sink.idle().unwrap();
    assert_eq!((pipe.writes(), pipe.lines()), (1, 10));
    sink.idle().unwrap();
    assert_eq!(pipe.writes(), 1);
}

#[test]
fn results_do_not_wait_beyond_64_kib() {
    let pipe = Pipe::endless();
    let mut sink: Box<dyn Sink> = Box::new(JsonLines::new(pipe.clone()));
    let long = sample::success(
        0,
        "http://h/",
        response("http://h/", 200, "text/plain", &[b'x'; 40 << 10]),
    );
    sink.write(&long).unwrap();
    assert_eq!(pipe.writes(), 0);
    sink.write(&long).unwrap();
    assert_eq!((pipe.writes(), pipe.lines()), (1, 2));
}

#[test]
fn a_failure_is_written_as_it_happens() {
    let pipe = Pipe::endless();
    let mut sink = Failures::new(pipe.clone());
    sink.write(&failed(0)).unwrap();
    assert_eq!(pipe.lines(), 1);
    sink.write(&success(1)).unwrap();
    assert_eq!(pipe.lines(), 1);
}

#[test]
fn what_waits_is_written_when_the_sink_is_dropped() {
    let pipe = Pipe::endless();
    let mut sink = JsonLines::new(pipe.clone());
    sink.write(&success(0)).unwrap();
    drop(sink);
    assert_eq!(pipe.lines(), 1);
}
