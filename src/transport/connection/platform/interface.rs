//! Addresses of network interfaces, asked of the kernel over a netlink socket (rtnetlink(7)).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use super::interface_index;

/// Kinds of messages, flags and attributes, from the kernel's `netlink.h`, `rtnetlink.h` and `if_addr.h`.
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const NLM_F_REQUEST_DUMP: u16 = 0x301;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;

/// Lengths of the heads of a message, of an address in it, and of an attribute.
const MESSAGE: usize = 16;
const ADDRESS: usize = 8;
const ATTRIBUTE: usize = 4;

/// Returns the addresses of a network interface, in the kernel's order.
pub(in crate::transport) fn interface_addresses(name: &str) -> io::Result<Vec<IpAddr>> {
    let index = interface_index(name)?;
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        None,
    )?;
    let mut request = Vec::with_capacity(MESSAGE + ADDRESS);
    request.extend(((MESSAGE + ADDRESS) as u32).to_ne_bytes());
    request.extend(RTM_GETADDR.to_ne_bytes());
    request.extend(NLM_F_REQUEST_DUMP.to_ne_bytes());
    // Number of the request, that of this process, and an address of any family.
    request.extend([0; 8 + ADDRESS]);
    let kernel = SocketAddrNetlink::new(0, 0);
    rustix::net::sendto(&socket, &request, SendFlags::empty(), &kernel)?;
    answers(&socket, index)
}

/// Reads the messages of the kernel to the last one.
fn answers(socket: &OwnedFd, index: u32) -> io::Result<Vec<IpAddr>> {
    let mut found = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let (read, _) = rustix::net::recv(socket, &mut buffer[..], RecvFlags::empty())?;
        let mut rest = &buffer[..read];
        if rest.is_empty() {
            return Ok(found);
        }
        while let Some((kind, body, next)) = message(rest) {
            match kind {
                NLMSG_DONE => return Ok(found),
                NLMSG_ERROR => return Err(io::Error::other("the kernel tells no addresses")),
                RTM_NEWADDR => found.extend(address(body, index)),
                _ => {}
            }
            rest = next;
        }
    }
}

/// Splits a message off: its kind, its body, and what follows.
fn message(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let kind = u16::from_ne_bytes(bytes.get(4..6)?.try_into().ok()?);
    let body = bytes.get(MESSAGE..length)?;
    let next = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((kind, body, next))
}

/// Reads an address. `None`: it is of another interface.
fn address(body: &[u8], index: u32) -> Option<IpAddr> {
    let of = u32::from_ne_bytes(body.get(4..ADDRESS)?.try_into().ok()?);
    let mut rest = body.get(ADDRESS..)?;
    let mut found = None;
    while of == index && rest.len() >= ATTRIBUTE {
        let length = usize::from(u16::from_ne_bytes(rest[..2].try_into().ok()?));
        let kind = u16::from_ne_bytes(rest[2..4].try_into().ok()?);
        let value = rest.get(ATTRIBUTE..length)?;
        // On a line between two machines the first one is that of the other side.
        if kind == IFA_LOCAL || kind == IFA_ADDRESS && found.is_none() {
            found = ip(value);
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    found
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into()),
        16 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_has_the_loopback_address() {
        let addresses = interface_addresses("lo").unwrap();
        assert!(addresses.contains(&Ipv4Addr::LOCALHOST.into()));
        assert!(interface_addresses("no-such-one").is_err());
    }
}
