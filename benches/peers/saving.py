"""Rows that save files: haul's command beside wget2, aria2c and curl. Each run saves into an empty folder, which is
counted afterwards. haul also computes the SHA-256 of each file and writes a record of each request."""
import dataclasses, os, pathlib, shutil, statistics, sys

from measure import Figures, run_command

CLIENTS = ["haul", "wget2", "aria2c", "curl"]


@dataclasses.dataclass
class Save:
    name: str
    words: str  # the title, with {} for the number of files
    whole: int  # files, at a scale of 1
    size: int
    at_once: int
    clients = CLIENTS

    def prepare(self, bench, folder):
        """Makes the files that are served. Returns why this machine cannot do the work; None: it can."""
        if "nginx" in bench.servers.missing:
            return bench.servers.missing["nginx"]
        self.count = max(int(self.whole * bench.scale), self.at_once)
        self.title = self.words.format(f"{self.count:,}")
        # A file takes a page at least.
        needed = 2 * self.count * max(self.size, 4096)
        if shutil.disk_usage(folder).free < 1.2 * needed:
            return f"{needed / 1e9:.1f} GB are needed in {folder}"
        self.folder, served = folder, folder / "served"
        served.mkdir(exist_ok=True)
        for i in range(self.count):
            with open(served / self._file(i), "wb") as file:
                file.write(b"%08d" % i * (min(self.size, 1024) // 8))
                file.truncate(self.size)
        names = [self._file(i) for i in range(self.count)]
        url = bench.servers.http
        (folder / "urls.txt").write_text("".join(f"{url}/{name}\n" for name in names))
        (folder / "urls.curl").write_text("".join(f"url = {url}/{name}\noutput = {name}\n" for name in names))
        return None

    def _file(self, i):
        return f"{self.name}-{i}"

    def note(self, bench, client, runs):
        return f"{statistics.median(run.seconds for run in runs):.2f} s"

    def run(self, bench, client):
        out = self.folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        command = bench.pins.client(self._command(client, bench.haul, out))
        code, seconds, peak, cpu, errors = run_command(command)
        saved = [entry.stat().st_size for entry in os.scandir(out) if entry.is_file()]
        ok = sum(size == self.size for size in saved)
        if code or ok != self.count:
            print(f"{self.name}, {client}: exit code {code}, {ok} of {self.count} files: {errors}", file=sys.stderr)
        if not ok:
            raise RuntimeError("no file was saved")
        return Figures(ok, self.count - ok, seconds, peak, cpu)

    def _command(self, client, haul, out):
        urls, at_once = str(self.folder / "urls.txt"), str(self.at_once)
        return {
            "haul": [haul, "-q", "-j", at_once, "--output-dir", str(out), "-o", str(self.folder / "results.jsonl"), "--overwrite", urls],
            "wget2": ["wget2", "-q", "--max-threads", at_once, "-P", str(out), "-i", urls],
            "aria2c": ["aria2c", "-q", "--file-allocation=none", "-j", at_once, "-x1", "-s1", "-d", str(out), "-i", urls],
            "curl": ["curl", "-s", "--parallel", "--parallel-max", at_once, "--output-dir", str(out), "-K", str(self.folder / "urls.curl")],
        }[client]

    def clean(self):
        for path in (self.folder / "served", self.folder / "out"):
            shutil.rmtree(path, ignore_errors=True)
