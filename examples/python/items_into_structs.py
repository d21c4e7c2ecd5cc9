# Reads 500 items into dataclasses, in the order of their numbers. An item that cannot be had or read costs itself alone.
#
# python items_into_structs.py BASE_URL

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

WORKERS = 32


@dataclass
class Item:
    id: int
    name: str

    # Annotations are not checked by Python.
    def __post_init__(self):
        if type(self.id) is not int or type(self.name) is not str:
            raise TypeError("id or name has the wrong type")


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
    adapter = HTTPAdapter(max_retries=retry, pool_maxsize=WORKERS)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


# Returns the item, or the reason why there is none.
def fetch(session, url):
    try:
        response = session.get(url, timeout=(10, 30))
        response.raise_for_status()
        body = response.json()
        return Item(body["id"], body["name"])
    except (requests.RequestException, KeyError, TypeError) as error:
        return f"{url}: {error}"


def main():
    base = sys.argv[1]
    paths = [f"/items/{i}" for i in range(1, 501)]
    # Two of the 500 are not as the others.
    paths[6] = "/missing/7"
    paths[7] = "/html/8"
    items, failures = [], []
    with new_session() as session, ThreadPoolExecutor(WORKERS) as pool:
        for result in pool.map(lambda path: fetch(session, base + path), paths):
            (items if isinstance(result, Item) else failures).append(result)

    print(len(items), "items")
    if items:
        first, last = items[0], items[-1]
        print(f"from {first.id} ({first.name}) to {last.id} ({last.name})")
    for failure in failures:
        print("not read:", failure)


main()
