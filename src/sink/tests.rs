use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::*;
use crate::outcome::sample::{self, response};
use crate::record::{Record, RecordOptions, request_of};
use crate::rejection::Rejection;
use crate::{ErrorType, Request};

/// A directory of its own for each test, gone with it.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Dir {
        let path = std::env::temp_dir().join(format!("haul-sink-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Dir(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A writer whose reader goes away after so many bytes, and whose writes the test can see.
#[derive(Clone)]
struct Pipe(Arc<Mutex<Seen>>);

struct Seen {
    bytes: Vec<u8>,
    writes: usize,
    room: usize,
}

impl Pipe {
    fn with_room(room: usize) -> Pipe {
        Pipe(Arc::new(Mutex::new(Seen {
            bytes: Vec::new(),
            writes: 0,
            room,
        })))
    }

    fn endless() -> Pipe {
        Pipe::with_room(usize::MAX)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().bytes.clone()).unwrap()
    }

    fn lines(&self) -> usize {
        self.text().lines().count()
    }

    fn writes(&self) -> usize {
        self.0.lock().unwrap().writes
    }

    fn widen(&self) {
        self.0.lock().unwrap().room = usize::MAX;
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut seen = self.0.lock().unwrap();
        let taken = bytes.len().min(seen.room - seen.bytes.len());
        if taken == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        seen.writes += 1;
        seen.bytes.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn success(index: u64) -> Outcome {
    let url = format!("http://h/{index}");
    let answer = response(&url, 200, "text/plain", b"fine");
    sample::success(index, url, answer)
}

fn rejected(index: u64) -> Outcome {
    let answer = response("http://h/", 200, "application/json", b"{}");
    sample::rejected(index, "http://h/", answer, Rejection::new(1, "no"))
}

fn failed(index: u64) -> Outcome {
    sample::connect_timeout(index, "http://h/")
}

/// One of each, and those that a resumed batch is to run.
fn mixed() -> Vec<Outcome> {
    let mut cut_short = failed(5);
    cut_short.report.cut_short = true;
    vec![
        success(0),
        rejected(1),
        failed(2),
        sample::unsent(3, "http://h/", ErrorType::Cancelled),
        sample::unsent(4, "http://h/", ErrorType::Deadline),
        cut_short,
        sample::unsent(6, "http://h/", ErrorType::InvalidRequest),
    ]
}

fn write_all(mut sink: impl Sink, outcomes: &[Outcome]) {
    sink.begin().unwrap();
    for outcome in outcomes {
        sink.write(outcome).unwrap();
    }
    sink.finish(&Summary::new()).unwrap();
}

fn indices(text: &str) -> Vec<u64> {
    text.lines()
        .map(|line| Record::parse(line).unwrap().index)
        .collect()
}

mod what_is_written {
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
}

mod when_it_is_written {
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
}

mod files {
    use super::*;

    #[test]
    fn an_existing_file_is_refused_and_left_as_it_is() {
        let dir = Dir::new("exists");
        let path = dir.file("out.jsonl");
        fs::write(&path, "precious\n").unwrap();
        for error in [
            JsonLines::create(&path).err().unwrap(),
            Failures::create(&path).err().unwrap(),
        ] {
            assert_eq!(error.path(), Some(&*path));
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
            let shown = error.to_string();
            assert!(shown.contains("out.jsonl: "), "{shown}");
            assert!(shown.contains("exists"), "{shown}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious\n");
    }

    #[test]
    fn it_is_replaced_or_appended_to_where_that_is_asked_for() {
        let dir = Dir::new("replace");
        let path = dir.file("out.jsonl");
        write_all(JsonLines::create(&path).unwrap(), &[success(0)]);
        write_all(JsonLines::append(&path).unwrap(), &[success(1)]);
        assert_eq!(indices(&fs::read_to_string(&path).unwrap()), [0, 1]);
        write_all(JsonLines::overwrite(&path).unwrap(), &[success(2)]);
        assert_eq!(indices(&fs::read_to_string(&path).unwrap()), [2]);
        write_all(
            JsonLines::append(dir.file("new.jsonl")).unwrap(),
            &[success(3)],
        );
        let new = fs::read_to_string(dir.file("new.jsonl")).unwrap();
        assert_eq!(indices(&new), [3]);
    }

    #[test]
    fn a_line_without_its_end_does_not_swallow_the_next() {
        let dir = Dir::new("torn");
        let path = dir.file("out.jsonl");
        fs::write(&path, "{\"v\":1,\"to").unwrap();
        write_all(JsonLines::append(&path).unwrap(), &[success(7)]);
        let text = fs::read_to_string(&path).unwrap();
        let (torn, rest) = text.split_once('\n').unwrap();
        assert_eq!((torn, &*indices(rest)), ("{\"v\":1,\"to", &[7][..]));
    }

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let dir = Dir::new("nowhere");
        let path = dir.file("no/such/out.jsonl");
        let error = JsonLines::create(&path).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("no/such/out.jsonl"), "{error}");
        let error = JsonLines::create(&dir.0).err().unwrap();
        assert_eq!(error.path(), Some(&*dir.0));
    }

    #[cfg(unix)]
    #[test]
    fn a_read_only_directory_is_an_error_that_names_the_file() {
        use std::os::unix::fs::PermissionsExt as _;

        let dir = Dir::new("read-only");
        let locked = dir.file("locked");
        fs::create_dir(&locked).unwrap();
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
        // Whoever may write anywhere (root) is kept out of /proc all the same.
        let path = match fs::write(locked.join("probe"), "") {
            Err(_) => locked.join("out.jsonl"),
            Ok(()) => PathBuf::from("/proc/out.jsonl"),
        };
        let result = JsonLines::create(&path).err();
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
        if let Some(error) = result {
            assert_eq!(error.path(), Some(&*path));
            assert!(error.to_string().contains("opened for writing"), "{error}");
        } else {
            panic!("{} could be written", path.display());
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_that_names_the_file() {
        let mut sink = JsonLines::create("/dev/full").unwrap();
        sink.write(&success(0)).unwrap();
        let error = Sink::<crate::Response>::finish(&mut sink, &Summary::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        let shown = error.to_string();
        assert!(
            shown.starts_with("/dev/full: cannot be written: "),
            "{shown}"
        );
    }
}

mod after_a_failed_write {
    use super::lines::Lines;
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

    fn add(lines: &mut Lines<Quota>, text: &str) {
        lines.add(|to| writeln!(to, "{text}").unwrap()).unwrap();
    }

    #[test]
    fn a_file_holds_whole_lines_and_the_rest_goes_out_when_there_is_room_again() {
        let dir = Dir::new("quota");
        let path = dir.file("out");
        let file = fs::File::create(&path).unwrap();
        let mut lines = Lines::to(Quota { file, room: 8 });
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
}

#[test]
fn a_request_can_be_run_again_from_the_log() {
    let pipe = Pipe::endless();
    let request = Request::post("http://h/").json(&[1]).id("a\0b");
    write_all(
        Failures::new(pipe.clone()),
        &[sample::connect_timeout(0, request)],
    );
    let again = request_of(pipe.text().trim_end()).unwrap();
    assert_eq!(
        (again.body_bytes(), again.get_id()),
        (&b"[1]"[..], Some("a\0b"))
    );
}
