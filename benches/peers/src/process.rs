//! Processes: one server for all runs, and one process for each run of a client, so that its peak of memory is its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::AnyError;
use crate::clients::Peer;
use crate::figures::Figures;
use crate::system;
use crate::workload::Workload;

/// Upper bound for the time of a run.
const BOUND: Duration = Duration::from_secs(180);

/// Cores of server and client. `None`: there are not two, or there is no `taskset` to keep the processes on them.
pub(crate) struct Pins {
    pub(crate) cores: Option<(usize, usize)>,
}

impl Pins {
    pub(crate) fn choose(cores: (usize, usize)) -> Pins {
        let works = |core: usize| {
            let mut taskset = Command::new("taskset");
            taskset.args(["-c", &core.to_string(), "true"]);
            taskset.stdout(Stdio::null()).stderr(Stdio::null());
            taskset.status().is_ok_and(|status| status.success())
        };
        let both = cores.0 != cores.1 && works(cores.0) && works(cores.1);
        Pins {
            cores: both.then_some(cores),
        }
    }

    /// Command that runs this program again, on a core of its own.
    fn command(&self, core: fn((usize, usize)) -> usize) -> Result<Command, AnyError> {
        let own = std::env::current_exe()?;
        let Some(cores) = self.cores else {
            return Ok(Command::new(own));
        };
        let mut command = Command::new("taskset");
        command.args(["-c", &core(cores).to_string()]).arg(own);
        Ok(command)
    }
}

/// The server while it runs. It ends when its input does, so also when this process dies.
pub(crate) struct Served {
    child: Child,
    _input: Option<ChildStdin>,
    pub(crate) port: u16,
    /// Number of addresses on which the server listens.
    pub(crate) hosts: usize,
}

impl Served {
    pub(crate) fn start(pins: &Pins) -> Result<Served, AnyError> {
        let mut command = pins.command(|(server, _)| server)?;
        command.arg("serve").stdin(Stdio::piped());
        let (mut child, line) = first_line(command, Duration::from_secs(30))?;
        let words = line.split_once(' ').ok_or("the server said nothing")?;
        Ok(Served {
            _input: child.stdin.take(),
            child,
            port: words.0.parse()?,
            hosts: words.1.parse()?,
        })
    }

    /// Runs a client, and adds the cores that the server and all other processes kept busy meanwhile.
    pub(crate) fn measured(
        &self,
        run: impl FnOnce() -> Result<Figures, AnyError>,
    ) -> Result<Figures, AnyError> {
        let id = self.child.id().to_string();
        let server = || system::cpu_seconds(&id).unwrap_or(0.0);
        let machine = || system::busy_seconds().unwrap_or(0.0);
        let (started, server_before, machine_before) = (Instant::now(), server(), machine());
        let mut figures = run()?;
        let seconds = started.elapsed().as_secs_f64();
        let served = server() - server_before;
        let own = served + figures.cpu;
        figures.server = served / seconds;
        figures.others = ((machine() - machine_before - own) / seconds).max(0.0);
        Ok(figures)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// Runs a client in a process of its own.
pub(crate) fn run(
    peer: Peer,
    workload: &Workload,
    server: &Served,
    pins: &Pins,
) -> Result<Figures, AnyError> {
    let mut command = pins.command(|(_, client)| client)?;
    command.args(["run", peer.name(), workload.name, &server.port.to_string()]);
    command.stdin(Stdio::null());
    let (mut child, line) = first_line(command, BOUND)?;
    stop(&mut child);
    line.parse()
}

/// Starts a process and waits until it has said one line.
fn first_line(mut command: Command, within: Duration) -> Result<(Child, String), AnyError> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().ok_or("the process has no output")?;
    let (said, line) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        if BufReader::new(output).read_line(&mut line).is_ok() {
            let _ = said.send(line);
        }
    });
    match line.recv_timeout(within) {
        Ok(line) if !line.is_empty() => Ok((child, line.trim().to_owned())),
        Ok(_) => {
            let status = child.wait()?;
            Err(format!("the process ended without a word: {status}").into())
        }
        Err(_) => {
            stop(&mut child);
            Err(format!("nothing within {within:?}").into())
        }
    }
}

/// Kills a process whose output has been read: the time to tear down thousands of threads is not measured.
fn stop(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
