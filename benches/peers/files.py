#!/usr/bin/env python3
"""Saves files with haul, wget2, aria2c and curl, in turn, and prints medians, ratios and peak memory.

    python3 benches/peers/files.py [--rounds 3] [--haul target/release/haul] [--small 20000] [--large 20]

The server is nginx on core 0, the clients run on core 1. All traffic stays on loopback. Each run saves into an empty
folder, which is counted afterwards. Needs nginx; a peer that is not installed is left out. With TMPDIR on a tmpfs
(`TMPDIR=/dev/shm`, 6 GB) the file system costs all clients the same: on ext4, files that were deleted before slow
down those that are made after.
"""
import argparse, os, pathlib, resource, shutil, signal, socket, statistics, subprocess, sys, tempfile, time

HOST = "127.0.0.1"


def free_port():
    with socket.socket() as s:
        s.bind((HOST, 0))
        return s.getsockname()[1]


def serve(work, port):
    nginx = shutil.which("nginx", path=os.pathsep.join([os.environ["PATH"], "/usr/sbin"]))
    if not nginx:
        sys.exit("nginx is not installed")
    (work / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; master_process off; pid {work}/pid; error_log {work}/error.log;
events {{ worker_connections 4096; }}
http {{ access_log off; sendfile on; keepalive_requests 10000000;
  client_body_temp_path {work}/t1; proxy_temp_path {work}/t2; fastcgi_temp_path {work}/t3; uwsgi_temp_path {work}/t4;
  scgi_temp_path {work}/t5;
  server {{ listen {HOST}:{port} backlog=4096; root {work}/served; }} }}
""")
    server = subprocess.Popen(["taskset", "-c", "0", nginx, "-p", str(work), "-c", str(work / "nginx.conf")], stderr=subprocess.DEVNULL)
    for _ in range(200):
        with socket.socket() as s:
            if s.connect_ex((HOST, port)) == 0:
                return server
        time.sleep(0.05)
    sys.exit("nginx does not listen")


def commands(haul, urls, out, at_once):
    at_once = str(at_once)
    peers = {
        "haul": [haul, "-q", "-j", at_once, "--output-dir", str(out), "-o", str(out.parent / "results.jsonl"), "--overwrite", str(urls)],
        "wget2": ["wget2", "-q", "--max-threads", at_once, "-P", str(out), "-i", str(urls)],
        "aria2c": ["aria2c", "-q", "--file-allocation=none", "-j", at_once, "-x1", "-s1", "-d", str(out), "-i", str(urls)],
        "curl": ["curl", "-s", "--parallel", "--parallel-max", at_once, "--output-dir", str(out), "-K", str(urls) + ".curl"],
    }
    return {name: c for name, c in peers.items() if shutil.which(c[0])}


def run(command, out):
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    begin = time.monotonic()
    child = subprocess.Popen(["taskset", "-c", "1"] + command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.monotonic() - begin
    saved = [e for e in os.scandir(out) if e.is_file()]
    return seconds, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime, len(saved), sum(e.stat().st_size for e in saved), status, error


def workload(title, args, work, urls, total, at_once):
    rows = {}
    for number in range(args.rounds):
        for name, command in commands(args.haul, urls, work / "out", at_once).items():
            seconds, peak, cpu, files, size, status, error = run(command, work / "out")
            if status or (files, size) != total:
                print(f"{name}: status {status}, {files} files of {total[0]}, {size} bytes of {total[1]}: {error[:200]!r}", file=sys.stderr)
            rows.setdefault(name, []).append((seconds, peak, cpu))
    ours = [r[0] for r in rows["haul"]]
    print(f"\n{title}, {args.rounds} rounds\n\n| client | seconds | range | CPU, s | peak RSS | haul is |\n|---|---:|---:|---:|---:|---:|")
    for name, runs in rows.items():
        times = [r[0] for r in runs]
        ratio = statistics.median(t / o for t, o in zip(times, ours))
        print(f"| {name} | {statistics.median(times):.2f} | {min(times):.2f}..{max(times):.2f} | {statistics.median(r[2] for r in runs):.2f} "
              f"| {max(r[1] for r in runs):.0f} MB | {'' if name == 'haul' else f'{ratio:.2f}x'} |", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--haul", default="target/release/haul")
    options.add_argument("--small", type=int, default=20000)
    options.add_argument("--large", type=int, default=20)
    args = options.parse_args()
    args.haul = os.path.abspath(args.haul)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        os.chmod(work, 0o755)
        served = work / "served"
        served.mkdir()
        for i in range(args.small):
            (served / f"s{i}.txt").write_bytes(b"%08d" % i * 128)
        for i in range(args.large):
            with open(served / f"l{i}.bin", "wb") as f:
                f.truncate(100_000_000)
        port = free_port()
        server = serve(work, port)
        try:
            for title, names, size, at_once in (
                (f"{args.small:,} files of 1 KiB, 16 at once", [f"s{i}.txt" for i in range(args.small)], 1024, 16),
                (f"{args.large} files of 100 MB, 4 at once", [f"l{i}.bin" for i in range(args.large)], 100_000_000, 4),
            ):
                urls = work / "urls.txt"
                urls.write_text("".join(f"http://{HOST}:{port}/{n}\n" for n in names))
                (work / "urls.txt.curl").write_text("".join(f"url = http://{HOST}:{port}/{n}\noutput = {n}\n" for n in names))
                if names:
                    workload(title, args, work, urls, (len(names), size * len(names)), at_once)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()


main()
