//! SOCKS5 (RFC 1928), with user and password (RFC 1929).

use std::io;
use std::net::IpAddr;

use super::ProxyFaultKind;
use crate::settings::proxy::{Credentials, ProxyServer};
use crate::transport::connection::carrier::TlsCarrier;
use crate::transport::connection::line::ConnectionLine;
use crate::transport::target::Target;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NOTHING_ACCEPTABLE: u8 = 0xff;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Agrees on an authentication method, and makes the proxy connect to the target.
pub(super) fn ask(
    proxy: &ProxyServer,
    target: &Target<'_>,
    line: &mut ConnectionLine,
) -> Result<(), ProxyFaultKind> {
    let methods: &[u8] = match proxy.credentials {
        None => &[NO_AUTHENTICATION],
        Some(_) => &[NO_AUTHENTICATION, USER_AND_PASSWORD],
    };
    let greeting = [&[VERSION, methods.len() as u8], methods].concat();
    line.write_all(&greeting)?;
    let [version, method] = read(line)?;
    if version != VERSION {
        return Err(refused("is no SOCKS5 proxy"));
    }
    match (method, &proxy.credentials) {
        (NO_AUTHENTICATION, _) => {}
        (USER_AND_PASSWORD, Some(credentials)) => authenticate(credentials, line)?,
        (NOTHING_ACCEPTABLE, None) => return Err(refused("wants a user and a password")),
        (NOTHING_ACCEPTABLE, Some(_)) => {
            return Err(refused("takes neither user and password nor nobody"));
        }
        _ => return Err(refused("chose a way to authenticate that was not offered")),
    }
    line.write_all(&request(target)?)?;
    let [version, reply, _, kind] = read(line)?;
    if version != VERSION {
        return Err(refused("is no SOCKS5 proxy"));
    }
    if reply != 0 {
        let (permanent, why) = meaning(reply);
        return Err(ProxyFaultKind::Refused {
            permanent,
            how: format!("did not connect to {target}: {why}"),
        });
    }
    // The rest of the reply is the address that the proxy connects from, which is not needed.
    match kind {
        IPV4 => read::<6>(line).map(drop),
        IPV6 => read::<18>(line).map(drop),
        NAME => {
            let [length] = read(line)?;
            let mut rest = vec![0; usize::from(length) + 2];
            fill(line, &mut rest)
        }
        _ => Err(refused("sent a reply that is not SOCKS5")),
    }
}

fn authenticate(
    credentials: &Credentials,
    line: &mut ConnectionLine,
) -> Result<(), ProxyFaultKind> {
    let mut message = vec![1];
    for part in [&credentials.user, &credentials.password] {
        // The lengths were checked with the settings.
        message.push(part.len() as u8);
        message.extend(part);
    }
    line.write_all(&message)?;
    let [_, status] = read(line)?;
    if status == 0 {
        Ok(())
    } else {
        Err(refused("does not accept user and password"))
    }
}

fn request(target: &Target<'_>) -> Result<Vec<u8>, ProxyFaultKind> {
    let mut request = vec![VERSION, CONNECT, 0];
    let name = target.bare_name();
    match name.parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(IPV4);
            request.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(IPV6);
            request.extend(address.octets());
        }
        Err(_) => {
            let length = u8::try_from(name.len())
                .map_err(|_| refused("cannot be asked for a name of more than 255 bytes"))?;
            request.extend([NAME, length]);
            request.extend(name.as_bytes());
        }
    }
    request.extend(target.port.to_be_bytes());
    Ok(request)
}

/// Returns true if the next attempt will get this reply too, and the meaning of the reply.
fn meaning(reply: u8) -> (bool, &'static str) {
    match reply {
        1 => (false, "general failure"),
        2 => (true, "not allowed by its rules"),
        3 => (false, "network unreachable"),
        4 => (false, "host unreachable"),
        5 => (false, "connection refused"),
        6 => (false, "time to live expired"),
        7 => (true, "it knows no CONNECT"),
        8 => (true, "it knows no addresses of that kind"),
        _ => (false, "an unknown failure"),
    }
}

fn refused(how: &str) -> ProxyFaultKind {
    ProxyFaultKind::Refused {
        permanent: true,
        how: how.to_owned(),
    }
}

/// Reads exactly `N` bytes: the bytes after them are the server's.
fn read<const N: usize>(line: &mut ConnectionLine) -> Result<[u8; N], ProxyFaultKind> {
    let mut bytes = [0; N];
    fill(line, &mut bytes)?;
    Ok(bytes)
}

fn fill(line: &mut ConnectionLine, mut into: &mut [u8]) -> Result<(), ProxyFaultKind> {
    while !into.is_empty() {
        match line.read_within(into, None)? {
            0 => {
                return Err(ProxyFaultKind::Broken(
                    io::Error::from(io::ErrorKind::UnexpectedEof).into(),
                ));
            }
            n => into = &mut into[n..],
        }
    }
    Ok(())
}
