"""One gRPC call, frame by frame: h2load counts a response as good without looking at its trailers, so the rig looks once itself."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

from .failure import RigError
from .messages import GRPC_PATH

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, GOAWAY = 0, 1, 3, 4, 7
END_STREAM, END_HEADERS, ACK = 1, 4, 1
STREAM = 1
# HPACK: a literal field with a literal name, not to be indexed. Needs neither tables nor Huffman codes.
NEW_NAME = b"\x00"


def check(port: int, message: Path, user: str) -> None:
    """The answer must be headers, a message, and trailers that end the stream: an error would come as trailers only."""
    shape: list[str] = []
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(PREFACE + _frame(SETTINGS, 0, 0, b"") + _call(message.read_bytes(), user))
        for kind, flags, stream, _payload in _frames(connection):
            if kind == SETTINGS and not flags & ACK:
                connection.sendall(_frame(SETTINGS, ACK, 0, b""))
            elif kind in (RESET, GOAWAY):
                raise RigError(f"port {port} broke off a gRPC call with frame type {kind}")
            elif stream == STREAM and kind in (HEADERS, DATA):
                shape.append("headers" if kind == HEADERS else "data")
                if flags & END_STREAM:
                    break
    if shape[:1] != ["headers"] or shape[-1:] != ["headers"] or "data" not in shape:
        raise RigError(f"port {port} answered a gRPC call with {shape}, not with headers, data and trailers")


def _call(message: bytes, user: str) -> bytes:
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":authority": "127.0.0.1",
        ":path": GRPC_PATH,
        "content-type": "application/grpc",
        "te": "trailers",
        "x-user-id": user,
    }
    block = b"".join(NEW_NAME + _literal(name) + _literal(value) for name, value in fields.items())
    return _frame(HEADERS, END_HEADERS, STREAM, block) + _frame(DATA, END_STREAM, STREAM, message)


def _literal(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _frames(connection: socket.socket) -> Iterator[tuple[int, int, int, bytes]]:
    with connection.makefile("rb") as reader:
        while len(head := reader.read(9)) == 9:
            length = int.from_bytes(head[:3], "big")
            kind, flags, stream = struct.unpack(">BBI", head[3:])
            yield kind, flags, stream, reader.read(length)
