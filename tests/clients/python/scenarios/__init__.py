"""The scenarios, in the order they run: each module relies on what those before it left behind."""

from scenarios import (  # noqa: F401, I001
    service,
    collections,
    points,
    filters,
    queries,
    fusion,
    exploring,
    legacy,
    payloads,
    vectors,
    texts,
    aliases,
    indexes,
    failures,
    transport,
    snapshots,
    endings,
)
