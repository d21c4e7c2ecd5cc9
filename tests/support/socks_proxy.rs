//! Small proxies that speak SOCKS5. They resolve every name to 127.0.0.1.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpStream};
use std::sync::Mutex;

use crate::proxy::{ProxyServer, pump};

impl ProxyServer {
    /// Starts a proxy that sends these bytes on each connection, and no more.
    pub fn saying(bytes: &'static [u8]) -> ProxyServer {
        ProxyServer::start(move |socket, _| {
            let _ = socket.write_all(bytes);
            let _ = socket.shutdown(Shutdown::Write);
            let _ = io::copy(&mut &*socket, &mut io::sink());
        })
    }

    /// Starts a SOCKS5 proxy. With `credentials`, only clients that send this user and password may use it.
    pub fn socks(credentials: Option<(&'static str, &'static str)>) -> ProxyServer {
        ProxyServer::socks_replying(credentials, 0)
    }

    /// Starts a SOCKS5 proxy that replies with this code; 0 is success.
    pub fn socks_replying(
        credentials: Option<(&'static str, &'static str)>,
        reply: u8,
    ) -> ProxyServer {
        ProxyServer::start(move |socket, log| {
            let _ = serve_socks(socket, log, credentials, reply);
        })
    }
}

fn serve_socks(
    client: &mut TcpStream,
    log: &Mutex<Vec<String>>,
    credentials: Option<(&str, &str)>,
    reply: u8,
) -> io::Result<()> {
    let [version, count] = take(client)?;
    assert_eq!(version, 5);
    let methods = take_all(client, count)?;
    let wanted = if credentials.is_some() { 2 } else { 0 };
    if !methods.contains(&wanted) {
        return client.write_all(&[5, 0xff]);
    }
    client.write_all(&[5, wanted])?;
    if let Some((user, password)) = credentials {
        let [1, length] = take(client)? else {
            return Ok(());
        };
        let given = take_all(client, length)?;
        let [length] = take(client)?;
        let known = take_all(client, length)? == password.as_bytes() && given == user.as_bytes();
        client.write_all(&[1, u8::from(!known)])?;
        if !known {
            return Ok(());
        }
    }
    let [5, 1, 0, kind] = take(client)? else {
        return Ok(());
    };
    let place = match kind {
        1 => Ipv4Addr::from(take::<4>(client)?).to_string(),
        4 => Ipv6Addr::from(take::<16>(client)?).to_string(),
        _ => {
            let [length] = take(client)?;
            String::from_utf8(take_all(client, length)?).unwrap()
        }
    };
    let port = u16::from_be_bytes(take(client)?);
    log.lock().unwrap().push(format!("{place}:{port}"));
    if reply != 0 {
        return client.write_all(&[5, reply, 0, 1, 0, 0, 0, 0, 0, 0]);
    }
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    // The reply has a name in it, which makes it longer than most.
    client.write_all(&[5, 0, 0, 3, 4, b'h', b'e', b'r', b'e', 0, 80])?;
    pump(client, &mut server);
    Ok(())
}

fn take<const N: usize>(stream: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn take_all(stream: &mut impl Read, length: u8) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length.into()];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
