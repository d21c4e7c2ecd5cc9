# Follows the pages of two lists: one names the next page in its `Link` header, the other gives a cursor in its JSON.
#
# python paginate.py BASE_URL

import sys
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

MAX_PAGES = 1_000


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


def by_link(session, url):
    for _ in range(MAX_PAGES):
        response = session.get(url, timeout=(10, 30))
        response.raise_for_status()
        yield from response.json()
        if "next" not in response.links:
            return
        url = urljoin(response.url, response.links["next"]["url"])


def by_cursor(session, url):
    params = {"limit": "2"}
    for _ in range(MAX_PAGES):
        response = session.get(url, params=params, timeout=(10, 30))
        response.raise_for_status()
        page = response.json()
        yield from page["items"]
        if not page.get("next_cursor"):
            return
        params["cursor"] = page["next_cursor"]


def main():
    base = sys.argv[1]
    with new_session() as session:
        items = list(by_link(session, base + "/pages/link"))
        print("by link:", items)
        assert items == [1, 2, 3, 4, 5, 6]
        items = list(by_cursor(session, base + "/pages/cursor"))
        print("by cursor:", items)
        assert items == [1, 2, 3, 4, 5, 6]


main()
