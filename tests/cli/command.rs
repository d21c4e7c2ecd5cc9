//! Runs of the binary: arguments and input in, everything it says and writes out.

use std::env;
use std::io::{BufRead, BufReader, Lines, Read, Write};
#[cfg(unix)]
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) use super::folder::Folder;

/// Limit for the time of a run: long enough for the slowest machine, so a run that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// A run that has not begun.
pub(crate) struct Haul {
    command: Command,
    input: Vec<u8>,
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A run that is under way.
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    results: Option<Lines<BufReader<ChildStdout>>>,
    said: Arc<Said>,
    listening: JoinHandle<()>,
}

/// Text that a run has written to standard error so far.
#[derive(Default)]
struct Said {
    text: Mutex<String>,
    changed: Condvar,
}

/// Builds the command with these arguments, and without environment variables that change its behaviour.
pub(crate) fn haul<A: AsRef<str>>(arguments: impl IntoIterator<Item = A>) -> Haul {
    without_settings(Command::new(env!("CARGO_BIN_EXE_haul"))).and(arguments)
}

/// Builds a line of shell in which `haul` is this binary, as [`haul`] does.
#[cfg(unix)]
pub(crate) fn shell(line: &str) -> Haul {
    let mut command = Command::new("sh");
    let folder = Path::new(env!("CARGO_BIN_EXE_haul")).parent();
    let own = folder.map(Path::to_path_buf).into_iter();
    let usual = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(own.chain(env::split_paths(&usual))).unwrap();
    command.arg("-c").arg(line).env("PATH", path);
    without_settings(command)
}

fn without_settings(mut command: Command) -> Haul {
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("HAUL_") {
            command.env_remove(name);
        }
    }
    command.env_remove("NO_COLOR");
    Haul {
        command,
        input: Vec::new(),
    }
}

impl Haul {
    /// Adds arguments.
    pub(crate) fn and<A: AsRef<str>>(mut self, arguments: impl IntoIterator<Item = A>) -> Haul {
        let arguments = arguments.into_iter();
        self.command.args(arguments.map(|a| a.as_ref().to_owned()));
        self
    }

    pub(crate) fn input(mut self, text: impl Into<Vec<u8>>) -> Haul {
        self.input = text.into();
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Haul {
        self.command.env(name, value);
        self
    }

    /// Limits the number of files that the process may open.
    #[cfg(unix)]
    pub(crate) fn open_files(self, most: usize) -> Haul {
        self.limited(&format!("ulimit -n {most}"))
    }

    /// Limits the number of files that the process may open until it raises the limit itself.
    #[cfg(target_os = "linux")]
    pub(crate) fn soft_open_files(self, most: usize) -> Haul {
        self.limited(&format!("ulimit -Sn {most}"))
    }

    /// Limits the size of a file that the process may write to this many blocks, of 512 or 1024 bytes each.
    #[cfg(unix)]
    pub(crate) fn file_blocks(self, most: usize) -> Haul {
        self.limited(&format!("ulimit -f {most}"))
    }

    /// Runs in a world of its own in which this folder is a disk of 1 MiB. `None`: the system does not let it.
    #[cfg(target_os = "linux")]
    pub(crate) fn on_small_disk(self, folder: &str) -> Option<Haul> {
        let may = Command::new("unshare").args(["-m", "true"]).output();
        if !may.is_ok_and(|done| done.status.success()) {
            return None;
        }
        let mount = format!("mount -t tmpfs -o size=1m none '{folder}'");
        let Haul { command, input } = self.limited(&mount);
        let mut apart = Command::new("unshare");
        apart.args(["-m", "sh"]).args(command.get_args());
        let run = without_settings(apart);
        Some(Haul { input, ..run })
    }

    /// Runs as a user who may do no more than others, if the tests run as one who may do everything. `None`: that user
    /// may not start the command.
    #[cfg(unix)]
    pub(crate) fn by_other_user(mut self) -> Option<Haul> {
        use std::os::unix::process::CommandExt as _;

        const NOBODY: u32 = 65_534;
        if !rustix::process::geteuid().is_root() {
            return Some(self);
        }
        let mut look = Command::new(self.command.get_program());
        look.arg("--version").uid(NOBODY).gid(NOBODY);
        look.output().ok().filter(|done| done.status.success())?;
        self.command.uid(NOBODY).gid(NOBODY);
        Some(self)
    }

    #[cfg(unix)]
    fn limited(self, limit: &str) -> Haul {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("{limit} && exec \"$0\" \"$@\""));
        command.arg(self.command.get_program());
        command.args(self.command.get_args());
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Haul { command, ..self }
    }

    pub(crate) fn stdout(mut self, to: impl Into<Stdio>) -> Haul {
        self.command.stdout(to);
        self
    }

    pub(crate) fn current_dir(mut self, folder: &Folder) -> Haul {
        self.command.current_dir(folder.path());
        self
    }

    /// Runs the command to its end.
    pub(crate) fn run(mut self) -> Done {
        self.command.stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("the binary");
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = self.input;
        // A run that does not read its input to the end closes it.
        let feeding = thread::spawn(move || drop(stdin.write_all(&input)));
        let stdout = child
            .stdout
            .take()
            .map(|pipe| thread::spawn(move || text(pipe)));
        let stderr = child
            .stderr
            .take()
            .map(|pipe| thread::spawn(move || text(pipe)));
        let status = wait(&mut child);
        feeding.join().unwrap();
        let read = |reading: Option<JoinHandle<String>>| {
            reading.map_or(String::new(), |reading| reading.join().unwrap())
        };
        Done {
            status: status.code(),
            stdout: read(stdout),
            stderr: read(stderr),
        }
    }

    /// Runs the command to its end, with its results going to the test.
    pub(crate) fn done(self) -> Done {
        self.stdout(Stdio::piped()).run()
    }

    /// Starts the command, with its input in the hands of the test.
    pub(crate) fn start(mut self) -> Running {
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("the binary");
        let mut stderr = child.stderr.take().expect("a pipe");
        let stdout = child.stdout.take().expect("a pipe");
        let said = Arc::new(Said::default());
        let telling = Arc::clone(&said);
        let listening = thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(n @ 1..) = stderr.read(&mut piece) {
                let text = String::from_utf8_lossy(&piece[..n]);
                telling.text.lock().unwrap().push_str(&text);
                telling.changed.notify_all();
            }
        });
        Running {
            stdin: child.stdin.take(),
            results: Some(BufReader::new(stdout).lines()),
            said,
            listening,
            child,
        }
    }
}

impl Running {
    /// Writes a line of input.
    pub(crate) fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("open input");
        writeln!(stdin, "{line}").unwrap();
    }

    /// Writes input that need not be whole lines.
    pub(crate) fn write(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().expect("open input");
        stdin.write_all(text.as_bytes()).unwrap();
    }

    /// Waits for the next result and returns it.
    #[track_caller]
    pub(crate) fn next_result(&mut self) -> Value {
        let results = self.results.as_mut().expect("open results");
        let line = results.next().expect("a result").unwrap();
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"))
    }

    pub(crate) fn close_input(&mut self) {
        self.stdin = None;
    }

    /// Closes the test's end of the results, so that nothing reads them from now on.
    pub(crate) fn close_results(&mut self) {
        self.results = None;
    }

    /// Returns when the run has said this.
    #[track_caller]
    pub(crate) fn wait_until_said(&self, text: &str) {
        let until = Instant::now() + PATIENCE;
        let mut said = self.said.text.lock().unwrap();
        while !said.contains(text) {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{text:?} is not in:\n{said}");
            said = self.said.changed.wait_timeout(said, left).unwrap().0;
        }
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, signal).unwrap();
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end of the run and returns its status. Its results are left unread.
    pub(crate) fn status(&mut self) -> Option<i32> {
        wait(&mut self.child).code()
    }

    /// True if the run has ended.
    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the end of the run and returns its status and everything it said.
    pub(crate) fn finish(mut self) -> Done {
        let rest = self.results.take().into_iter().flatten();
        let (stdout, status) = thread::scope(|scope| {
            // A process that does not end keeps its output open, so that a reader alone would wait for ever.
            let lines = rest.map_while(Result::ok).map(|line| line + "\n");
            let reader = scope.spawn(|| lines.collect());
            let status = wait(&mut self.child);
            (reader.join().unwrap(), status)
        });
        self.listening.join().unwrap();
        Done {
            status: status.code(),
            stdout,
            stderr: self.said.text.lock().unwrap().clone(),
        }
    }
}

fn text(mut from: impl Read) -> String {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).unwrap();
    String::from_utf8(bytes).expect("everything it says is UTF-8")
}

/// Waits for the end of a process, and kills it if it takes too long. Runs of a large scale may take longer.
fn wait(child: &mut Child) -> ExitStatus {
    let factor = if env::var_os("HAUL_SCALE").is_some() {
        20
    } else {
        1
    };
    let until = Instant::now() + PATIENCE * factor;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > until {
            child.kill().unwrap();
            panic!("it did not end");
        }
        thread::park_timeout(Duration::from_millis(2));
    }
}

impl Done {
    /// Returns the results on standard output.
    pub(crate) fn results(&self) -> Vec<Value> {
        records(&self.stdout)
    }

    /// Asserts the exit status, and shows the output of the run if the status is another one.
    #[track_caller]
    pub(crate) fn exits(self, status: i32) -> Done {
        assert_eq!(
            self.status,
            Some(status),
            "{}\n{}",
            self.stderr,
            self.stdout
        );
        self
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Done {
        assert!(
            self.stderr.contains(text),
            "{text:?} is not in:\n{}",
            self.stderr
        );
        self
    }

    #[track_caller]
    pub(crate) fn never_says(self, text: &str) -> Done {
        assert!(
            !self.stderr.contains(text),
            "{text:?} is in:\n{}",
            self.stderr
        );
        self
    }
}

/// Parses whole lines of JSON.
#[track_caller]
pub(crate) fn records(text: &str) -> Vec<Value> {
    assert!(
        text.is_empty() || text.ends_with('\n'),
        "a torn line: {text:?}"
    );
    let read = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    text.lines().map(read).collect()
}
