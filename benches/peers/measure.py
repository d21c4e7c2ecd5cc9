"""Runs of one client, each in a process of its own, and the figures of the machine meanwhile."""
import dataclasses, json, os, pathlib, select, shutil, subprocess, tempfile, threading, time

BOUND = 180  # Longest time of a run, in seconds.


@dataclasses.dataclass
class Figures:
    """Figures of one run. None: the system does not tell."""
    ok: int
    failed: int
    seconds: float
    peak: float | None  # MB of resident memory
    cpu: float | None  # seconds of processor time
    server: float | None = None  # cores that the servers kept busy
    others: float | None = None  # cores that all other processes kept busy

    @property
    def rate(self):
        return self.ok / self.seconds


class Pins:
    """Cores of servers and clients. Without taskset, or where the cores are not there, nothing is pinned."""

    def __init__(self, cores):
        here = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
        works = shutil.which("taskset") and cores[0] != cores[1] and set(cores) <= here
        self.cores = cores if works else None

    def server(self, command):
        return self._on(0, command)

    def client(self, command):
        return self._on(1, command)

    def _on(self, which, command):
        return ["taskset", "-c", str(self.cores[which]), *command] if self.cores else list(command)


def run_client(command):
    """Runs a client that prints its figures as one line of JSON. It is killed then: the time to end thousands of
    threads is not measured."""
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        try:
            ready, _, _ = select.select([child.stdout], [], [], BOUND)
            line = child.stdout.readline() if ready else b""
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
        if not line:
            raise RuntimeError(said(errors) if ready else f"no figures within {BOUND} s")
    told = json.loads(line)
    if not told["ok"]:
        raise RuntimeError(f"all {told['failed']} requests failed")
    peak = told["peak"] and told["peak"] / 1024
    return Figures(told["ok"], told["failed"], told["seconds"], peak, told["cpu"])


def run_command(command):
    """Runs a program to its end, and returns its exit code, seconds, MB at its peak, CPU seconds and errors."""
    with tempfile.TemporaryFile() as errors:
        begin = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
        memory = PeakMemory(child.pid)
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.monotonic() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        return child.returncode, seconds, memory.stop(), used.ru_utime + used.ru_stime, said(errors)


def said(errors):
    errors.seek(0)
    return errors.read().decode(errors="replace").strip()[:500] or "it said nothing"


class PeakMemory:
    """Peak of a process's memory, read every few milliseconds: what wait4 tells is at least the size of the process
    that started it, this Python."""

    def __init__(self, pid):
        self.status = pathlib.Path(f"/proc/{pid}/status")
        self.peak, self.ended = None, threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()

    def _watch(self):
        while not self.ended.wait(0.01):
            try:
                lines = self.status.read_text().splitlines()
            except OSError:
                return
            found = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")]
            self.peak = found[0] if found else self.peak

    def stop(self):
        self.ended.set()
        self.thread.join()
        return self.peak


def beside(servers, run):
    """Runs a client, and adds the cores that servers and all other processes kept busy meanwhile."""
    begin, server, machine = time.monotonic(), cpu_of(servers), busy()
    figures = run()
    seconds = time.monotonic() - begin
    if server is not None and machine is not None and figures.cpu is not None:
        server = cpu_of(servers) - server
        figures.server = server / seconds
        figures.others = max((busy() - machine - server - figures.cpu) / seconds, 0.0)
    return figures


def cpu_of(pids):
    """Processor time that these processes took so far, in seconds."""
    try:
        stats = [pathlib.Path(f"/proc/{pid}/stat").read_text() for pid in pids]
    except OSError:
        return None
    # The second field is a name in parentheses, which may hold anything.
    fields = [stat.rsplit(")", 1)[1].split() for stat in stats]
    return sum(int(field[11]) + int(field[12]) for field in fields) / os.sysconf("SC_CLK_TCK")


def busy():
    """Processor time that the machine was at work: user, nice and system. Interrupts are left out: those of loopback
    belong to the runs."""
    try:
        fields = pathlib.Path("/proc/stat").read_text().split()
    except OSError:
        return None
    return sum(map(int, fields[1:4])) / os.sysconf("SC_CLK_TCK")
