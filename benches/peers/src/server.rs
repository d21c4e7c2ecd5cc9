//! The server: prepared responses, on one thread, to any number of connections.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Builder;

use crate::AnyError;
use crate::system;
use crate::workload::{HOSTS, address};

struct Answers {
    small: Vec<u8>,
    large: Vec<u8>,
    huge: Vec<u8>,
}

/// Prints the port and the number of addresses it listens on, and serves until its input ends.
pub(crate) fn serve() -> Result<(), AnyError> {
    system::raise_file_limit();
    std::thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0);
    });
    let row = json!({"id": 1, "name": "pen", "price": 12.5, "tags": ["a", "b"]});
    let answers = Arc::new(Answers {
        small: answer(&row),
        large: answer(&rows(&row, 64 << 10)),
        huge: answer(&rows(&row, 1 << 20)),
    });
    Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let listeners = listen()?;
            println!("{} {}", listeners[0].local_addr()?.port(), listeners.len());
            io::stdout().flush()?;
            for listener in listeners {
                tokio::spawn(accept(listener, Arc::clone(&answers)));
            }
            std::future::pending().await
        })
}

/// Binds one port on as many loopback addresses as possible, up to the number needed.
fn listen() -> io::Result<Vec<TcpListener>> {
    let on = |host: usize, port: u16| {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from((address(host), port)))?;
        socket.listen(16 * 1024)
    };
    let mut most = vec![on(0, 0)?];
    // Another process may have the port on another address.
    for _ in 0..5 {
        let mut listeners = vec![on(0, 0)?];
        let port = listeners[0].local_addr()?.port();
        listeners.extend((1..HOSTS).map_while(|host| on(host, port).ok()));
        if listeners.len() > most.len() {
            most = listeners;
        }
        if most.len() == HOSTS {
            break;
        }
    }
    Ok(most)
}

async fn accept(listener: TcpListener, answers: Arc<Answers>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let answers = Arc::clone(&answers);
                // A client that hangs up is done.
                tokio::spawn(async move { drop(exchange(stream, &answers).await) });
            }
            // The process is out of files: wait until some are closed.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn exchange(mut stream: TcpStream, answers: &Answers) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut head, mut len) = ([0; 1024], 0);
    loop {
        let read = stream.read(&mut head[len..]).await?;
        if read == 0 {
            return Ok(());
        }
        len += read;
        // The client sends one request at a time and no body, so the end of a head is the end of everything received.
        if !head[..len].ends_with(b"\r\n\r\n") {
            continue;
        }
        let path = head[..len].split(|byte| *byte == b' ').nth(1);
        let answer = match path {
            Some(b"/64k") => &answers.large,
            Some(b"/1m") => &answers.huge,
            Some(b"/after-2s") => {
                tokio::time::sleep(Duration::from_secs(2)).await;
                &answers.small
            }
            _ => &answers.small,
        };
        stream.write_all(answer).await?;
        len = 0;
    }
}

/// Returns a list of about this many bytes.
fn rows(row: &Value, size: usize) -> Value {
    let count = size / (row.to_string().len() + 1);
    Value::from(vec![row.clone(); count])
}

fn answer(body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
    format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
