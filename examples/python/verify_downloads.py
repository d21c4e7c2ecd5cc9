# Downloads files and compares their SHA-256 with a list, as `sha256sum` writes it. The digests are made while the bodies
# arrive, so no file is read a second time.
#
# python verify_downloads.py BASE_URL

import hashlib
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError
from urllib3 import Retry

WORKERS = 4
# The second digest is not that of the file.
LIST = """\
9ed2e31f1440ca12982b574a6329c8e0209537f30db8dea8008d7fa91699b452  files/1
0000000000000000000000000000000000000000000000000000000000000000  files/300
d5e38a430729dcae6dbbb6cba93db2146a1efd1e2ecc1d3384b05b631dcd632e  files/2000
d5e38a430729dcae6dbbb6cba93db2146a1efd1e2ecc1d3384b05b631dcd632e  missing/4"""


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


# Writes the body to a temporary file, which gets its name once it is whole. Returns the digest.
def save(session, url, path):
    part = path + ".part"
    try:
        with session.get(url, stream=True, timeout=(10, 30)) as response:
            response.raise_for_status()
            digest = hashlib.sha256()
            with open(part, "wb") as file:
                for chunk in response.iter_content(1 << 16):
                    digest.update(chunk)
                    file.write(chunk)
        os.replace(part, path)
        return digest.hexdigest()
    finally:
        if os.path.exists(part):
            os.remove(part)


# Returns the URL and the verdict.
def verify(session, base, folder, line):
    sha256, name = line.split("  ", 1)
    url, path = f"{base}/{name}", os.path.join(folder, name.replace("/", "-"))
    for attempt in range(3):
        try:
            found = save(session, url, path)
            break
        except ChunkedEncodingError as error:
            # `Retry` ends with the head of the response; a body that breaks off is tried again here.
            if attempt == 2:
                return url, str(error)
            time.sleep(0.2 * 2**attempt)
        except (requests.RequestException, OSError) as error:
            return url, str(error)
    if found == sha256:
        return url, "right"
    # A file that is not what was promised is of no use.
    os.remove(path)
    return url, f"wrong: it has {found[:16]}..."


def main():
    base = sys.argv[1]
    wrong = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        new_session() as session,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        work = lambda line: verify(session, base, folder, line)
        for url, verdict in pool.map(work, LIST.splitlines()):
            wrong += verdict != "right"
            print(f"{url}: {verdict}")
    print(wrong, "wrong or missing")


main()
