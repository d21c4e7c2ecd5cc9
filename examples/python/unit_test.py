# A unit test without a socket: prices are looked up with retries, and the test of that takes no time.
#
# The retries are a loop of the program's own, because `responses` takes the place of urllib3, and with it of its `Retry`:
# it repeats statuses without waiting, and connection errors not at all.

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import requests
import responses

ATTEMPTS = 3
RETRY_STATUSES = {408, 421, 425, 429, 500, 502, 503, 504}
BASE = "http://shop.example"


# Returns the response of the last attempt, or raises its error.
def get(session, url):
    for attempt in range(1, ATTEMPTS + 1):
        wait = random.uniform(0, min(30, 0.2 * 2**attempt))
        try:
            response = session.get(url, timeout=(10, 30))
        except (requests.ConnectionError, requests.Timeout):
            if attempt == ATTEMPTS:
                raise
        else:
            if response.status_code not in RETRY_STATUSES or attempt == ATTEMPTS:
                return response
            # A date in this header is not read.
            after = response.headers.get("Retry-After", "")
            wait = min(120, int(after)) if after.isdigit() else wait
        time.sleep(wait)


# Code under test: the price of each item, and how often each cause kept a price from being known.
def prices(session, items):
    def price(item):
        try:
            response = get(session, f"{BASE}/items/{item}")
            if not response.ok:
                return item, None, f"http_status {response.status_code}"
            return item, float(response.json()["price"]), None
        except requests.RequestException as error:
            return item, None, type(error).__name__
        except (KeyError, TypeError, ValueError):
            return item, None, "no price"

    found, causes = {}, Counter()
    with ThreadPoolExecutor(8) as pool:
        for item, value, cause in pool.map(price, items):
            if cause is None:
                found[item] = value
            else:
                causes[cause] += 1
    return found, causes


@mock.patch("time.sleep")
@responses.activate(assert_all_requests_are_fired=True)
def main(sleep):
    responses.get(f"{BASE}/items/pen", json={"price": 1.5})
    # Throttled, then unreachable, then there. An answer is used up while another one for the same URL follows.
    responses.get(f"{BASE}/items/ink", status=429, headers={"Retry-After": "20"})
    responses.get(f"{BASE}/items/ink", body=requests.ConnectionError())
    responses.get(f"{BASE}/items/ink", json={"price": 4})
    responses.get(f"{BASE}/items/gum", status=404)

    found, causes = prices(requests.Session(), ["pen", "ink", "gum"])

    assert found == {"pen": 1.5, "ink": 4.0}
    assert causes == {"http_status 404": 1}
    assert len(responses.calls) == 5
    waited = sum(call.args[0] for call in sleep.call_args_list)
    print(waited, "s of waits were left out")


main()
