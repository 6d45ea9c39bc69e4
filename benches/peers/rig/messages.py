"""The two requests of the rig: a query of about 4 KB, as JSON and as a framed gRPC message."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

ALIAS = "docs"
REST_PATH = f"/collections/{ALIAS}/points/query"
GRPC_PATH = "/qdrant.Points/Query"
REQUEST_BYTES = 4096
LIMIT = 10


def write_rest(folder: Path) -> Path:
    """A query by vector, its numbers as short as a client prints 32-bit floats."""
    numbers = random.Random(7)
    vector: list[float] = []
    while len(_json(vector)) < REQUEST_BYTES:
        vector.append(round(numbers.uniform(-1, 1), 7))
    return _write(folder / "query.json", _json(vector))


def write_grpc(folder: Path) -> Path:
    """`QueryPoints {collection_name, query.nearest.dense, limit}` with the name first, as every client writes it."""
    numbers = random.Random(7)
    vector = [numbers.uniform(-1, 1) for _ in range(REQUEST_BYTES // 4 - 8)]
    data = _field(1, struct.pack(f"<{len(vector)}f", *vector))
    dense = _field(2, data)
    nearest = _field(1, dense)
    message = _field(1, ALIAS.encode()) + _field(3, nearest) + bytes([8 << 3, LIMIT])
    return _write(folder / "query.bin", struct.pack(">BI", 0, len(message)) + message)


def _json(vector: list[float]) -> bytes:
    return json.dumps({"query": vector, "limit": LIMIT, "with_payload": True}).encode()


def _field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
