"""Tables of the results, in Markdown."""
import datetime, os, statistics

from rows import HAUL, RAW

# Cores that other processes may take: if they take more, the figures may have changed.
QUIET = 0.15


def head(pins, scale):
    pinned = "servers on core {}, clients on core {}".format(*pins.cores) if pins.cores else "no taskset or no second core: nothing is pinned"
    load = f"load {os.getloadavg()[0]:.2f} at start"
    scaled = "" if scale == 1 else f", {scale:g} of the work"
    print(f"{datetime.date.today()}, {os.cpu_count()} cores, {pinned}, {load}{scaled}\n")
    print("| work | client | requests/s | range | CPU, us | peak RSS | haul is | server busy | notes |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---|", flush=True)


def left_out(row, reason):
    print(f"| {row.name} | | | | | | | | left out: {reason} |", flush=True)


def rows(bench, row, rounds):
    """Prints a line for each client. `rounds` has the figures of the clients for each round: [{client: Figures}]."""
    for client in bench.clients(row):
        runs = [round[client] for round in rounds if client in round]
        if not runs:
            print(f"| {row.title} | {client} | | | | | | | no run ended |", flush=True)
            continue
        rates = [run.rate for run in runs]
        cpu = median(run.cpu and run.cpu / run.ok * 1e6 for run in runs)
        busy = median(run.server for run in runs)
        cells = [
            row.title, client, number(median(rates)), f"{number(min(rates))}..{number(max(rates))}",
            cpu and f"{cpu:,.1f}", megabytes(runs), client != HAUL and ratio(rounds, client),
            busy is not None and f"{100 * busy:.0f} %", "; ".join(notes(bench, row, client, runs)),
        ]
        print("| " + " | ".join(cell or "" for cell in cells) + " |", flush=True)


def notes(bench, row, client, runs):
    failed = sum(run.failed for run in runs)
    others = median(run.others for run in runs)
    if failed:
        yield f"{failed} failed"
    if note := row.note(bench, client, runs):
        yield note
    if others is not None and others > QUIET:
        yield f"under load: others took {others:.2f} cores"


def summary(results):
    """Prints haul beside the fastest peer of each row. `results`: [(row, rounds)]."""
    print("\n| work | haul | fastest peer | haul is | range | peak RSS, haul and peer | of raw threads |")
    print("|---|---:|---|---:|---:|---:|---:|")
    for row, rounds in results:
        rates = {client: median(rates_of(rounds, client)) for client in clients_of(rounds)}
        # Those the row does not name are other builds of haul.
        peers = [client for client in rates if client in row.clients and client not in (HAUL, RAW)]
        if HAUL not in rates or not peers:
            continue
        fastest = max(peers, key=rates.get)
        ratios = ratios_of(rounds, fastest)
        peaks = [megabytes([round[client] for round in rounds if client in round]) for client in (HAUL, fastest)]
        raw = f"{rates[HAUL] / rates[RAW]:.2f}" if RAW in rates else ""
        spread = f"{min(ratios):.2f}..{max(ratios):.2f}" if ratios else ""
        print(f"| {row.title} | {number(rates[HAUL])}/s | {fastest}, {number(rates[fastest])}/s | {ratio(rounds, fastest)} | {spread} "
              f"| {' and '.join(peaks)} | {raw} |", flush=True)


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def clients_of(rounds):
    return list(dict.fromkeys(client for round in rounds for client in round))


def rates_of(rounds, client):
    return [round[client].rate for round in rounds if client in round]


def ratios_of(rounds, client):
    """haul's rate divided by the client's in the same round."""
    return [round[HAUL].rate / round[client].rate for round in rounds if HAUL in round and client in round]


def ratio(rounds, client):
    ratios = ratios_of(rounds, client)
    return f"{median(ratios):.2f}x" if ratios else ""


def megabytes(runs):
    peak = median(run.peak for run in runs)
    return "?" if peak is None else f"{peak:.1f} MB"


def median(values):
    """Median of the values that are there. None: there are none."""
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None
