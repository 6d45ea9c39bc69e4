"""Turns what a client answers into JSON that two runs can be compared by: volatile parts out, floats rounded."""

import hashlib
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from pydantic import BaseModel

# Durations and hardware counters differ between any two runs; segment figures follow the optimiser's own timing.
VOLATILE = frozenset(
    {
        "time",
        "usage",
        "segments_count",
        "indexed_vectors_count",
        "optimizer_status",
        "update_queue",
    }
)

# Longer strings are compared by digest, which keeps a document with megabytes of payload readable.
LONG = 200


def canonical(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return canonical(value.model_dump(mode="json"))
    if isinstance(value, Message):
        return canonical(MessageToDict(value, preserving_proto_field_name=True))
    if isinstance(value, Mapping):
        return {str(key): canonical(item) for key, item in value.items() if key not in VOLATILE}
    if isinstance(value, bool) or value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return rounded(value)
    if isinstance(value, str):
        return digest(value) if len(value) > LONG else value
    if isinstance(value, Iterable):
        return ties_settled([canonical(item) for item in value])
    raise TypeError(f"cannot compare a {type(value).__name__}: teach canonical() about it")


def ties_settled(items: list[Any]) -> list[Any]:
    """Points of one score come in no order of their own: each such run is put in order of identifiers."""
    if not items or not all(isinstance(item, dict) and "score" in item and "id" in item for item in items):
        return items
    settled: list[Any] = []
    for _, run in groupby(items, key=lambda item: item["score"]):
        settled.extend(sorted(run, key=lambda item: str(item["id"])))
    return settled


def rounded(value: float) -> float:
    # Adding zero turns -0.0 into 0.0, which JSON would tell apart.
    return round(value, 6) + 0.0


def digest(text: str) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "length": len(text)}


def by_id(points: Iterable[Any]) -> list[Any]:
    """Points whose order the server leaves open."""
    return sorted((canonical(point) for point in points), key=lambda point: str(point["id"]))


def ids(points: Iterable[Any]) -> list[str]:
    """Only who is there: for answers drawn at random."""
    return sorted(str(point.id) for point in points)


def in_order(items: Iterable[Any]) -> list[Any]:
    """A list whose order the server leaves open, sorted by its own text."""
    return sorted((canonical(item) for item in items), key=repr)
