//! Options of connections and of the data they may carry.

use std::path::PathBuf;

use clap::Args;

use super::SentFileArguments;
use crate::host_addresses::HostAddresses;
use crate::units::size;

#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArguments {
    /// Proxy of all requests: http://, https:// or socks5://, USER:PASS@ before its name
    #[arg(short = 'x', long, value_name = "URL", group = "proxied")]
    pub(crate) proxy: Option<String>,
    /// Proxies that the environment names: http_proxy, https_proxy, all_proxy, no_proxy
    ///
    /// Also in upper case, by curl's rules; without this option the environment is not asked.
    #[arg(
        hide_short_help = true,
        long,
        group = "proxied",
        conflicts_with = "proxy"
    )]
    pub(crate) proxy_from_env: bool,
    /// Hosts that are reached without the proxy, comma-separated
    ///
    /// A name covers all names below it too. Addresses, networks (10.0.0.0/8) and * for every host can be given as
    /// well.
    #[arg(long, value_name = "HOSTS", requires = "proxied")]
    pub(crate) noproxy: Option<String>,
    /// Do not check servers' certificates
    #[arg(short = 'k', long, conflicts_with = "cacert")]
    pub(crate) insecure: bool,
    /// Root certificates (PEM), in place of Mozilla's
    ///
    /// A server's own self-signed certificate may be among them; its name and validity are still checked.
    #[arg(long, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,
    /// Client certificate (PEM)
    #[arg(short = 'E', long, value_name = "FILE")]
    pub(crate) cert: Option<PathBuf>,
    /// Key of the client certificate (PEM) [default: in the file of --cert]
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Addresses of a host, in place of asking a name server
    ///
    /// As in curl: HOST may be *, several addresses have commas between, an IPv6 address may have brackets. The Host
    /// header and the certificate go by the name all the same. The last entry of a host and port holds.
    #[arg(
        hide_short_help = true,
        long,
        value_name = "HOST:PORT:ADDRESS",
        value_parser = HostAddresses::parse,
        allow_hyphen_values = true
    )]
    pub(crate) resolve: Vec<HostAddresses>,
    /// Address or network interface of this machine that connections come from
    ///
    /// An interface is given by its name, such as eth0 (on Linux); its IPv4 address is used, with -6 its IPv6 address.
    #[arg(hide_short_help = true, long, value_name = "NAME|ADDRESS")]
    pub(crate) interface: Option<String>,
    /// IPv4 only
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    pub(crate) ipv4: bool,
    /// IPv6 only
    #[arg(short = '6', long)]
    pub(crate) ipv6: bool,
    /// Largest response body [default: 10M; none with --output-dir]
    ///
    /// A larger one fails its request, of class body_too_large.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) max_filesize: Option<u64>,
    /// Largest response head
    ///
    /// A larger one fails its request, of class protocol.
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "64K")]
    pub(crate) max_header_size: u64,
    #[command(flatten)]
    pub(crate) sent_files: SentFileArguments,
    /// Write each exchange to a JSON file of its own in this directory
    ///
    /// The directory is made, and must be empty or of an earlier --capture; nothing in it is replaced. Secrets are
    /// masked, but bodies that are neither JSON nor a form are written as they are.
    #[arg(
        hide_short_help = true,
        long,
        value_name = "DIR",
        conflicts_with = "replay"
    )]
    pub(crate) capture: Option<PathBuf>,
    /// Answer from the files that --capture wrote, without a connection
    ///
    /// A request is found by method, URL, body, and by how often it was made before. One that is not there fails with
    /// class invalid_request.
    #[arg(hide_short_help = true, long, value_name = "DIR")]
    pub(crate) replay: Option<PathBuf>,
}
