"""Rows of the comparison: the work of each, and the clients that do it."""
import dataclasses

import saving
from measure import run_client
from servers import LATE

HAUL = "haul"
# Not a peer: the bound for a client that keeps a thread for each request under way.
RAW = "raw-threads"
FAST = ["haul", "ureq-threads", "reqwest-blocking", "reqwest-async", "reqwest-one-thread"]
ASYNC = ["haul", "reqwest-async", "reqwest-one-thread"]
HTTP2 = ["reqwest-async-http2", "reqwest-one-thread-http2"]
# Clients for which the whole work would take half a minute do this share of it. At least ten requests remain for each
# host, so that opening connections is no larger a part of the work than it has to be.
SHARES = {("hosts-1000", "ureq-threads"): 1 / 3}


@dataclasses.dataclass
class Fetch:
    """Requests for one URL, or for one path of many hosts."""
    name: str
    title: str
    path: str  # "late" is the server that answers late, "https" the server with TLS
    count: int
    at_once: int
    clients: list
    hosts: int = 1

    def prepare(self, bench, folder):
        """Returns why this machine cannot do the work. None: it can."""
        servers = bench.servers
        kind = {"late": None, "https": "tls"}.get(self.path, "nginx")
        if kind in servers.missing:
            return servers.missing[kind]
        if self.hosts > servers.hosts:
            return f"only {servers.hosts} loopback addresses can be bound"
        needed = self.at_once + 2 * self.hosts + 100
        if bench.open_files < needed:
            return f"{needed} open files are needed, and {bench.open_files} allowed"
        return None

    def count_of(self, bench, client):
        count = self.count * bench.scale * SHARES.get((self.name, client), 1)
        return max(int(count), self.at_once, self.hosts)

    def note(self, bench, client, runs):
        count, whole = self.count_of(bench, client), self.count_of(bench, HAUL)
        return "" if count == whole else f"{count:,} of {whole:,} requests"

    def run(self, bench, client):
        servers = bench.servers
        url = {"late": servers.late, "https": f"{servers.https}/item"}.get(self.path) or servers.http + self.path
        count = self.count_of(bench, client)
        work = [url, str(count), str(self.at_once), str(self.hosts)]
        work += [str(servers.ca)] * (self.path == "https")
        return run_client(bench.pins.client([*bench.programs[client], *work]))


ROWS = [
    Fetch("small-8", "small GET, 8 at once", "/item", 60_000, 8, [HAUL, RAW, *FAST[1:], "go"]),
    Fetch("small-64", "small GET, 64 at once", "/item", 60_000, 64, [HAUL, RAW, *FAST[1:], "go"]),
    Fetch("hosts-1000", "small GET, 256 at once over 1,000 hosts", "/item", 30_000, 256, FAST, hosts=1_000),
    Fetch("tls-16", "small GET over TLS, 16 at once", "https", 60_000, 16, ASYNC + HTTP2),
    Fetch("gzip-8k", "8 KiB of JSON in gzip, 16 at once", "/gzip/8k.json.gz", 20_000, 16, ASYNC),
    Fetch("gzip-64k", "64 KiB of JSON in gzip, 16 at once", "/gzip/64k.json.gz", 5_000, 16, ASYNC),
    Fetch("body-64k", "64 KiB of JSON, 16 at once", "/files/64k.json", 5_000, 16, FAST),
    Fetch("body-1m", "1 MiB of JSON, 16 at once", "/files/1m.json", 300, 16, FAST),
    Fetch("inflight-10000", f"10,000 at once, answered after {LATE} s", "late", 30_000, 10_000, ASYNC),
    saving.Save("files-small", "{} files of 1 KiB to disk, 16 at once", 20_000, 1_024, 16),
    saving.Save("files-large", "{} files of 100 MB to disk, 4 at once", 20, 100_000_000, 4),
]
# Measured by a bench of the library itself.
OWN_PART = "own-part"
NAMES = [row.name for row in ROWS] + [OWN_PART]
