# Event streams with a budget: each event is read as it comes, and the stream is broken off once enough tokens came. A
# stream that ends by itself is a success too.
#
# python events.py BASE_URL

import json
import sys
import time

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

# Number of tokens after which a stream is broken off.
BUDGET = 30
MAX_LINE = 1 << 20


def new_session():
    retry = Retry(
        total=2,
        backoff_factor=0.2,
        backoff_jitter=0.2,
        backoff_max=30,
        status_forcelist=[408, 421, 425, 429, 500, 502, 503, 504],
        raise_on_status=False,
    )
    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=retry))
    session.mount("https://", HTTPAdapter(max_retries=retry))
    return session


# Yields the lines of a body as they come. `iter_lines` would take a CRLF that comes in two reads for two line ends.
def lines(response):
    line = b""
    # Larger chunks would hold events back until a chunk is full.
    for byte in response.iter_content(1):
        line += byte
        if byte == b"\n":
            yield line.rstrip(b"\r\n").decode("utf-8", "replace")
            line = b""
        elif len(line) > MAX_LINE:
            raise requests.RequestException("a line of the stream is too long")


# Yields name and data of each event. An event that has no blank line behind it is incomplete and is dropped.
def events(response):
    name, data = "message", []
    for line in lines(response):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield name, "\n".join(data)
            name, data = "message", []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)


# Prints the words of a stream until it ends or the budget is spent.
def read(response):
    spent = 0
    for name, data in events(response):
        if name == "done":
            return
        try:
            delta = json.loads(data)
            word, tokens = delta.get("word", ""), int(delta.get("tokens", 0))
        except (AttributeError, TypeError, ValueError):
            continue
        print(word, end=" ", flush=True)
        spent += tokens
        if spent >= BUDGET:
            return


def main():
    base = sys.argv[1]
    with new_session() as session:
        # The first stream has 5 events, the second one has no end.
        for path in ["/events/5", "/events/0"]:
            begin, first, failure = time.monotonic(), None, None
            try:
                with session.get(base + path, stream=True, timeout=(10, 30)) as response:
                    first = response.elapsed.total_seconds()
                    response.raise_for_status()
                    read(response)
            except requests.RequestException as error:
                failure = error
            print()
            total = time.monotonic() - begin
            print(f"{path}: {failure or 'success'}, head after {first} s, {total:.3f} s in all")


main()
