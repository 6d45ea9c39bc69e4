"""The Python client's scenarios as a program: runs them against one address and prints what came back as JSON.

Called by `compare.py`, once for the upstream and once for the proxy; can be run by hand against any Qdrant.
"""

import argparse
import json
import sys
import warnings
from functools import partial
from urllib.parse import urlsplit

import scenarios  # noqa: F401
from harness import SCENARIOS, Context, outcome
from qdrant_client import QdrantClient

# Generous: a busy machine must not turn a slow answer into a difference.
TIMEOUT_SECONDS = 120


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rest", required=True, metavar="URL", help="REST address, http://host:port")
    parser.add_argument("--grpc", required=True, metavar="URL", help="gRPC address, http://host:port")
    parser.add_argument("--protocol", required=True, choices=("rest", "grpc"))
    parser.add_argument("--prefix", required=True, help="what the names of this run's collections begin with")
    parser.add_argument("--user", help="sent as x-user-id with every request")
    parser.add_argument("--upstream-rest", metavar="URL", help="where to clean up; default: --rest. A split keeps its collections")
    parser.add_argument("--upstream-grpc", metavar="URL", help="default: --grpc")
    parser.add_argument("--via-alias", action="store_true", help="read and write through aliases")
    return parser.parse_args()


def connect(options: argparse.Namespace, headers: dict[str, str] | None = None, **more) -> QdrantClient:
    """A client of the run's protocol. Clients are the suite's own; scenarios ask for more when they need other settings."""
    rest, grpc = urlsplit(options.rest), urlsplit(options.grpc)
    if rest.hostname != grpc.hostname:
        # One client has one host for both protocols.
        sys.exit(f"suite.py: --rest and --grpc name different hosts: {rest.hostname} and {grpc.hostname}")
    every = dict(headers or {})
    if options.user is not None:
        every.setdefault("x-user-id", options.user)
    return QdrantClient(
        url=f"{rest.scheme}://{rest.hostname}",
        port=rest.port,
        grpc_port=grpc.port,
        prefer_grpc=options.protocol == "grpc",
        timeout=TIMEOUT_SECONDS,
        headers=every or None,
        **more,
    )


def clean(client: QdrantClient, prefix: str) -> None:
    """Removes what this run made, or what one that was killed left. Aliases go with their collections."""
    for collection in client.get_collections().collections:
        if collection.name.startswith(prefix):
            client.delete_collection(collection.name)


def main() -> None:
    options = arguments()
    # The client warns about what scenarios do on purpose; a compatibility warning shows in the version scenario.
    warnings.simplefilter("ignore")
    client = connect(options)
    beyond = {**vars(options), "rest": options.upstream_rest or options.rest, "grpc": options.upstream_grpc or options.grpc}
    upstream = connect(argparse.Namespace(**beyond))
    # Through an alias that is split, the collections cannot be taken away, and should not be.
    chosen = [one for one in SCENARIOS if options.protocol in one.protocols]
    if options.via_alias:
        chosen = [one for one in chosen if not one.name.startswith("endings.")]
    try:
        clean(upstream, options.prefix)
    except Exception as error:  # noqa: BLE001
        sys.exit(f"suite.py: {options.rest} and {options.grpc} do not answer over {options.protocol}: {error}")
    context = Context(client, partial(connect, options), options.protocol, options.prefix, options.via_alias)
    try:
        document = [outcome(one, context) for one in chosen]
    finally:
        clean(upstream, options.prefix)
    json.dump(document, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
