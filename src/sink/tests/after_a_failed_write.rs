//! State of the file after a failed write.

use super::lines::LineWriter;
use super::*;

/// A file with a quota.
struct Quota {
    file: fs::File,
    room: usize,
}

impl Write for Quota {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.room);
        if taken == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.room -= taken;
        self.file.write(&bytes[..taken])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn add(lines: &mut LineWriter<Quota>, text: &str) {
    lines.add(|to| writeln!(to, "{text}").unwrap()).unwrap();
}

#[test]
fn lines_that_found_no_room_are_written_whole_later() {
    let dir = Dir::new("quota");
    let path = dir.file("out");
    let file = fs::File::create(&path).unwrap();
    let mut lines = LineWriter::to(Quota { file, room: 8 });
    lines.cut_back_by(|quota: &Quota, from, to| {
        assert_eq!(quota.file.metadata()?.len(), from);
        quota.file.set_len(to)?;
        use std::io::Seek as _;
        (&quota.file).seek(io::SeekFrom::Start(to)).map(drop)
    });
    for text in ["one", "two", "three"] {
        add(&mut lines, text);
    }
    lines.flush().unwrap_err();
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    lines.target().room = 3;
    lines.flush().unwrap_err();
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    lines.target().room = 100;
    add(&mut lines, "four");
    lines.flush().unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "one\ntwo\nthree\nfour\n"
    );
}

#[test]
fn a_stream_that_takes_bytes_again_goes_on_within_the_line() {
    let pipe = Pipe::with_room(100);
    let mut sink: Box<dyn Sink> = Box::new(JsonLines::new(pipe.clone()).named("stdout"));
    sink.write(&success(0)).unwrap();
    sink.write(&success(1)).unwrap();
    let error = sink.idle().unwrap_err();
    assert!(error.is_broken_pipe() && error.path().is_none());
    let shown = error.to_string();
    assert!(shown.starts_with("stdout: cannot be written: "), "{shown}");
    assert_eq!(pipe.text().len(), 100);
    pipe.widen();
    sink.finish(&Summary::new()).unwrap();
    assert_eq!(indices(&pipe.text()), [0, 1]);
}

#[test]
fn going_on_regardless_takes_no_memory_without_end() {
    let pipe = Pipe::with_room(10);
    let mut sink: Box<dyn Sink> = Box::new(JsonLines::new(pipe.clone()));
    let refused = (0..1000)
        .filter(|index| sink.write(&success(*index)).is_err())
        .count();
    // 64 KiB are a good hundred lines.
    assert!(refused > 700, "{refused}");
    pipe.widen();
    drop(sink);
    assert!(pipe.lines() < 300, "{}", pipe.lines());
    assert_eq!(indices(&pipe.text())[..3], [0, 1, 2]);
}

#[test]
fn a_failure_log_whose_disk_is_full_says_so_at_once() {
    let mut sink = Failures::new(Pipe::with_room(10));
    assert!(sink.write(&failed(0)).is_err());
}
