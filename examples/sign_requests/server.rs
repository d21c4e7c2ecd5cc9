//! A server on loopback that hands out short-lived tokens and accepts only signed requests.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const LIFE: Duration = Duration::from_millis(60);

pub(crate) struct Server {
    pub(crate) base: String,
    /// Number of tokens handed out.
    pub(crate) issued: Arc<AtomicUsize>,
}

/// Tokens, each with the time at which it expires.
type Lives = Arc<Mutex<HashMap<String, Instant>>>;

/// Starts the server. It runs until the program ends.
pub(crate) fn start() -> io::Result<Server> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base = format!("http://{}", listener.local_addr()?);
    let (issued, lives) = (Arc::new(AtomicUsize::new(0)), Lives::default());
    let count = Arc::clone(&issued);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (count, lives) = (Arc::clone(&count), Arc::clone(&lives));
            // A connection that the client gives up is no error of the server.
            thread::spawn(move || drop(serve(&stream, &count, &lives)));
        }
    });
    Ok(Server { base, issued })
}

fn serve(stream: &TcpStream, issued: &AtomicUsize, lives: &Lives) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    while reader.read_line(&mut first)? > 0 {
        let mut headers = HashMap::new();
        for line in reader.by_ref().lines() {
            let line = line?;
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let header = |name: &str| headers.get(name).map_or("", String::as_str);
        let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
        reader.read_exact(&mut body)?;
        let mut words = first.split(' ');
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));

        let mut lives = lives.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, answer) = if path == "/token" {
            let token = format!("token-{}", issued.fetch_add(1, Ordering::SeqCst) + 1);
            lives.insert(token.clone(), Instant::now() + LIFE);
            let life = LIFE.as_millis();
            (
                "200 OK",
                format!(r#"{{"token":"{token}","expires_in_ms":{life}}}"#),
            )
        } else {
            let token = header("authorization").trim_start_matches("Bearer ");
            let signed = super::signature(method, path, header("x-time"), &body);
            match lives.get(token) {
                Some(until) if Instant::now() < *until && signed == header("x-signature") => {
                    ("200 OK", String::new())
                }
                Some(until) if Instant::now() < *until => ("403 Forbidden", "bad signature".into()),
                _ => ("401 Unauthorized", "the token has run out".into()),
            }
        };
        drop(lives);
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        (&*stream).write_all((head + &answer).as_bytes())?;
        first.clear();
    }
    Ok(())
}
