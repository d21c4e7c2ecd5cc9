//! Proxy before a Redis server, which looks at each command and may lose it or its reply.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Command of a client.
pub(crate) struct Call {
    /// Name of the step that a script takes, as the design calls it, or of the command in lower case.
    pub(crate) step: &'static str,
}

/// Fate of a command.
pub(crate) enum Fate {
    /// Reaches the server, and its reply the client.
    Pass,
    /// Reaches the server late.
    Late(Duration),
    /// Does not reach the server, and the connection ends.
    LostCall,
    /// Reaches the server, and the connection ends before the reply.
    LostReply,
    /// Does not reach the server, and the connection stays open.
    Silence,
    /// Does not reach the server, and this comes back.
    Reply(&'static str),
}

pub(crate) struct RedisProxy {
    /// URL of the proxy.
    pub(crate) url: String,
}

impl RedisProxy {
    /// Starts a proxy before the server that listens on this socket. It ends with the test's process.
    pub(crate) fn start(
        socket: PathBuf,
        decide: impl Fn(&Call) -> Fate + Send + Sync + 'static,
    ) -> RedisProxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let decide = Arc::new(decide);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (socket, decide) = (socket.clone(), Arc::clone(&decide));
                thread::spawn(move || {
                    // Whatever ends one side ends the other.
                    let _ = UnixStream::connect(socket)
                        .and_then(|server| pass_on(&client, &server, &*decide));
                });
            }
        });
        RedisProxy {
            url: format!("redis://{address}/0"),
        }
    }
}

fn pass_on(
    client: &TcpStream,
    server: &UnixStream,
    decide: &(dyn Fn(&Call) -> Fate + Send + Sync),
) -> io::Result<()> {
    let mut commands = BufReader::new(client);
    let mut replies = BufReader::new(server);
    client.set_nodelay(true)?;
    loop {
        let mut command = Vec::new();
        let words = copy_value(&mut commands, &mut command)?;
        let call = Call {
            step: step_of(&words),
        };
        match decide(&call) {
            Fate::Pass => {}
            Fate::Late(time) => thread::sleep(time),
            Fate::LostCall => return Ok(()),
            Fate::LostReply => {
                (&*server).write_all(&command)?;
                copy_value(&mut replies, &mut Vec::new())?;
                return Ok(());
            }
            Fate::Silence => {
                io::copy(&mut commands, &mut io::sink())?;
                return Ok(());
            }
            Fate::Reply(text) => {
                (&*client).write_all(text.as_bytes())?;
                continue;
            }
        }
        (&*server).write_all(&command)?;
        let mut reply = Vec::new();
        copy_value(&mut replies, &mut reply)?;
        (&*client).write_all(&reply)?;
    }
}

/// Copies one value of the protocol. Returns the texts that it has, at any depth.
fn copy_value(from: &mut impl BufRead, to: &mut Vec<u8>) -> io::Result<Vec<Vec<u8>>> {
    let begin = to.len();
    if from.read_until(b'\n', to)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let line = String::from_utf8_lossy(&to[begin..]).trim_end().to_owned();
    let count: i64 = line[1..].parse().unwrap_or(-1);
    let mut words = Vec::new();
    match line.as_bytes()[0] {
        b'*' => {
            for _ in 0..count {
                words.extend(copy_value(from, to)?);
            }
        }
        b'$' if count >= 0 => {
            let mut text = vec![0; count as usize + 2];
            from.read_exact(&mut text)?;
            to.extend(&text);
            text.truncate(count as usize);
            words.push(text);
        }
        _ => {}
    }
    Ok(words)
}

/// Name of the step, which the keys of its script tell.
fn step_of(words: &[Vec<u8>]) -> &'static str {
    let word = |at: usize| String::from_utf8_lossy(words.get(at).map_or(b"", Vec::as_slice));
    let name = word(0).to_ascii_lowercase();
    if name != "evalsha" && name != "eval" {
        return match &*name {
            "info" => "info",
            "xreadgroup" => "xreadgroup",
            "hmget" => "hmget",
            _ => "other",
        };
    }
    let count: usize = word(2).parse().unwrap_or(0);
    let ending = |at: usize| word(at).rsplit(':').next().unwrap_or_default().to_owned();
    let keys: Vec<String> = (3..3 + count).map(ending).collect();
    match &*keys.join(" ") {
        "m q out later aside i wk up reap n" => "create",
        "m q n" => "load",
        "m wk up" => "beat",
        "m wk up q" => "leave",
        "m q later aside wk i" => "lease",
        "m q later aside i wk up" => "park",
        // The step that looks for lost answers of `lease` has the same keys.
        "m q i" => "begin",
        "m q wk up reap n i" => "reclaim",
        "m q n i out" => "settle",
        "m out n" => "collected",
        "m q out later aside n wk" => "figures",
        "g cb" | "rate" => "permit",
        "g" => "cool",
        _ => "other",
    }
}
