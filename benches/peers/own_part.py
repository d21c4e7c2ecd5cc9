"""Time that the library adds to its own transport: a bench of the library, which alternates both in one process."""
import re, subprocess, sys

# The bench prints: added, 8 at once     8.2 % of time   (-6.0..46.1)
LINE = re.compile(r"^(added, \d+ at once|by collecting alone|) +(\S+) (% of \w+) +\((\S+)\.\.(\S+)\)")


def show(manifest, rounds, scale):
    """Runs the bench and prints its figures as a table. It keeps its server on core 0 and itself on core 1."""
    command = ["cargo", "bench", "-q", "--manifest-path", manifest, "--features", "internals", "--bench", "hand_over", "--",
               "--only", "added", "--rounds", str(rounds), "--count", str(max(int(1_000_000 * scale), 50_000))]
    print("\n| the library's own part | median | range |\n|---|---:|---:|", flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    at_once = ""
    for line in done.stdout.splitlines():
        found = LINE.match(line)
        if not found:
            print(line, file=sys.stderr)
            continue
        what, median, unit, least, most = found.groups()
        at_once = what.removeprefix("added, ") if what.startswith("added") else at_once
        part = "by collecting alone" if what.startswith("by") else "added"
        print(f"| {at_once}, {part}, {unit} | {float(median):+.1f} % | {least} to {most} % |")
    if done.returncode:
        print(f"| left out: the bench ended with {done.returncode} | | |")
