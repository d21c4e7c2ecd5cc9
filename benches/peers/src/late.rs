//! A server that answers every request late, on one thread, to any number of connections.

use std::io::{self, Write};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Builder;

use crate::AnyError;

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 59\r\n\r\n\
    {\"id\":1,\"name\":\"pen\",\"price\":12.5,\"tags\":[\"a\",\"b\"],\"n\":123}";

/// Prints the port, and serves until the input of this process ends, so also when its parent dies.
pub(crate) fn serve(delay: Duration) -> Result<(), AnyError> {
    std::thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0);
    });
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind(([127, 0, 0, 1], 0).into())?;
        let listener = socket.listen(16 * 1024)?;
        println!("{}", listener.local_addr()?.port());
        io::stdout().flush()?;
        accept(listener, delay).await
    })
}

async fn accept(listener: TcpListener, delay: Duration) -> ! {
    loop {
        match listener.accept().await {
            // A client that hangs up is done.
            Ok((stream, _)) => drop(tokio::spawn(exchange(stream, delay))),
            // The process is out of files: wait until some are closed.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn exchange(mut stream: TcpStream, delay: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut head, mut len) = ([0; 1024], 0);
    loop {
        let read = stream.read(&mut head[len..]).await?;
        if read == 0 {
            return Ok(());
        }
        len += read;
        // The client sends one request at a time and no body, so the end of a head is the end of everything received.
        if head[..len].ends_with(b"\r\n\r\n") {
            tokio::time::sleep(delay).await;
            stream.write_all(ANSWER).await?;
            len = 0;
        }
    }
}
