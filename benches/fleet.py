#!/usr/bin/env python3
"""Measures a fleet: requests a second, and CPU of Redis for each request, with 1, 2 and 4 workers.

    python3 benches/fleet.py [--requests 50000] [--rounds 3] [--jobs 32] [--workers 1,2,4] [--haul COMMAND]

Needs redis-server, nginx and a Rust toolchain. Everything stays on loopback. By default the command is built with
`--release --features cli,fleet`. A run is loaded first, so that loading is measured by itself; then the workers start
together, with one collector, and the time is that until the last of them has ended. Redis writes an append-only file.
"""

import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port):
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


def nginx(folder, port):
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not program:
        sys.exit("nginx is not installed")
    (folder / "nginx.conf").write_text(
        f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port} backlog=4096; default_type application/json;
    location / {{ return 200 '{{"id": 1, "name": "item", "price": 12.5}}'; }} }} }}
"""
    )
    return subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)


def redis(folder, port):
    program = shutil.which("redis-server")
    if not program:
        sys.exit("redis-server is not installed")
    options = ["--port", str(port), "--dir", str(folder), "--save", "", "--appendonly", "yes"]
    options += ["--appendfsync", "everysec", "--maxmemory-policy", "noeviction"]
    return subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)


def cpu_of(port):
    """Seconds of CPU that Redis has used."""
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.sendall(b"*2\r\n$4\r\nINFO\r\n$3\r\ncpu\r\n")
        text = link.recv(1 << 16).decode()
    facts = dict(line.split(":") for line in text.splitlines() if ":" in line)
    return float(facts["used_cpu_user"]) + float(facts["used_cpu_sys"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=50000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=32)
    parser.add_argument("--workers", default="1,2,4")
    parser.add_argument("--haul")
    given = parser.parse_args()
    haul = given.haul
    if not haul:
        build = ["cargo", "build", "--release", "--features", "cli,fleet", "--message-format", "json"]
        built = subprocess.run(build, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        made = [json.loads(line) for line in built.splitlines()]
        haul = [line["executable"] for line in made if line.get("executable") and line["target"]["name"] == "haul"][-1]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        web, store = free_port(), free_port()
        servers = [nginx(folder, web), redis(folder, store)]
        try:
            wait_for(web)
            wait_for(store)
            measure(given, haul, folder, web, store)
        finally:
            for server in servers:
                server.terminate()
                server.wait()


def measure(given, haul, folder, web, store):
    urls = folder / "urls.txt"
    with urls.open("w") as lines:
        lines.writelines(f"http://127.0.0.1:{web}/item/{number}\n" for number in range(given.requests))
    environment = dict(os.environ, HAUL_REDIS=f"redis://127.0.0.1:{store}/0")

    def start(*arguments):
        return subprocess.Popen([haul, "fleet", *arguments, "-q"], env=environment)

    load = os.getloadavg()[0]
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, load {load:.1f}, {given.requests} requests, -j {given.jobs}\n")
    print("| workers | requests/s | range | Redis CPU for each request | loading, lines/s | Redis CPU for each line |")
    print("|---:|---:|---:|---:|---:|---:|")
    for count in map(int, given.workers.split(",")):
        rates, costs, loads, load_costs = [], [], [], []
        for number in range(given.rounds):
            run = f"bench-{count}-{number}"
            began, before = time.monotonic(), cpu_of(store)
            # Loading ends with a wait of some seconds for the server's disk, in which nothing is loaded.
            loading = start("load", run, str(urls), "--max-queued", str(given.requests + 1))
            if loading.wait() != 0:
                sys.exit("loading failed")
            loads.append(given.requests / max(time.monotonic() - began - 4, 0.001))
            load_costs.append((cpu_of(store) - before) / given.requests * 1e6)
            began, before = time.monotonic(), cpu_of(store)
            results = folder / f"{run}.jsonl"
            workers = [start("work", run, "-j", str(given.jobs)) for _ in range(count)]
            collector = start("collect", run, "-o", str(results))
            if any([worker.wait() for worker in workers]) or collector.wait():
                sys.exit("a worker or the collector failed")
            rates.append(given.requests / (time.monotonic() - began))
            costs.append((cpu_of(store) - before) / given.requests * 1e6)
            lines = sum(1 for _ in results.open())
            if lines != given.requests:
                sys.exit(f"{lines} results for {given.requests} requests")
            results.unlink()
            start("remove", run).wait()
        middle = statistics.median
        print(
            f"| {count} | {middle(rates):,.0f} | {min(rates):,.0f}..{max(rates):,.0f} | {middle(costs):.1f} us "
            f"| {middle(loads):,.0f} | {middle(load_costs):.1f} us |",
            flush=True,
        )


if __name__ == "__main__":
    main()
