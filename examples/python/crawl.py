# Crawls a site from its first page, two links deep, each page once.
#
# python crawl.py BASE_URL

import re
import sys
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from urllib.parse import urldefrag, urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

WORKERS = 16
MAX_DEPTH = 2
MAX_REQUESTS = 10_000


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


# Returns the targets of the links in a page. A program for real pages would use an HTML parser.
def hrefs(page):
    return re.findall(r'href="([^"]*)"', page)


# Returns the status, or the reason why there is none, and the links of a page.
def fetch(session, url):
    try:
        response = session.get(url, timeout=(10, 30))
    except requests.RequestException as error:
        return error, []
    if not response.ok:
        return response.status_code, []
    # All links of this site begin with a slash; links to other sites are left alone.
    links = [href for href in hrefs(response.text) if href.startswith("/")]
    return response.status_code, [urljoin(response.url, href) for href in links]


def main():
    base = sys.argv[1]
    seen, waiting = set(), {}
    found = again = 0
    with new_session() as session, ThreadPoolExecutor(WORKERS) as pool:

        def add(url, depth):
            nonlocal again
            url = urldefrag(url).url
            if url in seen:
                again += 1
            elif len(seen) >= MAX_REQUESTS:
                print("left out:", url, file=sys.stderr)
            else:
                seen.add(url)
                waiting[pool.submit(fetch, session, url)] = url, depth

        add(base + "/site/", 0)
        while waiting:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                url, depth = waiting.pop(future)
                status, links = future.result()
                print(depth, url, status)
                found += 1
                if depth < MAX_DEPTH:
                    for link in links:
                        add(link, depth + 1)
    print(found, "pages,", again, "links led to a page seen before")
    assert (found, again) == (5, 4)


main()
