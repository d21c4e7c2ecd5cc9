//! A Redis server that a test starts.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use crate::{Folder, PATIENCE};

/// Starts the server, and kills it as soon as standard input ends: with the test's process, however that ends.
const KEEPER: &str = r#"
redis-server "$@" > log 2>&1 &
echo "$!"
read -r line
kill -9 "$!" 2> /dev/null
"#;

/// A server of its own folder, killed when dropped.
pub struct RedisServer {
    folder: Folder,
    options: Vec<String>,
    port: Option<u16>,
    /// Shell that keeps the server, and the server. `None`: it was killed.
    running: Option<(Child, Pid)>,
}

impl RedisServer {
    /// Starts a server that listens on a socket in its folder, with further options as on its command line. `None`: no
    /// `redis-server` is installed, and the test is skipped. With `CI` set that is a failure.
    pub fn start(options: &[&str]) -> Option<RedisServer> {
        RedisServer::start_in(Folder::new(), options)
    }

    /// Starts a server whose folder holds files already.
    pub fn start_in(folder: Folder, options: &[&str]) -> Option<RedisServer> {
        if !RedisServer::is_installed() {
            return None;
        }
        let mut server = RedisServer {
            folder,
            options: options.iter().map(|&option| option.to_owned()).collect(),
            port: None,
            running: None,
        };
        server.run();
        Some(server)
    }

    /// Starts a server that listens on a port of 127.0.0.1, too. `{port}` in an option stands for it.
    pub fn start_on_port(options: &[&str]) -> Option<RedisServer> {
        if !RedisServer::is_installed() {
            return None;
        }
        let port = free_port();
        let port_text = port.to_string();
        let mut all: Vec<String> = Vec::new();
        if !options.iter().any(|option| option.contains("{port}")) {
            all.extend(["--port".into(), port_text.clone()]);
        }
        all.extend(
            options
                .iter()
                .map(|option| option.replace("{port}", &port_text)),
        );
        let mut server = RedisServer {
            folder: Folder::new(),
            options: all,
            port: Some(port),
            running: None,
        };
        server.run();
        Some(server)
    }

    /// Returns true if there is a `redis-server`. Says that the test is skipped if there is none.
    ///
    /// # Panics
    /// If there is none and `CI` is set.
    pub fn is_installed() -> bool {
        let version = Command::new("redis-server").arg("--version").output();
        let is_installed = version.is_ok_and(|output| output.status.success());
        if !is_installed {
            assert!(std::env::var_os("CI").is_none(), "redis-server not found");
            println!("skipped: redis-server not found");
        }
        is_installed
    }

    /// Starts the server again after [`RedisServer::kill`].
    pub fn run(&mut self) {
        let mut arguments = vec![
            "--unixsocket",
            "redis.sock",
            "--save",
            "",
            "--daemonize",
            "no",
        ];
        if !self
            .options
            .iter()
            .any(|option| option == "--port" || option == "--tls-port")
        {
            arguments.extend(["--port", "0"]);
        }
        arguments.extend(self.options.iter().map(String::as_str));
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut line = String::new();
        let output = keeper.stdout.as_mut().expect("a pipe");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("the server's number");
        let pid = line.trim().parse().ok().and_then(Pid::from_raw);
        self.running = Some((keeper, pid.expect("the server's number")));
        self.wait_until_up();
    }

    fn wait_until_up(&self) {
        let since = Instant::now();
        while connect(&self.socket()).is_none_or(|mut stream| {
            let is_sent = stream.write_all(b"PING\r\n").is_ok();
            let mut first = [0];
            // An answer of any kind will do, but for that of a server that still reads its files.
            !is_sent || stream.read_exact(&mut first).is_err() || is_loading(&mut stream, first[0])
        }) {
            assert!(
                since.elapsed() < PATIENCE,
                "no answer from redis-server: {}",
                self.log()
            );
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
    }

    /// Kills the server at once.
    pub fn kill(&mut self) {
        if let Some((mut keeper, _)) = self.running.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }

    /// Stops the server: its connections stay open, and it answers nothing.
    pub fn suspend(&self) {
        self.send(Signal::STOP);
    }

    /// Lets a server go on that was stopped.
    pub fn resume(&self) {
        self.send(Signal::CONT);
    }

    fn send(&self, signal: Signal) {
        let (_, pid) = self.running.as_ref().expect("a server that runs");
        kill_process(*pid, signal).expect("a signal");
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.file("redis.sock")
    }

    /// Returns the URL of the socket.
    pub fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Returns the port, which only a server of [`RedisServer::start_on_port`] has.
    pub fn port(&self) -> u16 {
        self.port.expect("a server on a port")
    }

    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Returns what the server wrote to its output.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.file("log")).unwrap_or_default()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns a port of 127.0.0.1 on which nothing listens.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn connect(socket: &Path) -> Option<std::os::unix::net::UnixStream> {
    let stream = std::os::unix::net::UnixStream::connect(socket).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    Some(stream)
}

fn is_loading(stream: &mut impl Read, first: u8) -> bool {
    let mut word = [0; 7];
    first == b'-' && stream.read_exact(&mut word).is_ok() && word == *b"LOADING"
}
