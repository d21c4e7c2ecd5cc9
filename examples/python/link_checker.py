# Checks every link of a site, and names the page on which each broken one stands.
#
# python link_checker.py BASE_URL

import re
import sys
import threading
from collections import defaultdict
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from urllib.parse import urldefrag, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

WORKERS = 16
MAX_PER_HOST = 8
MAX_REQUESTS = 100_000


def new_session():
    retry = Retry(
        total=1,
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


# Returns the links of a page of this site, and the reason why the page is broken, or None.
def check(session, host, base, url):
    try:
        with host:
            response = session.get(url, timeout=(10, 30))
        response.raise_for_status()
    except requests.RequestException as error:
        return [], error
    # Pages of other sites are asked for, and not looked into.
    if not response.url.startswith(base):
        return [], None
    return [urljoin(response.url, href) for href in hrefs(response.text)], None


def main():
    base = sys.argv[1]
    hosts = defaultdict(lambda: threading.BoundedSemaphore(MAX_PER_HOST))
    # Each URL that was asked for, without its fragment.
    seen, waiting = set(), {}
    checked = broken = 0
    with new_session() as session, ThreadPoolExecutor(WORKERS) as pool:

        def add(url, page):
            url = urldefrag(url).url
            if url not in seen and len(seen) < MAX_REQUESTS:
                seen.add(url)
                host = hosts[urlsplit(url).netloc]
                waiting[pool.submit(check, session, host, base, url)] = url, page

        add(base + "/site/", "nowhere")
        while waiting:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                url, page = waiting.pop(future)
                links, error = future.result()
                checked += 1
                if error:
                    broken += 1
                    print(f"{url}: {error}, linked from {page}")
                for link in links:
                    add(link, url)
    print(checked, "links,", broken, "of them broken")
    assert (checked, broken) == (7, 2)


main()
