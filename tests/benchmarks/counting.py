"""Counts the queries of requests with Django's test client: `python -m tests.benchmarks.counting` in the environment of a database.

Reads {"token": …, "asks": [{an Ask's fields}]} from standard input, prints a list of numbers.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from evalhub.cli.installation import django_start
from tests.benchmarks.asking import Ask


def count(token: str, asks: Sequence[Mapping[str, Any]]) -> list[int]:
    """The queries of each request. The one before it has noted that the key is in use, which is done once a minute."""
    found = []
    for ask in asks:
        _queries(token, Ask("", "/api/v1/eval-runs?limit=1"))
        found.append(_queries(token, Ask(**ask)))
    return found


def _queries(token: str, ask: Ask) -> int:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    method, body, headers = ask.sent()
    told = {"Authorization": f"Bearer {token}", "Host": "127.0.0.1", **headers}
    with CaptureQueriesContext(connection) as captured:
        response = Client().generic(method, ask.path, body or b"", content_type="application/json", headers=told)
    assert response.status_code == ask.status, response.content[:300]
    return len(captured)


if __name__ == "__main__":
    django_start()
    print(json.dumps(count(**json.load(sys.stdin))))
