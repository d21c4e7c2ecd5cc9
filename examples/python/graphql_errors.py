# GraphQL: errors inside a response of status 200 are refusals, with their code and message.
#
# python graphql_errors.py BASE_URL

import sys
from concurrent.futures import ThreadPoolExecutor

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

WORKERS = 16
QUERY = "query($id: ID!) { user(id: $id) { name } }"


class Refused(Exception):
    pass


# GraphQL reads by POST, and reading may be repeated, so every method is tried again.
def new_session():
    retry = Retry(
        total=2,
        allowed_methods=None,
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


# Returns the data of a response. Data beside errors has holes, and is not used.
def data(response):
    response.raise_for_status()
    body = response.json()
    if body.get("errors"):
        first = body["errors"][0]
        code = first.get("extensions", {}).get("code", "unknown")
        raise Refused(f"{code} {first.get('message', '')}")
    return body["data"]


def ask(session, url, user):
    try:
        body = {"query": QUERY, "variables": {"id": user}}
        response = session.post(url, json=body, timeout=(10, 30))
        return f"user: {data(response)['user']['name']}"
    except Refused as refusal:
        return f"refused: {refusal}"
    except requests.RequestException as error:
        return f"no response: {error}"
    except (AttributeError, KeyError, TypeError) as error:
        return f"not a GraphQL response: {error!r}"


def main():
    url = sys.argv[1] + "/graphql"
    with new_session() as session, ThreadPoolExecutor(WORKERS) as pool:
        for line in pool.map(lambda user: ask(session, url, user), range(1, 4)):
            print(line)


main()
