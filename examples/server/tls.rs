//! Server that speaks TLS, with a certificate that it has signed itself. Responds to every request with a greeting.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Starts the server. Returns its URL and its certificate, in PEM. It runs until the program ends.
pub(crate) fn start() -> Result<(String, String), Box<dyn std::error::Error>> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    let config = Arc::new(config);

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("https://localhost:{}/", listener.local_addr()?.port());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            // A client that refuses the certificate hangs up: no error of the server.
            thread::spawn(move || drop(serve(stream, config)));
        }
    });
    Ok((url, made.cert.pem()))
}

fn serve(stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 {
        // An empty line ends the head; the client sends no bodies.
        if line.trim_end().is_empty() {
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
            reader.get_mut().write_all(answer)?;
        }
        line.clear();
    }
    Ok(())
}
