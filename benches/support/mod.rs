//! Parts that several benches share: a server that responds as it is told, in this process or in one of its own, and
//! the CPU time of this process.

// Each bench uses a part of this module.
#![allow(dead_code)]

use std::error::Error;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;

pub(crate) type AnyError = Box<dyn Error + Send + Sync>;

/// CPU time of this process so far, all threads, in microseconds; the system counts it in hundredths of a second. 0 if
/// it cannot be told.
pub(crate) fn cpu_us() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .map(|n| n.parse::<f64>().unwrap_or_default() * 1e4)
        .sum()
}

/// The server, another process of this program (see [`is_server`]), which ends with this one.
pub(crate) struct Server {
    process: Child,
    pub(crate) base: String,
}

impl Server {
    pub(crate) fn start() -> Result<Server, AnyError> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut base = String::new();
        let said = process.stdout.take().ok_or("the server says nothing")?;
        BufReader::new(said).read_line(&mut base)?;
        let base = base.trim().to_owned();
        Ok(Server { process, base })
    }

    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// True if this process is to [`serve`].
pub(crate) fn is_server() -> bool {
    std::env::args().nth(1).as_deref() == Some("serve")
}

/// Runs this process as the server: prints its base URL, and responds until its standard input ends.
pub(crate) fn serve(answer: fn(&[u8]) -> &'static [u8]) -> Result<(), AnyError> {
    println!("{}", listen(answer)?);
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// Responds to each head as `answer` does, over connections that stay, until the program ends. Returns the base URL.
pub(crate) fn listen<F>(answer: F) -> io::Result<String>
where
    F: Fn(&[u8]) -> &'static [u8] + Copy + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that hangs up is done.
            thread::spawn(move || drop(answer_all(stream, answer)));
        }
    });
    Ok(base)
}

fn answer_all(mut stream: TcpStream, answer: impl Fn(&[u8]) -> &'static [u8]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut head, mut len) = ([0; 4096], 0);
    loop {
        let room = head.get_mut(len..).filter(|room| !room.is_empty());
        let read = stream.read(room.ok_or(io::ErrorKind::InvalidData)?)?;
        if read == 0 {
            return Ok(());
        }
        len += read;
        // The client sends one request at a time and no body, so the end of a head is the end of everything received.
        if head[..len].ends_with(b"\r\n\r\n") {
            stream.write_all(answer(&head[..len]))?;
            len = 0;
        }
    }
}
