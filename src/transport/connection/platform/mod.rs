//! System calls that differ between systems. The rest of the transport is written against this module.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(in crate::transport) use unix::*;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod interface;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(in crate::transport) use interface::interface_addresses;

// Compiled for tests too, so that it is tested on systems that do not use it.
#[cfg(any(not(any(target_os = "linux", target_os = "android")), test))]
mod portable;
#[cfg(not(unix))]
pub(in crate::transport) use portable::*;

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::portable;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    /// Waits until input is there, without taking it.
    fn arrived(client: &TcpStream) {
        let _ = client.peek(&mut [0]);
    }

    macro_rules! idle_connections_tell_what_they_have {
        ($name:ident, $platform:path) => {
            #[test]
            fn $name() {
                use $platform as platform;
                let (client, mut server) = pair();
                assert!(matches!(platform::peek(&client), platform::Idle::Quiet));
                server.write_all(b"x").unwrap();
                arrived(&client);
                assert!(matches!(platform::peek(&client), platform::Idle::HasInput));
                assert!(matches!(platform::read_now(&client, &mut [0; 8]), Ok(1)));
                assert!(matches!(platform::peek(&client), platform::Idle::Quiet));
                assert!(matches!(platform::write_now(&client, b"yz"), Ok(2)));
                server.read_exact(&mut [0; 2]).unwrap();
                drop(server);
                arrived(&client);
                assert!(matches!(platform::peek(&client), platform::Idle::Closed));
            }
        };
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_interface_has_one_number_whoever_is_asked() {
        let index = |name| super::unix::interface_index(name).ok();
        assert!(index("lo").is_some_and(|index| index > 0));
        assert_eq!(index("lo"), portable::interface_index("lo").ok());
        assert!(index("no such one").is_none());
        assert!(portable::interface_index("no-such-one").is_err());
    }

    #[cfg(unix)]
    idle_connections_tell_what_they_have!(by_the_calls_of_unix, super::unix);
    idle_connections_tell_what_they_have!(by_the_standard_library, portable);
}
