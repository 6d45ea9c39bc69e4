"""Users of an application under an experiment: searches by the official client, clicks reported by decision token.

Run by the end-to-end test of experiments; prints what the users saw as one line of JSON. Needs the packages that
`setup.sh` installs, and nothing else.
"""

import argparse
import json
import random
import urllib.request
from collections import Counter
from urllib.parse import urlsplit

from qdrant_client import QdrantClient

BATCH = 200


class Session:
    """Puts the present user into each request, and takes the decision from its answer."""

    def __init__(self) -> None:
        self.user = ""
        self.variant = ""
        self.token: str | None = None

    def on_request(self, request) -> None:
        request.headers["x-user-id"] = self.user

    def on_response(self, response) -> None:
        # Only the treatment has somebody to step in for it; its users stay its users.
        fell_back = "x-pointsman-fallback" in response.headers
        self.variant = "treatment" if fell_back else response.headers.get("x-pointsman-variant", "")
        self.token = response.headers.get("x-pointsman-decision")


def report(url: str, values: list[dict]) -> None:
    request = urllib.request.Request(url, json.dumps(values).encode(), {"content-type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        taken = json.load(answer)
    if taken["accepted"] != len(values):
        raise SystemExit(f"only some values were taken: {taken}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rest", required=True, metavar="URL")
    parser.add_argument("--feedback", required=True, metavar="URL")
    parser.add_argument("--users", type=int, required=True)
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--clicks", type=json.loads, required=True, help="the share of clicks by variant, as JSON")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    rest, session = urlsplit(options.rest), Session()
    client = QdrantClient(
        url=f"{rest.scheme}://{rest.hostname}",
        port=rest.port,
        timeout=60,
        check_compatibility=False,
        event_hooks={"request": [session.on_request], "response": [session.on_response]},
    )
    requests, users, clicks, values = Counter(), {}, Counter(), []
    for number in range(options.requests):
        # Everybody comes once; after that some come far more often than others.
        who = number if number < options.users else int(options.users * chance.random() ** 3)
        session.user = f"user-{who}"
        hits = client.query_points("docs", query=[1.0, 0.5], limit=2, with_payload=True).points
        if not hits:
            raise SystemExit("a search found nothing")
        requests[session.variant] += 1
        if users.setdefault(session.user, session.variant) != session.variant:
            raise SystemExit(f"{session.user} was in {users[session.user]} and is in {session.variant}")
        click = int(chance.random() < options.clicks[session.variant])
        clicks[session.variant] += click
        values.append({"token": session.token, "metric": "click", "value": click})
        if len(values) == BATCH:
            report(options.feedback, values)
            values = []
    if values:
        report(options.feedback, values)
    print(json.dumps({"requests": requests, "users": Counter(users.values()), "clicks": clicks}))


if __name__ == "__main__":
    main()
