# A server that lets ten requests through and says with the tenth when it takes more (`X-RateLimit-Reset`). The threads
# share a gate, which the tenth response closes until the reset.

import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

import servers

WORKERS = 4
# Limits that are reset within the hour are waited for.
LONGEST_WAIT = 3_700


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


# Returns the seconds until the reset that a response names: milliseconds or seconds since 1970, or seconds from now.
def seconds_to_reset(response):
    try:
        reset = float(response.headers["X-RateLimit-Reset"])
    except (KeyError, ValueError):
        return 0
    if reset > 1e12:
        return reset / 1000 - time.time()
    return reset - time.time() if reset > 1e9 else reset


class Gate:
    def __init__(self, session):
        self.session, self.opens = session, 0.0
        # One request at a time.
        self.lock = threading.Lock()

    # Returns the status, or the reason why there is none, and the number of attempts.
    def get(self, url):
        for attempt in range(1, 4):
            try:
                with self.lock:
                    time.sleep(max(0, self.opens - time.monotonic()))
                    response = self.session.get(url, timeout=(10, 30))
                    exhausted = response.headers.get("X-RateLimit-Remaining") == "0"
                    if exhausted:
                        seconds = seconds_to_reset(response)
                        if seconds > LONGEST_WAIT:
                            return f"the limit is reset in {seconds:.0f} s", attempt
                        self.opens = time.monotonic() + seconds
            except requests.RequestException as error:
                return error, attempt
            if not exhausted or response.status_code not in (403, 429):
                break
        return response.status_code, attempt


def main():
    base = servers.start(servers.TenInAWindow)
    begin = time.monotonic()
    with new_session() as session, ThreadPoolExecutor(WORKERS) as pool:
        gate = Gate(session)
        futures = [pool.submit(gate.get, f"{base}/items/{n}") for n in range(1, 16)]
        for future in as_completed(futures):
            status, attempts = future.result()
            print(f"{time.monotonic() - begin:.6f}s {status} {attempts} attempt(s)")


main()
