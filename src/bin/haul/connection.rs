//! Connection settings that the arguments ask for.

use haul::settings::{AddressPolicy, IpFamily};
use haul::testing::Cassette;
use haul::{ClientBuilder, ProxySettings, TlsSettings};

use crate::arguments::{ConnectionArguments, name_of};
use crate::failure::CommandError;
use crate::header_text;
use crate::host_addresses;
use crate::messages::Messages;

pub(crate) fn connected(
    builder: ClientBuilder,
    given: &ConnectionArguments,
    messages: &Messages,
) -> Result<ClientBuilder, CommandError> {
    let mut builder = builder
        .tls(tls(given))
        .header_limit(usize::try_from(given.max_header_size).unwrap_or(usize::MAX));
    if let Some(url) = &given.proxy {
        header_text::check("proxy", url)?;
        let proxy = ProxySettings::all(url);
        builder = builder.proxy(match &given.noproxy {
            Some(list) => proxy.except(list),
            None => proxy,
        });
    }
    if given.proxy_from_env {
        let proxy = ProxySettings::from_env();
        builder = builder.proxy(match &given.noproxy {
            Some(list) => proxy.except(list),
            None => proxy,
        });
    }
    builder = host_addresses::given(builder, &given.resolve);
    if let Some(name) = &given.interface {
        builder = match name.parse() {
            Ok(address) => builder.local_address(address),
            Err(_) => builder.interface(name),
        };
    }
    if given.insecure {
        messages.warning("certificates are not checked (--insecure): anyone on the way to a server can read and change everything");
    }
    builder = match (given.ipv4, given.ipv6) {
        (true, _) => builder.ip_family(IpFamily::V4),
        (_, true) => builder.ip_family(IpFamily::V6),
        _ => builder,
    };
    if given.sent_files.public_only {
        builder = builder.address_policy(AddressPolicy::PublicOnly);
    }
    Ok(match given.max_filesize {
        Some(most) => builder.body_limit(most),
        None => builder,
    })
}

/// Makes the client record its exchanges, or answer from recorded ones.
pub(crate) fn taped(
    builder: ClientBuilder,
    given: &ConnectionArguments,
) -> Result<ClientBuilder, CommandError> {
    let (option, cassette) = match (&given.capture, &given.replay) {
        (Some(folder), _) => ("capture", Cassette::record(folder)),
        (None, Some(folder)) => ("replay", Cassette::replay(folder)),
        (None, None) => return Ok(builder),
    };
    match cassette {
        Ok(cassette) => Ok(builder.transport(cassette)),
        Err(error) => Err(CommandError::usage(format!("{}: {error}", name_of(option)))),
    }
}

fn tls(given: &ConnectionArguments) -> TlsSettings {
    let mut tls = TlsSettings::new().insecure(given.insecure);
    if let Some(path) = &given.cacert {
        tls = tls.ca_file(path);
    }
    if let Some(path) = &given.cert {
        tls = tls.client_cert(path);
    }
    match &given.key {
        Some(path) => tls.client_key(path),
        None => tls,
    }
}
