# POSTs the rows of a CSV with a token that expires, against a small server that takes each token for three of them.
# It is not named `token.py`, because Python's own module `token` would then not be found.

import csv
import io
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

import servers

WORKERS = 1
TIMEOUT = (10, 30)
CSV = "pen,1\nink,2\npaper,3\nglue,4\nrope,5\nsoap,6\nsalt,7"


# A POST is repeated only if the server did nothing: after a 429, and not after a 503 or a response that was lost.
class PostRetry(Retry):
    RETRY_AFTER_STATUS_CODES = frozenset([429])


def new_session():
    retry = PostRetry(
        total=2,
        read=0,
        allowed_methods=None,
        status_forcelist=[421, 425, 429],
        backoff_factor=0.2,
        backoff_jitter=0.2,
        backoff_max=30,
        raise_on_status=False,
    )
    session = requests.Session()
    adapter = HTTPAdapter(max_retries=retry, pool_maxsize=WORKERS)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


class TokenSource:
    def __init__(self, session, url):
        self.session, self.url = session, url
        self.lock = threading.Lock()
        self.text, self.expires = None, 0.0

    # Returns a token that is neither expired nor the refused one. Other workers wait while it is fetched.
    def get(self, refused=None):
        with self.lock:
            if self.text is None or self.text == refused or time.monotonic() >= self.expires:
                print("a token, because:", "refused" if refused else "first or expired")
                response = self.session.post(self.url, timeout=TIMEOUT)
                response.raise_for_status()
                # Renewed 30 s ahead of its expiry.
                self.text, self.expires = response.text, time.monotonic() + 3600 - 30
            return self.text


# Returns the number of the row, and the status or the reason why there is none.
def post(session, tokens, base, index, row):
    try:
        token = tokens.get()
        for _ in range(2):
            response = session.post(
                base + "/items",
                json={"name": row[0], "price": row[1]},
                headers={"Authorization": f"Bearer {token}"},
                timeout=TIMEOUT,
            )
            if response.status_code != 401:
                break
            token = tokens.get(refused=token)
        response.raise_for_status()
        return index, response.status_code
    except (requests.RequestException, IndexError) as error:
        return index, error


# Yields results as they complete. At most `limit` rows wait, so the file may be longer than memory.
def as_completed(pool, work, rows, limit):
    waiting = set()
    for index, row in enumerate(rows):
        waiting.add(pool.submit(work, index, row))
        if len(waiting) >= limit:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    yield from (future.result() for future in wait(waiting).done)


def main():
    base = servers.start(servers.ExpiringToken)
    with new_session() as session, ThreadPoolExecutor(WORKERS) as pool:
        tokens = TokenSource(session, base + "/login")
        rows = csv.reader(io.StringIO(CSV))
        work = lambda index, row: post(session, tokens, base, index, row)
        for index, result in as_completed(pool, work, rows, 2 * WORKERS):
            print(f"{index}: {result}")


main()
